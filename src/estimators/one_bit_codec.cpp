#include "twofold/estimators/one_bit_codec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "half.hpp"
#include "one_bit_pipeline.hpp"
#include "twofold/core/error.hpp"
#include "twofold/decode/gvamp.hpp"
#include "twofold/model/encoder.hpp"
#include "twofold/ops/encoder_operator.hpp"
#include "twofold/ops/packed_bits.hpp"

namespace twofold::estimators {
namespace {

constexpr Index kRowsPerBlock = 64;
constexpr Index kNormBytes = 2;
constexpr double kFewEffective = 100.0;

void check(const OneBitCodecParameters& p) {
  constexpr auto where = "estimators::OneBitCodec";
  const Index d = p.dimension();
  require(d >= 1 && p.variances.size() == d && p.energies.size() == d, where,
          fmt::format("mean, variances and energies have lengths {}, {}, {}; they must agree", d,
                      p.variances.size(), p.energies.size()));
  require(p.code_length >= 1, where, fmt::format("code_length is {}", p.code_length));
  require(p.layers >= 1 && p.layers <= 100, where,
          fmt::format("layers must be in [1, 100], got {}", p.layers));
  require(p.mean.allFinite(), where, "the mean is not finite");
  for (Index i = 0; i < d; ++i) {
    const bool fine = p.variances[i] >= 0.0 && p.energies[i] >= 0.0 &&
                      std::isfinite(p.variances[i]) && std::isfinite(p.energies[i]) &&
                      (p.energies[i] == 0.0 || p.variances[i] > 0.0);
    require(fine, where,
            fmt::format("coordinate {} has variance {} and energy {}", i, p.variances[i],
                        p.energies[i]));
  }
  const Index k = p.used();
  require(k >= 1 && std::abs(p.energies.sum() / static_cast<double>(k) - 1.0) <= 1e-9, where,
          "the energies must have mean 1");
  require(p.image.empty() || p.image.size() == d, where, "the image does not have d pixels");
  require(p.transform != TransformKind::Principal ||
              (p.directions.cols() == d && p.directions.rows() == k &&
               (p.energies.head(k).array() > 0.0).all()),
          where, "the directions must be those of the energies > 0, which come first");
  require(p.mean_norm > 0.0 && std::isfinite(p.mean_norm) && p.norm_variance >= 0.0, where,
          fmt::format("the mean norm is {}, its variance {}", p.mean_norm, p.norm_variance));
}

void add_mean(const Vector& mean, double norm, const float* u, float* x) {
  constexpr double most = std::numeric_limits<float>::max();
  for (Index j = 0; j < mean.size(); ++j) {
    x[j] = static_cast<float>(std::clamp(mean[j] + norm * static_cast<double>(u[j]), -most, most));
  }
}

// In eight lanes, so that it vectorises, always the same ones.
double sum_of_squares(const float* w, Index count) {
  constexpr Index lanes = 8;
  double sums[lanes] = {};
  Index i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (Index j = 0; j < lanes; ++j) {
      const auto x = static_cast<double>(w[i + j]);
      sums[j] += x * x;
    }
  }
  for (; i < count; ++i) sums[i % lanes] += static_cast<double>(w[i]) * static_cast<double>(w[i]);
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

}  // namespace

Vector OneBitCodecParameters::used_energies() const {
  Vector list(used());
  Index place = 0;
  for (Index i = 0; i < energies.size(); ++i) {
    if (energies[i] > 0.0) list[place++] = energies[i];
  }
  return list;
}

double OneBitCodecParameters::used_rate() const noexcept {
  return static_cast<double>(code_length) / static_cast<double>(used());
}

OrthonormalTransform make_transform(const OneBitCodecParameters& p) {
  switch (p.transform) {
    case TransformKind::None:
      break;
    case TransformKind::Cosine:
      return p.image.empty() ? OrthonormalTransform::cosine(p.dimension())
                             : OrthonormalTransform::cosine(p.image);
    case TransformKind::Principal:
      return OrthonormalTransform::directions(p.directions);
  }
  return OrthonormalTransform::identity(p.dimension());
}

Scaling make_scaling(const OneBitCodecParameters& p) {
  Scaling scaling{{}, VectorF(p.used())};
  for (Index i = 0; i < p.energies.size(); ++i) {
    if (p.energies[i] == 0.0) continue;
    scaling.gains[static_cast<Index>(scaling.places.size())] =
        static_cast<float>(std::sqrt(p.energies[i] / p.variances[i]));
    scaling.places.push_back(i);
  }
  return scaling;
}

double direction(const Scaling& scaling, const float* t, float* w) {
  const Index k = scaling.gains.size();
  const float* const gains = scaling.gains.data();
  if (scaling.leading()) {
    for (Index i = 0; i < k; ++i) w[i] = gains[i] * t[i];
  } else {
    for (Index i = 0; i < k; ++i) w[i] = gains[i] * t[scaling.places[static_cast<std::size_t>(i)]];
  }
  const double norm = std::sqrt(sum_of_squares(w, k) / static_cast<double>(k));
  if (norm == 0.0) return 0.0;
  const double factor = 1.0 / norm;
  for (Index i = 0; i < k; ++i) w[i] = static_cast<float>(static_cast<double>(w[i]) * factor);
  return norm;
}

struct OneBitCodec::State {
  explicit State(OneBitCodecParameters p)
      : parameters(std::move(p)),
        transform(make_transform(parameters)),
        scaling(make_scaling(parameters)),
        encoder(
            model::hadamard_encoder(parameters.used(), parameters.code_length, parameters.seed)),
        denoiser(
            decode::Denoiser::tabulated(parameters.prior, parameters.used_energies().cwiseSqrt())) {
    // The energy of an estimate fluctuates more where few coordinates carry it.
    const double effective =
        parameters.energies.sum() * parameters.energies.sum() / parameters.energies.squaredNorm();
    if (effective < kFewEffective) norm_tolerance = 0.3;
  }

