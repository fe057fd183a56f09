// The spectra behind tangent_advice: all of them for few rows, their ends and a quadrature for
// many.
#pragma once

#include "twofold/estimators/tangent_advice.hpp"
#include "twofold/theory/tangent_kernel_trajectory.hpp"

namespace twofold::estimators {

/// Throws Stopped if the observer asks for it.
void check_stop(const Observer& observer);

/// `name`, `rates`, eigenvalues, step limits and steps to the target; X is n×d.
[[nodiscard]] TangentModeAdvice whole_mode(const std::string& name,
                                           const theory::KernelRates& rates,
                                           const ConstView<double>& X,
                                           const theory::TangentKernels& kernels, double target);

/// options.products, or the choice if that is 0.
[[nodiscard]] int many_products(const TangentAdviceOptions& options);

/// Bytes that the kernel of n rows in floats and the vectors of Lanczos take in memory.
[[nodiscard]] double memory_of_many(Index n, Index d, int products);

/// The same for `rates` weak and joint of many rows; X is given up to save memory.
[[nodiscard]] std::vector<TangentModeAdvice> modes_of_many(const MatrixF& X,
                                                           const TangentAdviceOptions& options,
                                                           ThreadPool& pool, Observer& observer);

}  // namespace twofold::estimators
