#include "twofold/ops/encoder_operator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "hadamard_kernels.hpp"
#include "twofold/core/error.hpp"
#include "twofold/linalg/gemm.hpp"
#include "twofold/ops/packed_bits.hpp"

namespace twofold::ops {
namespace {

constexpr Index kRowsPerBlock = 64;
constexpr Index kAlignment = 64;  // bytes of a cache line, and of the widest register

void require_columns(Index given, Index wanted, std::string_view what, std::string_view where) {
  if (given == wanted) return;
  throw InvalidArgument(where, fmt::format("{} must have {} columns, got {}", what, wanted, given));
}

void require_rows(Index a, Index b, std::string_view where) {
  if (a == b) return;
  throw InvalidArgument(where, fmt::format("as many rows out as in: got {} and {}", a, b));
}

void require_codes(std::size_t bytes, Index rows, Index n, std::string_view where) {
  const auto wanted = static_cast<std::size_t>(rows * code_bytes(n));
  if (bytes == wanted) return;
  throw InvalidArgument(
      where, fmt::format("{} codes of {} bits need {} bytes, got {}", rows, n, wanted, bytes));
}

/// The first `size` numbers of the scratch.
template <typename Scalar>
Scalar* reserve(VectorOf<Scalar>& scratch, Index size) {
  if (scratch.size() < size) scratch.resize(size);
  return scratch.data();
}

/// The same from a multiple of kAlignment on, which is what the kernels want.
template <typename Scalar>
Scalar* reserve_aligned(VectorOf<Scalar>& scratch, Index size) {
  Scalar* first = reserve(scratch, size);
  const auto beyond = reinterpret_cast<std::uintptr_t>(first) % kAlignment;
  return beyond == 0 ? first : first + (kAlignment - beyond) / sizeof(Scalar);
}

/// Row i; the row after it, or the last one again: what the kernels fetch ahead.
template <typename Rows>
auto* row(Rows& X, Index i) {
  return X.data() + i * X.outerStride();
}
template <typename Rows>
const void* row_after(const Rows& X, Index i) {
  return row(X, std::min(i + 1, X.rows() - 1));
}

}  // namespace

template <std::floating_point Scalar>
EncoderOperator<Scalar>::EncoderOperator(const model::Encoder& encoder)
    : dimension_(model::dimension(encoder)), code_length_(model::code_length(encoder)) {
  if (const auto* structured = std::get_if<model::HadamardEncoder>(&encoder)) {
    plan_ = std::make_shared<const HadamardPlan<Scalar>>(*structured);
    scratch_size_ = work_size(*plan_) + kAlignment / static_cast<Index>(sizeof(Scalar));
  } else {
    matrix_ = std::get<model::DenseEncoder>(encoder).matrix.template cast<Scalar>();
    scratch_size_ = 0;
  }
}

template <std::floating_point Scalar>
void EncoderOperator<Scalar>::forward(ConstView<Scalar> X, View<Scalar> Z,
                                      VectorOf<Scalar>& scratch) const {
  constexpr auto where = "ops::EncoderOperator::forward";
  require_columns(X.cols(), dimension_, "X", where);
  require_columns(Z.cols(), code_length_, "Z", where);
  require_rows(X.rows(), Z.rows(), where);
  if (!plan_) {
    gemm(Trans::No, Trans::Yes, Scalar{1}, X, matrix_, Scalar{0}, Z);
    return;
  }
  Scalar* work = reserve_aligned(scratch, scratch_size_);
  const auto& kernels = hadamard_kernels<Scalar>();
  for (Index i = 0; i < X.rows(); ++i) {
    kernels.forward(*plan_, row(X, i), row(Z, i), row_after(X, i), work);
  }
}

template <std::floating_point Scalar>
void EncoderOperator<Scalar>::backward(ConstView<Scalar> Z, View<Scalar> X,
                                       VectorOf<Scalar>& scratch) const {
  constexpr auto where = "ops::EncoderOperator::backward";
  require_columns(X.cols(), dimension_, "X", where);
  require_columns(Z.cols(), code_length_, "Z", where);
  require_rows(Z.rows(), X.rows(), where);
  if (!plan_) {
    gemm(Trans::No, Trans::No, Scalar{1}, Z, matrix_, Scalar{0}, X);
    return;
  }
  Scalar* work = reserve_aligned(scratch, scratch_size_);
  const auto& kernels = hadamard_kernels<Scalar>();
  for (Index i = 0; i < Z.rows(); ++i) {
    kernels.backward(*plan_, row(Z, i), row(X, i), row_after(Z, i), work);
  }
}

template <std::floating_point Scalar>
void EncoderOperator<Scalar>::forward_bits(ConstView<Scalar> X, std::span<std::uint8_t> codes,
                                           VectorOf<Scalar>& scratch) const {
  constexpr auto where = "ops::EncoderOperator::forward_bits";
  require_columns(X.cols(), dimension_, "X", where);
  require_codes(codes.size(), X.rows(), code_length_, where);
  const Index bytes = code_bytes(code_length_);
  if (plan_) {
    Scalar* work = reserve_aligned(scratch, scratch_size_);
    const auto& kernels = hadamard_kernels<Scalar>();
    for (Index i = 0; i < X.rows(); ++i) {
      kernels.encode(*plan_, row(X, i), codes.data() + i * bytes, row_after(X, i), work);
    }
    return;
  }
  Eigen::Map<MatrixOf<Scalar>> Z(reserve(scratch, X.rows() * code_length_), X.rows(), code_length_);
  gemm(Trans::No, Trans::Yes, Scalar{1}, X, matrix_, Scalar{0}, Z);
  for (Index i = 0; i < X.rows(); ++i) {
    pack_signs(std::span<const Scalar>(row(Z, i), static_cast<std::size_t>(code_length_)),
               codes.subspan(static_cast<std::size_t>(i * bytes), static_cast<std::size_t>(bytes)));
  }
}

template <std::floating_point Scalar>
void EncoderOperator<Scalar>::backward_bits(std::span<const std::uint8_t> codes, View<Scalar> X,
                                            VectorOf<Scalar>& scratch) const {
  constexpr auto where = "ops::EncoderOperator::backward_bits";
  require_columns(X.cols(), dimension_, "X", where);
  require_codes(codes.size(), X.rows(), code_length_, where);
  const Index bytes = code_bytes(code_length_);
  if (plan_) {
    Scalar* work = reserve_aligned(scratch, scratch_size_);
    const auto& kernels = hadamard_kernels<Scalar>();
    for (Index i = 0; i < X.rows(); ++i) {
      kernels.decode(*plan_, codes.data() + i * bytes, row(X, i), row_after(X, i), work);
    }
    return;
  }
  Eigen::Map<MatrixOf<Scalar>> Y(reserve(scratch, X.rows() * code_length_), X.rows(), code_length_);
  for (Index i = 0; i < X.rows(); ++i) {
    unpack_signs(
        codes.subspan(static_cast<std::size_t>(i * bytes), static_cast<std::size_t>(bytes)),
        std::span(row(Y, i), static_cast<std::size_t>(code_length_)));
  }
  gemm(Trans::No, Trans::No, Scalar{1}, Y, matrix_, Scalar{0}, X);
}

template <std::floating_point Scalar>
void encode(ThreadPool& pool, const EncoderOperator<Scalar>& encoder,
            std::type_identity_t<ConstView<Scalar>> X, std::span<std::uint8_t> codes) {
  require_columns(X.cols(), encoder.dimension(), "X", "ops::encode");
  require_codes(codes.size(), X.rows(), encoder.code_length(), "ops::encode");
  const Index bytes = code_bytes(encoder.code_length());
  parallel_for(pool, X.rows(), kRowsPerBlock, [&](Index begin, Index end) {
    VectorOf<Scalar> scratch;
    encoder.forward_bits(X.middleRows(begin, end - begin),
                         codes.subspan(static_cast<std::size_t>(begin * bytes),
                                       static_cast<std::size_t>((end - begin) * bytes)),
                         scratch);
  });
}

template <std::floating_point Scalar>
MatrixOf<Scalar> unpack_codes(std::span<const std::uint8_t> codes, Index n) {
  const auto bytes = static_cast<std::size_t>(code_bytes(n));
  if (n < 1 || codes.size() % bytes != 0) {
    throw InvalidArgument(
        "ops::unpack_codes",
        fmt::format("{} bytes are no whole number of codes of {} bits", codes.size(), n));
  }
  MatrixOf<Scalar> Y(static_cast<Index>(codes.size() / bytes), n);
  for (Index i = 0; i < Y.rows(); ++i) {
    unpack_signs(codes.subspan(static_cast<std::size_t>(i) * bytes, bytes),
                 std::span(Y.row(i).data(), static_cast<std::size_t>(n)));
  }
  return Y;
}

template class EncoderOperator<float>;
template class EncoderOperator<double>;
template void encode(ThreadPool&, const EncoderOperator<float>&, ConstView<float>,
                     std::span<std::uint8_t>);
template void encode(ThreadPool&, const EncoderOperator<double>&, ConstView<double>,
                     std::span<std::uint8_t>);
template MatrixOf<float> unpack_codes(std::span<const std::uint8_t>, Index);
template MatrixOf<double> unpack_codes(std::span<const std::uint8_t>, Index);

}  // namespace twofold::ops
