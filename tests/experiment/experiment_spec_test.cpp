#include "twofold/experiment/experiment_spec.hpp"

#include <gtest/gtest.h>

#include "experiment/throws_with.hpp"
#include "twofold/core/error.hpp"
#include "twofold/experiment/system.hpp"

namespace twofold::experiment {
namespace {

constexpr std::string_view kSpec = R"(
system = "mean_field"
repeats = 5
[data]
spectrum = [1.0, 0.5]
[train]
penalty = 0.25
[quick]
repeats = 2
"train.penalty" = 0.125
)";

ExperimentSpec read(const std::string& text, bool quick = false) {
  SpecDocument document = SpecDocument::parse(text, "a.toml");
  lay_quick_over(document, quick);
  return read_experiment(std::move(document));
}

std::string with(std::string_view more) {
  return std::string(kSpec) + std::string(more);
}

std::string value_of(const SpecDocument& document, std::string_view key) {
  for (const auto& [name, value] : document.leaves()) {
    if (name == key) return value;
  }
  return "absent";
}

TEST(ReadExperiment, ASpecWithoutSweepIsOneCaseWithoutLabel) {
  const ExperimentSpec spec = read(with(""));
  EXPECT_EQ(spec.run.system, "mean_field");
  EXPECT_EQ(spec.run.repeats, 5);
  ASSERT_EQ(spec.cases.size(), 1u);
  EXPECT_EQ(spec.cases[0].label, "");
  EXPECT_TRUE(spec.claims.empty());
}

TEST(ReadExperiment, QuickIsLaidOverOnlyWhenAsked) {
  const ExperimentSpec full = read(with("")), quick = read(with(""), true);
  EXPECT_EQ(full.run.repeats, 5);
  EXPECT_EQ(quick.run.repeats, 2);
  EXPECT_EQ(value_of(full.cases[0].document, "train.penalty"), "0.25");
  EXPECT_EQ(value_of(quick.cases[0].document, "train.penalty"), "0.125");
}

TEST(ReadExperiment, ASweepMakesACasePerValue) {
  const ExperimentSpec spec =
      read(with("[sweep]\nkey = 'train.penalty'\nlabel = 'λ'\nvalues = [0.5, 0.75]\n"));
  ASSERT_EQ(spec.cases.size(), 2u);
  EXPECT_EQ(spec.axis, "λ");
  EXPECT_EQ(spec.cases[1].label, "0.75");
  EXPECT_EQ(spec.cases[1].value, 0.75);
  EXPECT_EQ(value_of(spec.cases[0].document, "train.penalty"), "0.5");
  EXPECT_EQ(value_of(spec.cases[1].document, "train.penalty"), "0.75");
  EXPECT_EQ(value_of(spec.base, "train.penalty"), "0.25");
}

TEST(ReadExperiment, CasesLayTheirOverridesOverTheSpec) {
  const ExperimentSpec spec =
      read(with("[[case]]\nlabel = 'tied'\nset = ['train.penalty=0.5', 'model.init=paired']\n"
                "[[case]]\nlabel = 'plain'\n"));
  ASSERT_EQ(spec.cases.size(), 2u);
  EXPECT_EQ(value_of(spec.cases[0].document, "model.init"), "'paired'");
  EXPECT_EQ(value_of(spec.cases[1].document, "model.init"), "absent");
  EXPECT_EQ(value_of(spec.cases[1].document, "train.penalty"), "0.25");
}

TEST(ReadExperiment, RefusesWhatCannotBeJudged) {
  const std::string sweep = "[sweep]\nkey = 'train.penalty'\nvalues = [1]\n";
  expect_throw<InvalidArgument>([&] { read(with(sweep + "[[case]]\nlabel = 'a'\n")); },
                                {"either [sweep] or [[case]]"});
  expect_throw<InvalidArgument>([&] { read(with("[sweep]\nkey = 'train.penalty'\n")); },
                                {"no values"});
  expect_throw<InvalidArgument>([&] { read(with("[[claim]]\nquantity = 'loss'\n")); },
                                {"'loss'", "no reason"});
  expect_throw<InvalidArgument>(
      [&] { read(with("[[claim]]\nquantity = 'loss'\nreason = 'r'\ncases = ['b']\n")); },
      {"no case labelled 'b'"});
  expect_throw<InvalidArgument>([&] { read(with("[[claim]]\nquantaty = 'loss'\n")); },
                                {"quantaty", "did you mean 'quantity'?"});
  expect_throw<InvalidArgument>([&] { read(with("[[figure]]\nkind = 'gain'\ncases = ['b']\n")); },
                                {"no case labelled 'b'"});
}

TEST(ResolvedSpec, IsASpecThatResolvesToItself) {
  const std::string more =
      "[[claim]]\nquantity = 'loss'\ntolerance = 0.1\nreason = 'r'\n"
      "[[figure]]\nkind = 'gain'\n";
  for (const char* cases : {"", "[sweep]\nkey = 'train.penalty'\nlabel = 'λ'\nvalues = [0.5, 1]\n",
                            "[[case]]\nlabel = 'a'\nset = ['model.init=paired']\n"}) {
    const std::string once = resolved_spec(read(with(cases + more)));
    const std::string twice = resolved_spec(read(once));
    EXPECT_EQ(once, twice);
    EXPECT_EQ(once.find("[quick]"), std::string::npos);
  }
}

TEST(System, UnknownNamesGetTheNearestOne) {
  expect_throw<InvalidArgument>([] { (void)find_system("mean-field"); },
                                {"mean-field", "did you mean 'mean_field'?"});
  EXPECT_EQ(find_system("mean_field").name, "mean_field");
}

TEST(SystemCheck, LooksAtEveryCaseClaimAndFigure) {
  const auto check = [](const std::string& more) {
    const ExperimentSpec spec = read(with(more));
    find_system("mean_field").check(spec);
  };
  EXPECT_NO_THROW(check(""));
  EXPECT_NO_THROW(check("[[claim]]\nquantity = 'minimum:loss'\nreason = 'r'\n"));
  EXPECT_NO_THROW(check("[[figure]]\nkind = 'sweep:end_loss'\nx_scale = 'log'\n"));
  expect_throw<InvalidArgument>(
      [&] { check("[[case]]\nlabel = 'a'\n[[case]]\nlabel = 'b'\nset = ['train.stp=1']\n"); },
      {"train.stp", "train.step"});
  expect_throw<InvalidArgument>([&] { check("[[claim]]\nquantity = 'lost'\nreason = 'r'\n"); },
                                {"'lost'", "'loss'"});
  expect_throw<InvalidArgument>(
      [&] { check("[[claim]]\nquantity = 'least:loss'\nreason = 'r'\n"); },
      {"least:loss", "minimum or exponent"});
  expect_throw<InvalidArgument>([&] { check("[[figure]]\nkind = 'gaim'\n"); }, {"'gaim'", "gain"});
  expect_throw<InvalidArgument>([&] { check("[[figure]]\nkind = 'gain'\ny_scale = 'sqrt'\n"); },
                                {"'sqrt'", "linear or log"});
}

}  // namespace
}  // namespace twofold::experiment