  [[nodiscard]] Index code_bytes() const { return ops::code_bytes(parameters.code_length); }
  [[nodiscard]] Index record_bytes() const {
    return code_bytes() + (parameters.norm_stored ? kNormBytes : 0);
  }

  template <typename Scalar>
  std::uint64_t encode(ThreadPool& pool, const ConstView<Scalar>& X,
                       std::span<std::uint8_t> records) const;
  template <typename Scalar>
  Index encode_block(ThreadPool& pool, const ConstView<Scalar>& X, std::uint8_t* records,
                     std::uint64_t& cut) const;
  Index decode_block(ThreadPool& pool, const std::uint8_t* records, View<float> X,
                     Reconstruction output) const;
  double read_norm(const std::uint8_t* record) const;

  OneBitCodecParameters parameters;
  double norm_tolerance = 0.1;  // of decode::GvampOptions
  OrthonormalTransform transform;
  Scaling scaling;
  ops::EncoderOperator<float> encoder;
  decode::Denoiser denoiser;
};

// The first row that is not finite, or rows().
template <typename Scalar>
Index OneBitCodec::State::encode_block(ThreadPool& pool, const ConstView<Scalar>& X,
                                       std::uint8_t* records, std::uint64_t& cut) const {
  const Index rows = X.rows();
  MatrixF U(rows, X.cols()), T(rows, transform.output()), W(rows, scaling.gains.size());
  std::vector<int> exponents(static_cast<std::size_t>(rows));
  const Index bad = center_rows<Scalar>(X, parameters.mean, U, exponents);
  if (bad < rows) return bad;
  transform.forward(U, T);
  for (Index i = 0; i < rows; ++i) {
    const double norm = std::ldexp(direction(scaling, T.row(i).data(), W.row(i).data()),
                                   exponents[static_cast<std::size_t>(i)]);
    if (!parameters.norm_stored) continue;
    cut += norm > kLargestHalf ? 1u : 0u;
    const std::uint16_t half = to_half(std::min(norm, kLargestHalf));
    std::uint8_t* const place = records + i * record_bytes() + code_bytes();
    place[0] = static_cast<std::uint8_t>(half & 0xff);
    place[1] = static_cast<std::uint8_t>(half >> 8);
  }
  std::vector<std::uint8_t> codes(static_cast<std::size_t>(rows * code_bytes()));
  ops::encode<float>(pool, encoder, W, codes);
  for (Index i = 0; i < rows; ++i) {
    std::copy_n(codes.data() + i * code_bytes(), code_bytes(), records + i * record_bytes());
  }
  return rows;
}

template <typename Scalar>
std::uint64_t OneBitCodec::State::encode(ThreadPool& pool, const ConstView<Scalar>& X,
                                         std::span<std::uint8_t> records) const {
  constexpr auto where = "estimators::OneBitCodec::encode";
  require(X.cols() == parameters.dimension(), where,
          fmt::format("the codec is for vectors of dimension {}, got {}", parameters.dimension(),
                      X.cols()));
  require(records.size() == static_cast<std::size_t>(X.rows() * record_bytes()), where,
          fmt::format("{} records need {} bytes, got {}", X.rows(), X.rows() * record_bytes(),
                      records.size()));
  return parallel_sum<std::uint64_t>(pool, X.rows(), kRowsPerBlock, [&](Index begin, Index end) {
    std::uint64_t cut = 0;
    const Index bad = encode_block<Scalar>(pool, X.middleRows(begin, end - begin),
                                           records.data() + begin * record_bytes(), cut);
    if (bad < end - begin) {
      throw DataError(where, fmt::format("row {} (counted from 0) holds a NaN or an infinity; "
                                         "remove the row or replace the value",
                                         begin + bad));
    }
    return cut;
  });
}

// Negative if the record cannot come from encode.
double OneBitCodec::State::read_norm(const std::uint8_t* record) const {
  const Index unused = 8 * code_bytes() - parameters.code_length;
  const auto mask = static_cast<unsigned>(0xff00 >> unused) & 0xffU;
  if ((record[code_bytes() - 1] & mask) != 0) return -1.0;
  if (!parameters.norm_stored) return parameters.mean_norm;
  const std::uint8_t* const place = record + code_bytes();
  const auto half = static_cast<std::uint16_t>(place[0] | (place[1] << 8));
  const double norm = from_half(half);
  return std::isfinite(norm) && (half >> 15) == 0 ? norm : -1.0;
}

// The first record that cannot be decoded, or rows().
Index OneBitCodec::State::decode_block(ThreadPool& pool, const std::uint8_t* records, View<float> X,
                                       Reconstruction output) const {
  const Index rows = X.rows();
  std::vector<std::uint8_t> codes(static_cast<std::size_t>(rows * code_bytes()));
  std::vector<double> norms(static_cast<std::size_t>(rows));
  for (Index i = 0; i < rows; ++i) {
    const std::uint8_t* const record = records + i * record_bytes();
    norms[static_cast<std::size_t>(i)] = read_norm(record);
    if (norms[static_cast<std::size_t>(i)] < 0.0) return i;
    std::copy_n(record, code_bytes(), codes.data() + i * code_bytes());
  }
  const bool unbiased = output == Reconstruction::Unbiased;
  const auto decoded = decode::gvamp_packed<float>(
      pool, encoder, denoiser, codes,
      {.layers = parameters.layers, .norm_tolerance = norm_tolerance, .keep_unbiased = unbiased});
  const MatrixF& W = unbiased ? decoded.unbiased : decoded.estimate;
  MatrixF T = MatrixF::Zero(rows, transform.output()), U(rows, X.cols());
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < W.cols(); ++j) {
      T(i, scaling.places[static_cast<std::size_t>(j)]) = W(i, j) / scaling.gains[j];
    }
  }
  transform.backward(T, U);
  for (Index i = 0; i < rows; ++i) {
    add_mean(parameters.mean, norms[static_cast<std::size_t>(i)], U.row(i).data(),
             X.data() + i * X.outerStride());
  }
  return rows;
}

