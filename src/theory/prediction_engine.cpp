#include "prediction_engine.hpp"

#include <cmath>
#include <cstdint>
#include <utility>

#include "checks.hpp"
#include "twofold/theory/mean_field_bounded.hpp"
#include "twofold/theory/mean_field_flow.hpp"
#include "twofold/theory/mean_field_matrix.hpp"
#include "twofold/theory/mean_field_norm_law.hpp"
#include "twofold/theory/mean_field_odd_slope.hpp"
#include "twofold/theory/mean_field_recursion.hpp"

namespace twofold::theory {
namespace {

constexpr auto kWhere = "theory::predict";

/// ½ Σ s_j (1 − a_j)² plus the excess ½ ψ n q of finite width.
double loss_with_excess(const Vector& spectrum, const Vector& scale, const Vector& gain,
                        double excess) {
  return theory::loss(spectrum, gain) + 0.5 * excess * scale.sum() * scale.dot(spectrum);
}

class ClosedFormEngine : public Engine {
 public:
  ClosedFormEngine(const MeanFieldProblem& problem, double odd_slope)
      : problem_(problem),
        flow_{problem.spectrum, odd_slope, problem.penalty, problem.init_scale} {}
  void advance_to(double time) override {
    scale_ = closed_form_scale(flow_, flow_time(problem_, time));
  }
  [[nodiscard]] Vector scale() const override { return scale_; }
  [[nodiscard]] Vector gain() const override { return theory::gain(scale_, flow_.odd_slope); }
  [[nodiscard]] double loss(const Vector& spectrum) const override {
    return theory::loss(spectrum, gain());
  }
  [[nodiscard]] SolveStatus status() const override { return SolveStatus::Converged; }

 private:
  MeanFieldProblem problem_;
  FlowProblem flow_;
  Vector scale_;
};

class NormConcentratedEngine : public Engine {
 public:
  NormConcentratedEngine(const MeanFieldProblem& problem, double excess)
      : problem_(problem),
        excess_(excess),
        flow_({problem.spectrum, problem.activation, problem.penalty, problem.init_scale, excess}) {
  }
  void advance_to(double time) override {
    if (status_ == SolveStatus::Converged) status_ = flow_.advance_to(flow_time(problem_, time));
  }
  [[nodiscard]] Vector scale() const override { return flow_.scale(); }
  [[nodiscard]] Vector gain() const override { return flow_.gain(); }
  [[nodiscard]] double loss(const Vector& spectrum) const override {
    return loss_with_excess(spectrum, scale(), gain(), excess_);
  }
  [[nodiscard]] SolveStatus status() const override { return status_; }

 private:
  MeanFieldProblem problem_;
  double excess_;
  NormConcentrated flow_;
  SolveStatus status_ = SolveStatus::Converged;
};

class NormLawEngine : public Engine {
 public:
  NormLawEngine(const MeanFieldProblem& problem, const Matrix& samples)
      : problem_(problem), flow_(samples, problem.activation, problem.penalty, problem.init_scale) {
    require_same_length(problem.spectrum.size(), samples.cols(), "spectrum and samples", kWhere);
  }
  void advance_to(double time) override {
    if (status_ == SolveStatus::Converged) status_ = flow_.advance_to(flow_time(problem_, time));
  }
  [[nodiscard]] Vector scale() const override { return flow_.scale(); }
  [[nodiscard]] Vector gain() const override { return flow_.gain(); }
  /// The samples fix the shape of the norm's law, `spectrum` the variances.
  [[nodiscard]] double loss(const Vector& spectrum) const override {
    const Vector by_direction = flow_.loss_by_direction();
    const Vector& own = flow_.spectrum();
    double sum = 0.0;
    for (Index j = 0; j < own.size(); ++j) {
      if (own[j] > 0.0) sum += by_direction[j] * spectrum[j] / own[j];
    }
    return sum;
  }
  [[nodiscard]] SolveStatus status() const override { return status_; }

 private:
  MeanFieldProblem problem_;
  NormLaw flow_;
  SolveStatus status_ = SolveStatus::Converged;
};

/// Counts the steps of size η up to the step nearest to a time.
class StepCounter {
 public:
  explicit StepCounter(double step) : step_(step) {}
  [[nodiscard]] std::int64_t steps_to(double time) {
    const std::int64_t target = std::llround(time / step_);
    return target - std::exchange(done_, target);
  }

