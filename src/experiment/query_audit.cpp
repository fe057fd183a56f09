#include "twofold/experiment/query_audit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "experiment/tangent_kernel_theory.hpp"
#include "twofold/core/error.hpp"
#include "twofold/data/formats.hpp"

namespace twofold::experiment {
namespace {

constexpr std::string_view kWhere = "experiment::audit_queries";
constexpr std::size_t kNamed = 10;
constexpr double kReproduced = 0.1, kLost = 0.7;

Matrix read_queries(const TangentSetting& setting, const std::filesystem::path& file) {
  const auto raw = data::open_file(file.string());
  std::shared_ptr<const data::Source> rows;
  try {
    rows = setting.dataset.prepare(raw);
  } catch (const InvalidArgument& e) {
    throw DataError(kWhere, fmt::format("{}: {}", file.string(), e.what()));
  }
  if (rows->dimension() != setting.dimension()) {
    throw DataError(kWhere, fmt::format("{}: rows of {} numbers, but the training samples have {}",
                                        file.string(), rows->dimension(), setting.dimension()));
  }
  Matrix Q(static_cast<Index>(rows->size()), rows->dimension());
  rows->read(0, View<double>(Q));
  return Q;
}

// Largest first, ties by row.
std::vector<Index> by_size(const Vector& weights) {
  std::vector<Index> order(static_cast<std::size_t>(weights.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::ranges::stable_sort(order, std::greater{}, [&](Index i) { return std::abs(weights[i]); });
  return order;
}

std::vector<double> numbers(const Vector& v) {
  return {v.data(), v.data() + v.size()};
}

double relative(double part, double whole) {
  return whole > 0.0 ? part / whole : 0.0;
}

std::string verdict_of(double distance, double off_span) {
  if (distance <= kReproduced) return "reproduced";
  return off_span > kLost ? "lost" : "blended";
}

// ‖x_i − f_{−i}(x_i)‖/‖x_i‖ of the training samples, in increasing order.
std::vector<double> left_out_distances(const TangentSetting& s,
                                       const theory::TangentPredictor& predictor) {
  const Vector errors = predictor.leave_one_out().rowwise().norm();
  std::vector<double> distances;
  for (Index i = 0; i < errors.size(); ++i) {
    distances.push_back(relative(errors[i], s.samples.row(i).norm()));
  }
  std::ranges::sort(distances);
  return distances;
}

Json audit_row(Index q, const Vector& x, const Vector& weights, const Vector& output,
               double off_span, double variance, const std::vector<double>& left_out) {
  Json training = Json::array();
  for (const Index i : by_size(weights)) {
    if (training.size() == kNamed || weights[i] == 0.0) break;
    training.push_back({{"row", i}, {"weight", weights[i]}});
  }
  const double distance = relative((x - output).norm(), x.norm());
  const auto worse = left_out.end() - std::ranges::lower_bound(left_out, distance);
  return {{"query", q},
          {"verdict", verdict_of(distance, off_span)},
          {"distance", distance},
          {"off_span", off_span},
          {"start_noise_sd", std::sqrt(variance)},
          {"rank", static_cast<double>(worse) / static_cast<double>(left_out.size())},
          {"training", training},
          {"weights", numbers(weights)},
          {"output", numbers(output)}};
}

Json audit_case(const Case& c, std::int64_t seed, const std::filesystem::path& file,
                ThreadPool& pool) {
  SpecDocument document = c.document.clone();
  const TangentSetting s = make_setting(read_tangent_kernel_spec(document), seed, pool);
  require(!s.spec.tied(), kWhere,
          "theory has no predictor of tied networks, as they are not lazy: set train.mode to weak, "
          "joint or decoder");
  const theory::TangentPredictor predictor(pool, s.samples, s.rates());
  const double largest = predictor.spectrum().largest();
  const double step = given_step(s.spec, largest).value_or(kSafety / largest);
  require(
      step * largest < 2.0, kWhere,
      fmt::format("the step {:.4g} is not below 2/λ_max = {:.4g}, so training has no limit: set "
                  "train.step = \"auto\", or a smaller one",
                  step, 2.0 / largest));
  const auto filter =
      theory::SpectralFilter::gradient_descent(step, static_cast<double>(s.spec.train.steps));
  const Matrix Q = read_queries(s, file);
  const Matrix weights = predictor.weights(pool, Q, filter);
  const Matrix outputs = weights * s.samples;
  const Vector off_span = predictor.off_span(Q);
  Vector variance = Vector::Zero(Q.rows());
  if (s.spec.model.init == "plain") variance = predictor.start_variance(pool, Q, filter);
  const std::vector<double> left_out = left_out_distances(s, predictor);
  Json rows = Json::array();
  for (Index q = 0; q < Q.rows(); ++q) {
    rows.push_back(audit_row(q, Q.row(q).transpose(), weights.row(q).transpose(),
                             outputs.row(q).transpose(), off_span[q], variance[q], left_out));
  }
  Json audit = Json::object();
  if (!c.label.empty()) audit["case"] = c.label;
  audit["samples"] = s.size();
  audit["queries"] = std::move(rows);
  return audit;
}

}  // namespace

Json audit_queries(const ExperimentSpec& spec, const std::filesystem::path& file,
                   RunContext context) {
  require(spec.run.system == "tangent_kernel", kWhere,
          fmt::format("queries are audited by system tangent_kernel, not {}", spec.run.system));
  Json cases = Json::array();
  for (const Case& c : spec.cases) {
    cases.push_back(audit_case(c, spec.run.seed, file, context.pool));
  }
  if (cases.size() == 1) return cases.front();
  return {{"cases", cases}};
}

std::string audit_text(const Json& audit) {
  std::string text;
  if (audit.contains("case")) text += fmt::format("case {}\n", audit["case"].get<std::string>());
  text += fmt::format("{:>6}  {:<10} {:>9} {:>9} {:>12} {:>6}  {}\n", "query", "verdict",
                      "distance", "off span", "start noise", "rank", "training rows (weight)");
  for (const Json& row : audit["queries"]) {
    text += fmt::format("{:>6}  {:<10} {:>9.4f} {:>9.4f} {:>12.4g} {:>6.2f} ",
                        row["query"].get<Index>(), row["verdict"].get<std::string>(),
                        row["distance"].get<double>(), row["off_span"].get<double>(),
                        row["start_noise_sd"].get<double>(), row["rank"].get<double>());
    for (std::size_t i = 0; i < std::min<std::size_t>(3, row["training"].size()); ++i) {
      const Json& one = row["training"][i];
      text += fmt::format(" {} ({:+.3f})", one["row"].get<Index>(), one["weight"].get<double>());
    }
    text += "\n";
  }
  return text;
}

}  // namespace twofold::experiment
