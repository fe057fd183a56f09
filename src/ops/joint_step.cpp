#include "twofold/ops/joint_step.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "block_products.hpp"
#include "lane_sum.hpp"
#include "twofold/core/error.hpp"

namespace twofold::ops {
namespace {

constexpr Index kStrips = 16;  // of consecutive blocks of neurons: the unit of parallel work
constexpr Index kRows = 16;    // samples per block where the strips are added up
constexpr Index kMaxChunk = 1024;

// Below this many flops a pass takes less time than waking the threads does.
constexpr double kSerialFlops = 4e6;

// Samples whose sums fit into about 2^24 scalars; the last chunk is hardly shorter.
Index chunk_size(Index samples, Index d) {
  const Index most = std::clamp<Index>((Index{1} << 24) / (kStrips * d), 64, kMaxChunk);
  return num_blocks(samples, num_blocks(samples, most));
}

// Samples [begin, begin + size) as right factors of products.
template <typename Scalar>
struct Chunk {
  Index begin, size;
  PanelLayout by_sample, by_coordinate;  // inner = samples, inner = coordinates
  VectorOf<Scalar> X, Xt, E, Et;         // X and E of the chunk, and transposed

  Chunk(Index first, Index samples, Index d, const BlockProducts<Scalar>& products)
      : begin(first),
        size(samples),
        by_sample{products.panel, products.lanes, samples, d},
        by_coordinate{products.panel, products.lanes, d, samples} {
    X = E = VectorOf<Scalar>::Zero(by_sample.size());
    Xt = Et = VectorOf<Scalar>::Zero(by_coordinate.size());
  }

  // Rows [first, last) of the chunk's part of M into both layouts.
  void pack(const MatrixOf<Scalar>& M, Index first, Index last, VectorOf<Scalar>& rows,
            VectorOf<Scalar>& columns) const {
    for (Index s = first; s < last; ++s) {
      const Scalar* m = M.row(begin + s).data();
      for (Index j = 0; j < M.cols(); j += by_sample.width(j)) {
        const Index width = std::min(by_sample.width(j), M.cols() - j);
        std::copy_n(m + j, width, rows.data() + by_sample.place(s, j));
      }
      Scalar* column = columns.data() + by_coordinate.place(0, s);
      const Index stride = by_coordinate.place(1, s) - by_coordinate.place(0, s);
      for (Index j = 0; j < M.cols(); ++j) column[j * stride] = m[j];
    }
  }
};

// Rows [begin, begin + size) of the neurons.
struct Neurons {
  Index begin, size;
};

}  // namespace

template <std::floating_point Scalar>
struct JointStep<Scalar>::State {
  const BlockProducts<Scalar>& products;
  TrainedFactors trained;
  Index samples, d, neurons, blocks, strips, chunk;
  MatrixOf<Scalar> X, E;
  std::vector<Chunk<Scalar>> chunks;
  VectorOf<Scalar> codes;  // H of chunk c from c.begin * N on: N×c.size
  VectorOf<Scalar> sums;   // chunk×d a strip: Σ h_r a_r
  VectorOf<Scalar> back;   // block×chunk a strip: (A Eᵀ)∘1(H > 0)
  VectorOf<Scalar> last;   // block×d a strip: tied weights before the update
  Vector squares;          // ‖e_s‖²

  State(ConstView<Scalar> data, Index rows, TrainedFactors which)
      : products(block_products<Scalar>()),
        trained(which),
        samples(data.rows()),
        d(data.cols()),
        neurons(rows),
        blocks(num_blocks(rows, products.neurons)),
        strips(std::min(kStrips, blocks)),
        chunk(chunk_size(samples, d)),
        X(data),
        E(samples, d) {
    for (Index begin = 0; begin < samples; begin += chunk) {
      chunks.emplace_back(begin, std::min(chunk, samples - begin), d, products);
      Chunk<Scalar>& c = chunks.back();
      c.pack(X, 0, c.size, c.X, c.Xt);
    }
    const Index block = std::min(products.neurons, neurons);
    codes = VectorOf<Scalar>::Zero(samples * neurons);
    sums = VectorOf<Scalar>::Zero(strips * chunk * d);
    back = VectorOf<Scalar>::Zero(strips * block * chunk);
    last = VectorOf<Scalar>::Zero(strips * block * d);
    squares = Vector::Zero(samples);
  }

