#include <algorithm>
#include <optional>

#include "denoiser_method.hpp"

namespace twofold::decode {
namespace {

// The range of ScalarPrior::channel.
constexpr double kLeastNoise = 1e-12, kMostNoise = 1e12;

class ExactDenoiser final : public DenoiserMethod {
 public:
  ExactDenoiser(data::ScalarPrior prior, Vector deviations)
      : DenoiserMethod(std::move(deviations)), prior_(std::move(prior)) {}

  double apply(std::span<const float> r, double gain, double tau, std::span<float> x,
               DenoiserScratch&) const override {
    return all(r, gain, tau, x);
  }
  double apply(std::span<const double> r, double gain, double tau, std::span<double> x,
               DenoiserScratch&) const override {
    return all(r, gain, tau, x);
  }

 private:
  template <typename Scalar>
  double all(std::span<const Scalar> r, double gain, double tau, std::span<Scalar> x) const {
    double variance = 0.0, last = -1.0;
    std::optional<data::ScalarChannel> channel;
    for (std::size_t j = 0; j < r.size(); ++j) {
      const double s = deviations().size() == 0 ? 1.0 : deviations()[static_cast<Index>(j)];
      if (s == 0.0) {
        x[j] = Scalar{0};
        continue;
      }
      if (s != last) {
        channel = prior_.channel(std::clamp(tau / (s * s), kLeastNoise, kMostNoise));
        last = s;
      }
      const auto posterior = channel->posterior(gain * static_cast<double>(r[j]) / s);
      x[j] = static_cast<Scalar>(s * posterior.mean);
      variance += s * s * posterior.variance;
    }
    return variance / static_cast<double>(r.size());
  }

  data::ScalarPrior prior_;
};

}  // namespace

std::shared_ptr<const DenoiserMethod> exact_method(data::ScalarPrior prior, Vector deviations) {
  return std::make_shared<ExactDenoiser>(std::move(prior), std::move(deviations));
}

}  // namespace twofold::decode
