// The spectra behind tangent_advice: whole for few rows; with the kernel in memory for many; with
// the kernel computed anew at each product for more than that.
#pragma once

#include "twofold/estimators/tangent_advice.hpp"
#include "twofold/linalg/lanczos_quadrature.hpp"
#include "twofold/theory/tangent_kernel_trajectory.hpp"

namespace twofold::estimators {

inline constexpr double kLanczosTolerance = 1e-6;  ///< of λ_max, which is printed to four digits

/// Throws Stopped if the observer asks for it.
void check_stop(const Observer& observer);

/// What takes all eigenvalues, and these.
struct WholeMode {
  TangentModeAdvice advice;
  theory::TangentSpectrum spectrum;
};

/// `name`, `rates`, eigenvalues, step limits and steps to the target; X is n×d.
[[nodiscard]] WholeMode whole_mode(const std::string& name, const theory::KernelRates& rates,
                                   const ConstView<double>& X,
                                   const theory::TangentKernels& kernels, double target);

/// Fraction of (neuron, row) pairs that change side until the target, times √N. Twins count once.
/// `mode` is a whole_mode of the same rows.
[[nodiscard]] double flips_of(const WholeMode& mode, const ConstView<double>& X,
                              const theory::TangentKernels& kernels);

/// max_t ‖E_t − E_t^∞‖/‖E_0‖ expected until the target, times √N; empty above 300 rows.
[[nodiscard]] std::optional<double> miss_of(const WholeMode& mode, const ConstView<double>& X,
                                            ThreadPool& pool);

/// Bytes that n rows of dimension d take at most; 5 MB a thread come on top. `kept`: the spectra of
/// all modes are.
[[nodiscard]] double whole_memory(Index n, bool kept);
[[nodiscard]] double stored_memory(Index n, Index d, FloatProducts products);
[[nodiscard]] double streamed_memory(Index n, Index d, FloatProducts products);

/// The largest number of rows that streamed_modes computes the steps of.
[[nodiscard]] Index sampled_rows(Index n, Index d, const TangentAdviceOptions& options);

/// Weak and joint of rows whose kernel fits in memory, one after the other.
[[nodiscard]] std::vector<TangentModeAdvice> stored_modes(const MatrixF& X,
                                                          const TangentAdviceOptions& options,
                                                          ThreadPool& pool, Observer& observer);

/// The same of any number of rows: λ_max of all of them; steps to the target by the growth from
/// every so many rows to more of them.
[[nodiscard]] std::vector<TangentModeAdvice> streamed_modes(const MatrixF& X,
                                                            const TangentAdviceOptions& options,
                                                            ThreadPool& pool, Observer& observer);

/// Orthonormal columns d×count (fewer for small d), about the leading directions of the rows.
[[nodiscard]] Matrix leading_directions(ThreadPool& pool, const MatrixF& X, Index count,
                                        std::uint64_t seed);

/// X directions, n×(columns of directions).
[[nodiscard]] Matrix images(ThreadPool& pool, const MatrixF& X, const Matrix& directions);

/// One random unit column, so that no eigenvector is orthogonal to all starts.
[[nodiscard]] Vector random_column(Index n, std::uint64_t seed);

/// λ_max, its error, an upper bound of λ_min and the step limits, from columns begun as `seen`
/// (combinations of rows) and others.
[[nodiscard]] TangentModeAdvice mode_of_ends(const std::string& name,
                                             const theory::KernelRates& rates, const MatrixF& X,
                                             FloatProducts products, const SpectrumEnds& all,
                                             const SpectrumEnds& seen);

}  // namespace twofold::estimators