  Scalar* codes_of(const Chunk<Scalar>& c, Neurons block) {
    return codes.data() + c.begin * neurons + block.begin * c.size;
  }
  Scalar* sums_of(Index strip) { return sums.data() + strip * chunk * d; }

  // The blocks are the same either way, and so are the bits.
  template <typename Body>
  void run(ThreadPool& pool, Index count, Body&& body) {
    const double flops = 4.0 * static_cast<double>(std::min(samples, chunk)) *
                         static_cast<double>(d) * static_cast<double>(neurons);
    if (flops >= kSerialFlops) return pool.run(count, body);
    for (Index i = 0; i < count; ++i) body(i);
  }

  template <typename Body>
  void for_each_block(Index strip, Body&& body) {
    const Index end = blocks * (strip + 1) / strips;
    for (Index block = blocks * strip / strips; block < end; ++block) {
      const Index begin = block * products.neurons;
      body(Neurons{begin, std::min(products.neurons, neurons - begin)});
    }
  }

  // A product whose left factor is rows of weights or codes, right factor a packed one.
  void multiply(Index rows, const Scalar* left, Index inner, const VectorOf<Scalar>& right,
                Index columns, Scalar factor, Finish finish, Scalar* out,
                const Scalar* mask = nullptr) {
    products.multiply({rows, columns, inner, left, inner, 1, right.data(), 0, factor, finish, out,
                       columns, mask});
  }

  void update(model::Weights<Scalar>& w, Neurons block, Index strip, FactorSteps<Scalar> steps) {
    const Scalar encoder_factor = steps.encoder * w.scale;
    const Scalar decoder_factor = w.tied() ? encoder_factor : steps.decoder * w.scale;
    Scalar* B = w.encoder.row(block.begin).data();
    Scalar* A = w.tied() ? B : w.decoder.row(block.begin).data();
    if (trained != TrainedFactors::Decoder) {
      const Index most = std::min(products.neurons, neurons);
      Scalar* G = back.data() + strip * most * chunk;
      const Scalar* old = A;
      if (w.tied()) {  // B changes from chunk to chunk
        std::copy_n(A, block.size * d, last.data() + strip * most * d);
        old = last.data() + strip * most * d;
      }
      for (const Chunk<Scalar>& c : chunks) {
        multiply(block.size, old, d, c.Et, c.size, 1, Finish::Mask, G, codes_of(c, block));
        multiply(block.size, G, c.size, c.X, d, encoder_factor, Finish::Add, B);
      }
    }
    if (trained != TrainedFactors::Encoder) {
      for (const Chunk<Scalar>& c : chunks) {
        multiply(block.size, codes_of(c, block), c.size, c.E, d, decoder_factor, Finish::Add, A);
      }
    }
  }

  void forward(const model::Weights<Scalar>& w, Neurons block, const Chunk<Scalar>& c, Index strip,
               bool encode, bool first) {
    Scalar* H = codes_of(c, block);
    if (encode) {
      multiply(block.size, w.encoder.row(block.begin).data(), d, c.Xt, c.size, 1, Finish::Relu, H);
    }
    products.multiply({c.size, d, block.size, H, 1, c.size,
                       w.decoder_rows().row(block.begin).data(), d, 1,
                       first ? Finish::Store : Finish::Add, sums_of(strip), d});
  }