 private:
  double step_;
  std::int64_t done_ = 0;
};

class RecursionEngine : public Engine {
 public:
  RecursionEngine(const MeanFieldProblem& problem, double excess)
      : excess_(excess),
        step_(problem.step),
        counter_(problem.step),
        recursion_({problem.spectrum, problem.activation, problem.penalty, problem.init_scale,
                    problem.momentum, excess}) {}
  void advance_to(double time) override { recursion_.advance(counter_.steps_to(time), step_); }
  [[nodiscard]] Vector scale() const override { return recursion_.scale(); }
  [[nodiscard]] Vector gain() const override { return recursion_.gain(); }
  [[nodiscard]] double loss(const Vector& spectrum) const override {
    return loss_with_excess(spectrum, scale(), gain(), excess_);
  }
  [[nodiscard]] SolveStatus status() const override {
    return recursion_.finite() ? SolveStatus::Converged : SolveStatus::NonFinite;
  }

 private:
  double excess_, step_;
  StepCounter counter_;
  Recursion recursion_;
};

class MatrixEngine : public Engine {
 public:
  MatrixEngine(const MeanFieldProblem& problem, double odd_slope)
      : S_(problem.spectrum.asDiagonal()),
        step_(problem.step),
        counter_(problem.step),
        recursion_(start(problem), odd_slope, problem.penalty, problem.momentum) {}
  void advance_to(double time) override {
    for (std::int64_t k = counter_.steps_to(time); k > 0; --k) recursion_.step(S_, step_);
  }
  [[nodiscard]] Vector scale() const override { return recursion_.second_moment().diagonal(); }
  [[nodiscard]] Vector gain() const override { return recursion_.gain().diagonal(); }
  [[nodiscard]] double loss(const Vector& spectrum) const override {
    return recursion_.loss(spectrum.asDiagonal());
  }
  [[nodiscard]] SolveStatus status() const override {
    return recursion_.gain().allFinite() ? SolveStatus::Converged : SolveStatus::NonFinite;
  }

 private:
  static Matrix start(const MeanFieldProblem& problem) {
    const Index d = problem.spectrum.size();
    if (problem.start.size() == 0) {
      return problem.init_scale * std::sqrt(static_cast<double>(d)) * Matrix::Identity(d, d);
    }
    require_same_length(problem.start.cols(), d, "rows of start and spectrum", kWhere);
    return problem.start;
  }

  Matrix S_;
  double step_;
  StepCounter counter_;
  MatrixRecursion recursion_;
};

void check_init(const MeanFieldProblem& problem) {
  const Index n = problem.neurons, d = problem.spectrum.size();
  require(problem.init == "iid" || problem.init == "paired" || problem.init == "balanced", kWhere,
          fmt::format("init must be iid, paired or balanced, got \"{}\"", problem.init));
  require(n >= 0, kWhere, fmt::format("neurons must be >= 0, got {}", n));
  require(problem.init != "paired" || n % 2 == 0, kWhere,
          fmt::format("paired neurons must be even in number, got {}", n));
  require(problem.init != "balanced" || n % (2 * d) == 0, kWhere,
          fmt::format("balanced neurons must be a multiple of 2d = {}, got {}", 2 * d, n));
}

}  // namespace

MeanFieldProblem checked(const MeanFieldProblem& problem) {
  MeanFieldProblem clean = problem;
  clean.spectrum = checked_spectrum(problem.spectrum, kWhere);
  require_non_negative(problem.penalty, "penalty", kWhere);
  require_positive(problem.init_scale, "init_scale", kWhere);
  require_positive(problem.step, "step", kWhere);
  require_momentum(problem.momentum, kWhere);
  check_init(problem);
  return clean;
}

std::unique_ptr<Engine> make_engine(const MeanFieldProblem& problem, Predictor predictor,
                                    double excess, const Matrix* pca_samples) {
  const OddSlope slope(problem.activation, kWhere);
  switch (predictor) {
    case Predictor::Flow:
    case Predictor::L2:
      if (slope.constant() && excess == 0.0) {
        return std::make_unique<ClosedFormEngine>(problem, *slope.constant());
      }
      return std::make_unique<NormConcentratedEngine>(problem, excess);
    case Predictor::Recursion:
      return std::make_unique<RecursionEngine>(problem, excess);
    case Predictor::L2Plus:
      require(pca_samples != nullptr, kWhere, "the L2+ predictor needs samples in the PCA basis");
      return std::make_unique<NormLawEngine>(problem, *pca_samples);
    case Predictor::Matrix:
      require(slope.constant().has_value(), kWhere,
              fmt::format("the matrix predictor needs a linear odd part, not {}",
                          model::activation_name(problem.activation)));
      return std::make_unique<MatrixEngine>(problem, *slope.constant());
  }
  throw InvalidArgument(kWhere, "unknown predictor");
}

}  // namespace twofold::theory
