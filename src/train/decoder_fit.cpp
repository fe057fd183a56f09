#include "decoder_fit.hpp"

#include "twofold/linalg/gemm.hpp"

namespace twofold::train {

bool DecoderFit::fit(const Matrix& gram, const Matrix& cross, double ridge, ThreadPool& pool) {
  ridged_ = gram;
  ridged_.diagonal().array() += ridge;
  factor_.compute(ridged_);
  if (factor_.info() != Eigen::Success || !cross.allFinite()) return false;
  rows_ = cross;
  factor_.solveInPlace(rows_);
  overlap_.resize(cross.rows(), cross.rows());
  multiply(pool, Trans::No, Trans::Yes, 1.0, rows_, rows_, 0.0, overlap_);
  return overlap_.allFinite();
}

}  // namespace twofold::train