  // E = X - scale Σ_strips, in the order of the strips, and its packed forms.
  void take_residual(Scalar scale, Chunk<Scalar>& c, ThreadPool& pool) {
    run(pool, num_blocks(c.size, kRows), [&](Index block) {
      const Index first = block * kRows, end = std::min(first + kRows, c.size);
      for (Index s = first; s < end; ++s) {
        auto e = E.row(c.begin + s);
        e = Eigen::Map<const MatrixOf<Scalar>>(sums_of(0) + s * d, 1, d);
        for (Index strip = 1; strip < strips; ++strip) {
          e += Eigen::Map<const MatrixOf<Scalar>>(sums_of(strip) + s * d, 1, d);
        }
        e = X.row(c.begin + s) - scale * e;
        const Scalar* values = e.data();
        squares[c.begin + s] = lane_sum(d, [values](Index j) {
          const double value = static_cast<double>(values[j]);
          return value * value;
        });
      }
      c.pack(E, first, end, c.E, c.Et);
    });
  }

  // One pass over the weights for the first chunk, with work(block, strip) before each block's
  // forward pass; further ones for the other chunks. @return L.
  template <typename Work>
  double pass(const model::Weights<Scalar>& w, bool encode, ThreadPool& pool, Work&& work) {
    for (Chunk<Scalar>& c : chunks) {
      run(pool, strips, [&](Index strip) {
        bool first = true;
        for_each_block(strip, [&](Neurons block) {
          if (c.begin == 0) work(block, strip);
          forward(w, block, c, strip, encode, first);
          first = false;
        });
      });
      take_residual(w.scale, c, pool);
    }
    return lane_sum(samples, [&](Index s) { return squares[s]; }) / 2;
  }

  void check(const model::Weights<Scalar>& w) const {
    constexpr std::string_view where = "ops::JointStep";
    check_shapes(w, where);
    if (w.neurons() != neurons || w.dimension() != d) {
      throw InvalidArgument(where, fmt::format("weights must be {}x{}, got {}x{}", neurons, d,
                                               w.neurons(), w.dimension()));
    }
    if (w.has_bias()) throw InvalidArgument(where, "weights must have no bias");
    if (w.tied() && trained != TrainedFactors::Both) {
      throw InvalidArgument(where, "tied weights are trained in both roles, not one");
    }
  }
};

template <std::floating_point Scalar>
JointStep<Scalar>::JointStep(std::type_identity_t<ConstView<Scalar>> X, Index neurons,
                             TrainedFactors trained) {
  require(X.rows() >= 1 && X.cols() >= 1 && neurons >= 1, "ops::JointStep",
          fmt::format("need samples, dimension and neurons >= 1, got {}, {}, {}", X.rows(),
                      X.cols(), neurons));
  state_ = std::make_unique<State>(X, neurons, trained);
}

template <std::floating_point Scalar>
JointStep<Scalar>::~JointStep() = default;
template <std::floating_point Scalar>
JointStep<Scalar>::JointStep(JointStep&&) noexcept = default;
template <std::floating_point Scalar>
JointStep<Scalar>& JointStep<Scalar>::operator=(JointStep&&) noexcept = default;

template <std::floating_point Scalar>
double JointStep<Scalar>::start(const model::Weights<Scalar>& weights, ThreadPool& pool) {
  state_->check(weights);
  return state_->pass(weights, true, pool, [](Neurons, Index) {});
}

template <std::floating_point Scalar>
double JointStep<Scalar>::advance(model::Weights<Scalar>& weights, FactorSteps<Scalar> steps,
                                  ThreadPool& pool) {
  state_->check(weights);
  // An encoder that stands still leaves the codes as they are.
  const bool encode = state_->trained != TrainedFactors::Decoder;
  return state_->pass(weights, encode, pool, [&](Neurons block, Index strip) {
    state_->update(weights, block, strip, steps);
  });
}

template <std::floating_point Scalar>
const MatrixOf<Scalar>& JointStep<Scalar>::residual() const noexcept {
  return state_->E;
}

template class JointStep<float>;
template class JointStep<double>;

}  // namespace twofold::ops
