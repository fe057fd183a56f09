#include "twofold/core/fields.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace twofold {
namespace {

struct Options {
  double step = 0.1;
  std::string order = "iid";
  static constexpr std::array<std::string_view, 2> kOrders{"iid", "shuffle"};
  static constexpr auto fields() {
    return std::tuple{field("step", &Options::step, "step size", domain::positive),
                      field("order", &Options::order, "order", domain::one_of(kOrders))};
  }
};

TEST(Fields, AreVisitedInOrderAndReachTheMember) {
  Options options;
  std::vector<std::string> names;
  for_each_field<Options>([&](const auto& f) {
    names.emplace_back(f.name);
    if constexpr (std::is_same_v<std::decay_t<decltype(options.*f.member)>, double>) {
      options.*f.member = 2.0;
    }
  });
  EXPECT_EQ(names, (std::vector<std::string>{"step", "order"}));
  EXPECT_EQ(options.step, 2.0);
}

TEST(Domain, RefusesNaNEverywhere) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const Domain& d : {domain::finite, domain::positive, domain::non_negative,
                          domain::at_least_one, domain::below_one}) {
    EXPECT_FALSE(d.contains(nan)) << d.text;
  }
  EXPECT_FALSE(domain::positive.contains(0.0));
  EXPECT_TRUE(domain::non_negative.contains(0.0));
  EXPECT_FALSE(domain::below_one.contains(1.0));
}

TEST(NearestName, FindsTyposAndNothingElse) {
  constexpr std::array<std::string_view, 3> names{"penalty", "step", "batch"};
  EXPECT_EQ(nearest_name("penatly", names), "penalty");
  EXPECT_EQ(nearest_name("stpe", names), "step");
  EXPECT_EQ(nearest_name("wavelength", names), "");
}

}  // namespace
}  // namespace twofold
