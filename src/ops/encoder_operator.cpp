#include "twofold/ops/encoder_operator.hpp"

#include <fmt/format.h>

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

void require_length(std::size_t given, Index wanted, std::string_view what,
                    std::string_view where) {
  if (given == static_cast<std::size_t>(wanted)) return;
  throw InvalidArgument(where, fmt::format("{} must have length {}, got {}", what, wanted, given));
}

template <typename Scalar>
std::span<const Scalar> row_of(ConstView<Scalar> X, Index i) {
  return {X.data() + i * X.outerStride(), static_cast<std::size_t>(X.cols())};
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
    scratch_size_ = code_length_;
  }
}

/// The part of the scratch that starts at a multiple of kAlignment.
template <std::floating_point Scalar>
Scalar* EncoderOperator<Scalar>::reserve(VectorOf<Scalar>& scratch) const {
  if (scratch.size() < scratch_size_) scratch.resize(scratch_size_);
  if (!plan_) return scratch.data();
  const auto beyond = reinterpret_cast<std::uintptr_t>(scratch.data()) % kAlignment;
  return scratch.data() + (beyond == 0 ? 0 : (kAlignment - beyond) / sizeof(Scalar));
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
  Scalar* work = reserve(scratch);
  const auto& kernels = hadamard_kernels<Scalar>();
  for (Index i = 0; i < X.rows(); ++i) {
    kernels.forward(*plan_, X.row(i).data(), Z.row(i).data(), work);
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
  Scalar* work = reserve(scratch);
  const auto& kernels = hadamard_kernels<Scalar>();
  for (Index i = 0; i < Z.rows(); ++i) {
    kernels.backward(*plan_, Z.row(i).data(), X.row(i).data(), work);
  }
}

template <std::floating_point Scalar>
void EncoderOperator<Scalar>::forward_bits(std::span<const Scalar> x, std::span<std::uint8_t> code,
                                           VectorOf<Scalar>& scratch) const {
  constexpr auto where = "ops::EncoderOperator::forward_bits";
  require_length(x.size(), dimension_, "x", where);
  require_length(code.size(), code_bytes(code_length_), "code", where);
  Scalar* work = reserve(scratch);
  if (plan_) {
    hadamard_kernels<Scalar>().encode(*plan_, x.data(), code.data(), work);
    return;
  }
  const Eigen::Map<const MatrixOf<Scalar>> X(x.data(), 1, dimension_);
  Eigen::Map<MatrixOf<Scalar>> Z(work, 1, code_length_);
  gemm(Trans::No, Trans::Yes, Scalar{1}, X, matrix_, Scalar{0}, Z);
  pack_signs(std::span<const Scalar>(work, static_cast<std::size_t>(code_length_)), code);
}

template <std::floating_point Scalar>
void EncoderOperator<Scalar>::backward_bits(std::span<const std::uint8_t> code, std::span<Scalar> x,
                                            VectorOf<Scalar>& scratch) const {
  constexpr auto where = "ops::EncoderOperator::backward_bits";
  require_length(code.size(), code_bytes(code_length_), "code", where);
  require_length(x.size(), dimension_, "x", where);
  Scalar* work = reserve(scratch);
  if (plan_) {
    hadamard_kernels<Scalar>().decode(*plan_, code.data(), x.data(), work);
    return;
  }
  unpack_signs(code, std::span(work, static_cast<std::size_t>(code_length_)));
  const Eigen::Map<const MatrixOf<Scalar>> Y(work, 1, code_length_);
  Eigen::Map<MatrixOf<Scalar>> X(x.data(), 1, dimension_);
  gemm(Trans::No, Trans::No, Scalar{1}, Y, matrix_, Scalar{0}, X);
}

template <std::floating_point Scalar>
void encode(ThreadPool& pool, const EncoderOperator<Scalar>& encoder,
            std::type_identity_t<ConstView<Scalar>> X, std::span<std::uint8_t> codes) {
  const auto bytes = static_cast<std::size_t>(code_bytes(encoder.code_length()));
  const auto wanted = static_cast<std::size_t>(X.rows()) * bytes;
  if (codes.size() != wanted) {
    throw InvalidArgument("ops::encode", fmt::format("{} codes need {} bytes, got {}", X.rows(),
                                                     wanted, codes.size()));
  }
  parallel_for(pool, X.rows(), kRowsPerBlock, [&](Index begin, Index end) {
    VectorOf<Scalar> scratch;
    MatrixOf<Scalar> Z;
    if (!encoder.structured()) {
      Z.resize(end - begin, encoder.code_length());
      encoder.forward(X.middleRows(begin, end - begin), Z, scratch);
    }
    for (Index i = begin; i < end; ++i) {
      const auto code = codes.subspan(static_cast<std::size_t>(i) * bytes, bytes);
      if (encoder.structured()) {
        encoder.forward_bits(row_of<Scalar>(X, i), code, scratch);
      } else {
        pack_signs(row_of<Scalar>(Z, i - begin), code);
      }
    }
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
