// What is measured of a network on the way: one row of numbers per record.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "experiment/mean_field_case.hpp"
#include "twofold/core/parallel.hpp"
#include "twofold/model/weights.hpp"
#include "twofold/ops/workspace.hpp"

namespace twofold::experiment {

/// Measures networks of one setting; the rows gathered so far can be kept in a checkpoint.
template <typename Scalar>
class Measurement {
 public:
  Measurement(const MeanFieldSetting& setting, ThreadPool& pool);

  /// Appends the measurement of the network as it is after `step` steps.
  void take(std::int64_t step, const model::Weights<Scalar>& weights);

  /// The table of a finished run: step, losses, shape of the cloud, u_1..u_d, slopes.
  void save(const std::filesystem::path& file) const;
  void load(const std::filesystem::path& file);

  /// The rows so far as text, bit for bit, for a checkpoint; and back.
  [[nodiscard]] std::string text() const;
  void restore(const std::string& text);

  [[nodiscard]] Path path() const;

 private:
  double loss_on(const MatrixOf<Scalar>& rows, bool both_signs,
                 const model::Weights<Scalar>& weights);

  const MeanFieldSetting& setting_;
  ThreadPool& pool_;
  MatrixOf<Scalar> test_, train_, clean_;
  MatrixOf<Scalar> reconstruction_;
  Matrix test_second_moment_;
  ops::Workspace<Scalar> workspace_;
  Matrix rows_;
  Index taken_ = 0;
};

}  // namespace twofold::experiment
