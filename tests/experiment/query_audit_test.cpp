#include "twofold/experiment/query_audit.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "experiment/throws_with.hpp"
#include "support/temporary_folder.hpp"
#include "twofold/core/error.hpp"
#include "twofold/data/npy.hpp"

namespace twofold::experiment {
namespace {

class QueryAudit : public testing::Test {
 protected:
  std::string save(const std::string& name, const Matrix& rows) {
    data::write_npy(folder_.path() / name, ConstView<double>(rows));
    return (folder_.path() / name).string();
  }

  // The one training sample (1, 0, 0), antisymmetric start, encoder trained to the end.
  Json audit(const Matrix& queries, const std::string& rest = "[train]\nmode = 'weak'\n",
             const std::string& transforms = "[]") {
    Matrix sample(1, 3);
    sample << 1.0, 0.0, 0.0;
    return audit_of("[data]\nsource = 'npy'\npath = '" + save("x.npy", sample) +
                        "'\nsplit = [1, 0]\nsamples = 1\ntransforms = " + transforms +
                        "\n[model]\ninit = 'antisymmetric'\n" + rest,
                    queries);
  }
  Json audit_of(const std::string& toml, const Matrix& queries) {
    ThreadPool pool(1);
    const ExperimentSpec spec =
        read_experiment(SpecDocument::parse("system = 'tangent_kernel'\n" + toml, "a.toml"));
    return audit_queries(spec, save("q.npy", queries), {pool});
  }

 private:
  TemporaryFolder folder_;
};

TEST_F(QueryAudit, OneSampleAnswersWithItselfScaledByTheAngle) {
  Matrix queries(3, 3);
  queries << 2.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0;
  const Json rows = audit(queries)["queries"];
  ASSERT_EQ(rows.size(), 3u);
  // f(x) = ‖x‖ cos θ (π − θ)/π x_1: θ = 0, π/4, π/2; rounding.
  EXPECT_NEAR(rows[0]["weights"][0].get<double>(), 2.0, 1e-12);
  EXPECT_NEAR(rows[1]["weights"][0].get<double>(), 0.75, 1e-12);
  EXPECT_NEAR(rows[2]["weights"][0].get<double>(), 0.0, 1e-12);
  EXPECT_EQ(rows[0]["verdict"], "reproduced");
  EXPECT_EQ(rows[2]["verdict"], "lost");
  EXPECT_NEAR(rows[1]["off_span"].get<double>(), std::sqrt(0.5), 1e-12);
  EXPECT_NEAR(rows[1]["output"][0].get<double>(), 0.75, 1e-12);
  EXPECT_EQ(rows[1]["start_noise_sd"], 0.0);
  EXPECT_EQ(rows[1]["training"][0]["row"], 0);
}

// At θ = π/6 the answer is (√3/2)(5/6) x_1 = 0.72 x_1: not the query, whose half is off the span.
TEST_F(QueryAudit, WhatIsMostlyInTheSpanIsBlended) {
  Matrix query(1, 3);
  query << std::cos(std::numbers::pi / 6), 0.5, 0.0;
  const Json row = audit(query)["queries"][0];
  EXPECT_EQ(row["verdict"], "blended");
  EXPECT_NEAR(row["off_span"].get<double>(), 0.5, 1e-12);  // rounding
}

TEST_F(QueryAudit, NothingIsAnsweredWithNothing) {
  const Json row = audit(Matrix::Zero(1, 3))["queries"][0];
  EXPECT_EQ(row["verdict"], "reproduced");
  EXPECT_EQ(row["distance"], 0.0);
  EXPECT_TRUE(row["training"].empty());  // no weight is above 0
  EXPECT_EQ(row["weights"], Json{0.0});
}

TEST_F(QueryAudit, TransformsAreAppliedToTheQueries) {
  Matrix query(1, 3);
  query << 5.0, 0.0, 0.0;
  const Json row = audit(query, "[train]\nmode = 'weak'\n", "['unit_norm']")["queries"][0];
  EXPECT_NEAR(row["weights"][0].get<double>(), 1.0, 1e-12);
}

TEST_F(QueryAudit, PlainStartsAddNoise) {
  Matrix queries(1, 3);
  queries << 0.0, 1.0, 0.0;
  const std::string toml = "[data]\ndimension = 3\nsamples = 1\n[train]\nmode = 'weak'\n";
  const double sd = audit_of(toml, queries)["queries"][0]["start_noise_sd"].get<double>();
  EXPECT_GT(sd, 0.0);
  // At most the variance 1/2d per coordinate that the start has, doubled by fitting one sample.
  EXPECT_LT(sd, std::sqrt(1.0 / 3.0));
}

TEST_F(QueryAudit, WritesATableForPeople) {
  Matrix query(1, 3);
  query << 1.0, 1.0, 0.0;
  const std::string text = audit_text(audit(query));
  EXPECT_NE(text.find("lost"), std::string::npos) << text;
  EXPECT_NE(text.find("0 (+0.750)"), std::string::npos) << text;
}

TEST_F(QueryAudit, RefusesOtherSystemsTiedNetworksAndOtherLengths) {
  const Matrix query = Matrix::Ones(1, 3);
  expect_throw<InvalidArgument>([&] { (void)audit(query, "[train]\nstep_ratio = 2.5\n"); },
                                {"2/λ_max"});
  expect_throw<InvalidArgument>(
      [&] {
        (void)audit_of("[data]\ndimension = 3\nsamples = 2\n[train]\nmode = 'tied'\n", query);
      },
      {"tied"});
  expect_throw<DataError>([&] { (void)audit(Matrix::Ones(1, 4)); }, {"q.npy", "4 numbers", "3"});
  ThreadPool pool(1);
  const ExperimentSpec other = read_experiment(SpecDocument::parse("system = 'one_bit'\n", "a"));
  expect_throw<InvalidArgument>([&] { (void)audit_queries(other, "q.npy", {pool}); }, {"one_bit"});
}

}  // namespace
}  // namespace twofold::experiment