OneBitCodec::OneBitCodec(OneBitCodecParameters parameters) {
  check(parameters);
  state_ = std::make_shared<const State>(std::move(parameters));
}

const OneBitCodecParameters& OneBitCodec::parameters() const noexcept {
  return state_->parameters;
}

Index OneBitCodec::record_bytes() const noexcept {
  return state_->record_bytes();
}

OneBitCodec OneBitCodec::with_layers(int layers) const {
  OneBitCodecParameters changed = parameters();
  changed.layers = layers;
  return OneBitCodec(std::move(changed));
}

std::uint64_t OneBitCodec::encode(ThreadPool& pool, const ConstView<float>& X,
                                  std::span<std::uint8_t> records) const {
  return state_->encode<float>(pool, X, records);
}

std::uint64_t OneBitCodec::encode(ThreadPool& pool, const ConstView<double>& X,
                                  std::span<std::uint8_t> records) const {
  return state_->encode<double>(pool, X, records);
}

void OneBitCodec::decode(ThreadPool& pool, std::span<const std::uint8_t> records, View<float> X,
                         Reconstruction output) const {
  constexpr auto where = "estimators::OneBitCodec::decode";
  require(X.cols() == dimension() &&
              records.size() == static_cast<std::size_t>(X.rows() * record_bytes()),
          where,
          fmt::format("{} bytes of records of {} bytes do not fit {} rows of dimension {}",
                      records.size(), record_bytes(), X.rows(), X.cols()));
  parallel_for(pool, X.rows(), kRowsPerBlock, [&](Index begin, Index end) {
    const Index bad = state_->decode_block(pool, records.data() + begin * record_bytes(),
                                           View<float>(X.middleRows(begin, end - begin)), output);
    if (bad < end - begin) {
      throw DataError(where,
                      fmt::format("record {} (counted from 0) is not one that encode writes; "
                                  "the codes are damaged, encode again",
                                  begin + bad));
    }
  });
}

}  // namespace twofold::estimators
