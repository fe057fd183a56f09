// The combined tangent kernel of many samples: in memory, in a file, or as an operator.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "twofold/data/npy_matrix_writer.hpp"
#include "twofold/data/source.hpp"
#include "twofold/linalg/split_product.hpp"
#include "twofold/linalg/symmetric_operator.hpp"
#include "twofold/theory/tangent_kernel.hpp"

// Scalar is float or double. Tiles of 512×512: a matrix product of unit rows, mapped while in the
// cache, written together with its mirror image. Entries with |cos θ| > 0.99 are computed again in
// double from the samples. Bitwise the same for any pool size. Products of floats may be split
// (split_product.hpp), which needs twice the memory for the unit rows.
// Accuracy per ‖x‖‖x'‖ for rates (1, 0), doubled for (1, 1): float 1e-6 (rounding of the cosine
// through acos at 0.99 dominates), double 1e-14; split 1.7 split_error(d) at worst; measured at
// d = 784, 4e-8 in the mean square and 2e-7 at most where cos θ is small, 8e-7 and 4e-6 at 0.98.
// Source: docs/theory/tangent_kernel.md#kernels.
namespace twofold::theory {

/// gram <- Km = r_W K + r_A Γ, n×n, symmetric to the bit. n² (d + 20) flops.
/// @throws InvalidArgument  if X is empty or not finite, `gram` is not n×n, a rate is invalid, or
///                          the products of doubles are to be split.
template <std::floating_point Scalar>
void tangent_gram(ThreadPool& pool, std::type_identity_t<ConstView<Scalar>> X,
                  const KernelRates& rates, View<Scalar> gram,
                  FloatProducts products = FloatProducts::Float);

/// The same bits as a .npy file of n×n numbers, in rows that fit the memory limit.
/// @param memory_limit  bytes for the unit rows and a panel of rows; X itself does not count.
/// @throws InvalidArgument  as above, or if the limit is too low (the message says what is needed).
/// @throws OutputError      if the disk lacks the space, before anything is computed, or as
///                          write_file. Nothing partial is left behind.
template <std::floating_point Scalar>
void write_tangent_gram(ThreadPool& pool, std::type_identity_t<ConstView<Scalar>> X,
                        const KernelRates& rates, const std::filesystem::path& path,
                        double memory_limit = 1e9, FloatProducts products = FloatProducts::Float);

/// The same into a file that was opened before, n×n, and is left for the caller to commit.
/// @param after_rows  called with the number of rows done; what it throws ends the writing.
template <std::floating_point Scalar>
void write_tangent_gram(ThreadPool& pool, std::type_identity_t<ConstView<Scalar>> X,
                        const KernelRates& rates, data::NpyMatrixWriter<Scalar>& writer,
                        double memory_limit, const std::function<void(Index done)>& after_rows = {},
                        FloatProducts products = FloatProducts::Float);

/// Bytes of the unit rows that the kernels below and above keep, beside the samples themselves.
template <std::floating_point Scalar>
[[nodiscard]] double unit_rows_memory(Index samples, Index dimension, FloatProducts products);

/// The lowest limit that write_tangent_gram takes, bytes.
template <std::floating_point Scalar>
[[nodiscard]] double written_gram_memory(Index samples, Index dimension, int threads,
                                         FloatProducts products = FloatProducts::Float);

/// Rows that tangent_operator computes between two calls of `between`.
inline constexpr Index kOperatorRows = 512;

/// A stored symmetric matrix as an operator; products in double. Refers to pool and matrix.
template <std::floating_point Scalar>
[[nodiscard]] SymmetricOperator matrix_operator(ThreadPool& pool, const MatrixOf<Scalar>& matrix);

/// A symmetric matrix in the rows of a source, such as a file of write_tangent_gram, read once per
/// product. @throws InvalidArgument  if the source is not square.
[[nodiscard]] SymmetricOperator source_operator(ThreadPool& pool,
                                                std::shared_ptr<const data::Source> matrix);

/// Several Km of samples X (n×d), computed anew at each product and never stored: for few products,
/// or no room. `in` has as many groups of columns as there are `rates`, each for its own kernel;
/// their cosines are computed once, and only on and below the diagonal: n² (d + ...) flops.
/// The operator refers to pool and X.
/// @param between  called before each kOperatorRows rows; what it throws ends the product.
/// @throws InvalidArgument  as tangent_gram, or if there are no rates.
template <std::floating_point Scalar>
[[nodiscard]] SymmetricOperator tangent_operator(ThreadPool& pool, const MatrixOf<Scalar>& X,
                                                 const std::vector<KernelRates>& rates,
                                                 const std::function<void()>& between = {},
                                                 FloatProducts products = FloatProducts::Float);

}  // namespace twofold::theory
