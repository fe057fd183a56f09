#include "twofold/theory/mean_field_prediction.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "checks.hpp"
#include "prediction_engine.hpp"
#include "twofold/theory/mean_field_width.hpp"

namespace twofold::theory {
namespace {

constexpr auto kWhere = "theory::predict";
constexpr std::array<std::string_view, 5> kNames{"flow", "recursion", "L2", "L2+", "matrix"};

void check_times(std::span<const double> times) {
  for (std::size_t i = 0; i < times.size(); ++i) {
    require_non_negative(times[i], "time", kWhere);
    if (i == 0 || times[i] >= times[i - 1]) continue;
    throw InvalidArgument(
        kWhere, fmt::format("times must not decrease, got {} after {}", times[i], times[i - 1]));
  }
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

bool has_width_bracket(Predictor predictor) {
  return predictor == Predictor::Flow || predictor == Predictor::L2 ||
         predictor == Predictor::Recursion;
}

/// Loss along the bracket that keeps the whole even part after its constant mode has relaxed.
Vector upper_loss(const MeanFieldProblem& problem, Predictor predictor, double excess,
                  std::span<const double> times, const Vector& spectrum) {
  const auto engine = make_engine(problem, predictor, excess, nullptr);
  Vector upper(static_cast<Index>(times.size()));
  for (Index i = 0; i < upper.size(); ++i) {
    engine->advance_to(times[static_cast<std::size_t>(i)]);
    upper[i] = engine->loss(spectrum);
  }
  return upper;
}

}  // namespace

Predictor parse_predictor(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (same_ignoring_case(name, kNames[i])) return static_cast<Predictor>(i);
  }
  throw InvalidArgument("theory::parse_predictor",
                        fmt::format("unknown predictor \"{}\"; one of flow, recursion, L2, L2+, "
                                    "matrix",
                                    name));
}

std::string_view predictor_name(Predictor predictor) {
  return kNames.at(static_cast<std::size_t>(predictor));
}

Trajectory predict(const MeanFieldProblem& problem, Predictor predictor,
                   std::span<const double> times, const Matrix* pca_samples,
                   const Vector* test_spectrum) {
  const MeanFieldProblem clean = checked(problem);
  check_times(times);
  const Index d = clean.spectrum.size(), count = static_cast<Index>(times.size());
  if (test_spectrum != nullptr) {
    require_same_length(test_spectrum->size(), d, "test spectrum and spectrum", kWhere);
  }
  const auto engine = make_engine(clean, predictor, 0.0, pca_samples);
  const Vector spectrum = test_spectrum != nullptr ? *test_spectrum : clean.spectrum;

  Trajectory result;
  result.time = Eigen::Map<const Vector>(times.data(), count);
  result.loss.resize(count);
  result.gain.resize(count, d);
  result.scale.resize(count, d);
  for (Index i = 0; i < count; ++i) {
    engine->advance_to(result.time[i]);
    result.loss[i] = engine->loss(spectrum);
    result.gain.row(i) = engine->gain();
    result.scale.row(i) = engine->scale();
  }
  result.status = engine->status();
  result.loss_low = result.loss;
  result.loss_high = result.loss;
  const double excess = even_excess(clean.activation, clean.init, clean.neurons);
  if (excess > 0.0 && has_width_bracket(predictor)) {
    result.loss_high = upper_loss(clean, predictor, excess, times, spectrum);
  }
  return result;
}

}  // namespace twofold::theory
