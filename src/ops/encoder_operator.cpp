#include "twofold/ops/encoder_operator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "twofold/core/error.hpp"
#include "twofold/linalg/gemm.hpp"
#include "twofold/ops/packed_bits.hpp"
#include "twofold/ops/walsh_hadamard.hpp"

namespace twofold::ops {
namespace {

constexpr Index kRowsPerBlock = 64;

template <typename Scalar>
VectorOf<Scalar> signs_of(const std::vector<bool>& negative, double scale) {
  VectorOf<Scalar> signs(static_cast<Index>(negative.size()));
  for (Index i = 0; i < signs.size(); ++i) {
    signs[i] = static_cast<Scalar>(negative[static_cast<std::size_t>(i)] ? -scale : scale);
  }
  return signs;
}

void require_columns(Index given, Index wanted, std::string_view what, std::string_view where) {
  if (given == wanted) return;
  throw InvalidArgument(where, fmt::format("{} must have {} columns, got {}", what, wanted, given));
}

void require_rows(Index a, Index b, std::string_view where) {
  if (a == b) return;
  throw InvalidArgument(where, fmt::format("as many rows out as in: got {} and {}", a, b));
}

}  // namespace

template <std::floating_point Scalar>
EncoderOperator<Scalar>::EncoderOperator(const model::Encoder& encoder)
    : dimension_(model::dimension(encoder)), code_length_(model::code_length(encoder)) {
  const auto* structured = std::get_if<model::HadamardEncoder>(&encoder);
  structured_ = structured != nullptr;
  if (!structured_) {
    matrix_ = std::get<model::DenseEncoder>(encoder).matrix.template cast<Scalar>();
    return;
  }
  size_ = static_cast<Index>(structured->signs1.size());
  blocks_ = structured->blocks;
  // Two transforms bring 2^k; the cut of n > d brings √(m/d).
  const double stretch = std::max(1.0, rate());
  const double scale =
      static_cast<double>(blocks_) / static_cast<double>(size_) * std::sqrt(stretch);
  signs1_ = signs_of<Scalar>(structured->signs1, scale);
  signs2_ = signs_of<Scalar>(structured->signs2, 1.0);
  mixing1_ = structured->mixing1.template cast<Scalar>();
  mixing2_ = structured->mixing2.template cast<Scalar>();
  kept_ = structured->kept;
}

// (Q ⊗ H) or its transpose, in place: H in each block, then each position across the blocks.
template <std::floating_point Scalar>
void EncoderOperator<Scalar>::round(Scalar* work, const MatrixOf<Scalar>& mixing,
                                    bool transposed) const {
  const Index length = size_ / blocks_;
  for (Index b = 0; b < blocks_; ++b) {
    walsh_hadamard(std::span(work + b * length, static_cast<std::size_t>(length)));
  }
  if (blocks_ == 1) return;
  using Blocks = Eigen::Map<MatrixOf<Scalar>>;
  Blocks in(work, blocks_, length), out(work + size_, blocks_, length);
  if (transposed) {
    out.noalias() = mixing.transpose() * in;
  } else {
    out.noalias() = mixing * in;
  }
  in = out;
}

template <std::floating_point Scalar>
void EncoderOperator<Scalar>::forward_row(const Scalar* x, Scalar* z, Scalar* work) const {
  Eigen::Map<VectorOf<Scalar>> w(work, size_);
  if (dimension_ == size_) {
    w = Eigen::Map<const VectorOf<Scalar>>(x, size_).cwiseProduct(signs1_);
  } else {
    w.setZero();
    for (Index i = 0; i < dimension_; ++i) {
      const Index place = kept_[static_cast<std::size_t>(i)];
      work[place] = x[i] * signs1_[place];
    }
  }
  round(work, mixing1_, false);
  w.array() *= signs2_.array();
  round(work, mixing2_, false);
  if (code_length_ == size_) {
    std::copy_n(work, size_, z);
  } else {
    for (Index j = 0; j < code_length_; ++j) z[j] = work[kept_[static_cast<std::size_t>(j)]];
  }
}

template <std::floating_point Scalar>
void EncoderOperator<Scalar>::backward_row(const Scalar* z, Scalar* x, Scalar* work) const {
  Eigen::Map<VectorOf<Scalar>> w(work, size_);
  if (code_length_ == size_) {
    std::copy_n(z, size_, work);
  } else {
    w.setZero();
    for (Index j = 0; j < code_length_; ++j) work[kept_[static_cast<std::size_t>(j)]] = z[j];
  }
  round(work, mixing2_, true);
  w.array() *= signs2_.array();
  round(work, mixing1_, true);
  w.array() *= signs1_.array();
  if (dimension_ == size_) {
    std::copy_n(work, size_, x);
  } else {
    for (Index i = 0; i < dimension_; ++i) x[i] = work[kept_[static_cast<std::size_t>(i)]];
  }
}

template <std::floating_point Scalar>
void EncoderOperator<Scalar>::forward(ConstView<Scalar> X, View<Scalar> Z,
                                      VectorOf<Scalar>& scratch) const {
  constexpr auto where = "ops::EncoderOperator::forward";
  require_columns(X.cols(), dimension_, "X", where);
  require_columns(Z.cols(), code_length_, "Z", where);
  require_rows(X.rows(), Z.rows(), where);
  if (!structured_) {
    gemm(Trans::No, Trans::Yes, Scalar{1}, X, matrix_, Scalar{0}, Z);
    return;
  }
  if (scratch.size() < scratch_size()) scratch.resize(scratch_size());
  for (Index i = 0; i < X.rows(); ++i) {
    forward_row(X.row(i).data(), Z.row(i).data(), scratch.data());
  }
}

template <std::floating_point Scalar>
void EncoderOperator<Scalar>::backward(ConstView<Scalar> Z, View<Scalar> X,
                                       VectorOf<Scalar>& scratch) const {
  constexpr auto where = "ops::EncoderOperator::backward";
  require_columns(X.cols(), dimension_, "X", where);
  require_columns(Z.cols(), code_length_, "Z", where);
  require_rows(Z.rows(), X.rows(), where);
  if (!structured_) {
    gemm(Trans::No, Trans::No, Scalar{1}, Z, matrix_, Scalar{0}, X);
    return;
  }
  if (scratch.size() < scratch_size()) scratch.resize(scratch_size());
  for (Index i = 0; i < Z.rows(); ++i) {
    backward_row(Z.row(i).data(), X.row(i).data(), scratch.data());
  }
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
    MatrixOf<Scalar> Z(end - begin, encoder.code_length());
    VectorOf<Scalar> scratch;
    encoder.forward(X.middleRows(begin, end - begin), Z, scratch);
    for (Index i = begin; i < end; ++i) {
      const std::span<const Scalar> row(Z.row(i - begin).data(),
                                        static_cast<std::size_t>(Z.cols()));
      pack_signs(row, codes.subspan(static_cast<std::size_t>(i) * bytes, bytes));
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
