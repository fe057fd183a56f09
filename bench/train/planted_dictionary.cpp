// Learns a dictionary from samples alone in one pass of small batches, and times it.
//
//   twofold_planted_dictionary DATA.npy ATOMS SPARSITY SEED THREADS REPEATS OUT.npy
//
// The recipe of docs/theory/dictionary_recovery.md: atoms start as random samples; 500 steps of
// batches of 100 in random order; the k largest codes; the decoder's part of the gradient; step
// 0.5 to 0.05 of m/k. Writes the atoms of the last repeat and prints {"seconds": [...]}.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "twofold/data/array_source.hpp"
#include "twofold/data/npy.hpp"
#include "twofold/data/sampler.hpp"
#include "twofold/train/dictionary_descent.hpp"
#include "twofold/train/dictionary_start.hpp"

namespace twofold {
namespace {

constexpr Index kBatch = 100;

MatrixF learn(const data::ArraySource<float>& samples, Index m, Index k, std::uint64_t seed,
              ThreadPool& pool) {
  const data::BatchSampler sampler(samples, {.batch = kBatch, .order = "shuffle"}, seed);
  train::DictionaryDescentOptions options;
  options.gate.activation = model::TopK{.k = k};
  options.gradient = ops::TiedGradient::DecoderOnly;
  options.step = 0.5;
  options.last_step = 0.05;
  options.step_unit = static_cast<double>(m) / static_cast<double>(k);
  options.iterations = static_cast<std::int64_t>(samples.rows().rows() / kBatch);
  const Matrix some =
      samples.rows().topRows(std::min<Index>(8 * m, samples.rows().rows())).cast<double>();
  const MatrixF start = train::sample_start(some, m, seed).cast<float>();
  return train::dictionary_descent<float>(sampler, start, options, {}, pool).atoms;
}

int run(const std::vector<std::string>& arguments) {
  const auto source = data::open_npy(arguments[0]);
  MatrixF rows(static_cast<Index>(source->size()), source->dimension());
  source->read(0, View<float>(rows));
  const data::ArraySource<float> samples(std::move(rows));
  const Index m = std::stol(arguments[1]), k = std::stol(arguments[2]);
  ThreadPool pool(std::stoi(arguments[4]));
  MatrixF atoms;
  std::vector<double> seconds;
  for (int repeat = 0; repeat < std::stoi(arguments[5]); ++repeat) {
    const auto begin = std::chrono::steady_clock::now();
    atoms = learn(samples, m, k, std::stoull(arguments[3]), pool);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    seconds.push_back(taken.count());
  }
  data::write_npy(arguments[6], ConstView<float>(atoms));
  fmt::print("{{\"seconds\": [{:.6f}]}}\n", fmt::join(seconds, ", "));
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace twofold

int main(int count, char** values) {
  if (count != 8) {
    fmt::print(stderr, "usage: {} DATA.npy ATOMS SPARSITY SEED THREADS REPEATS OUT.npy\n",
               values[0]);
    return 2;
  }
  try {
    return twofold::run({values + 1, values + count});
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return EXIT_FAILURE;
  }
}
