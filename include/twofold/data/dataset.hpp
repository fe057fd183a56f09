// From options to training and test samples.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "twofold/core/fields.hpp"
#include "twofold/data/dictionary_model.hpp"
#include "twofold/data/scalar_prior.hpp"
#include "twofold/data/source.hpp"

namespace twofold::data {

/// What `source` may be: generative ones first, then known image sets, then formats.
inline constexpr std::array<std::string_view, 21> kSourceNames{"gaussian",
                                                               "unit_sphere",
                                                               "sparse_gaussian",
                                                               "sparse_rademacher",
                                                               "sparse_laplace",
                                                               "sparse_mixture",
                                                               "sparse_beta",
                                                               "mixture_of_gaussians",
                                                               "sparse_coding",
                                                               "nonnegative_sparse_coding",
                                                               "mnist",
                                                               "fashion-mnist",
                                                               "cifar10",
                                                               "npy",
                                                               "npz",
                                                               "fvecs",
                                                               "bvecs",
                                                               "ivecs",
                                                               "idx",
                                                               "csv",
                                                               "file"};

/// Which samples, and how they are prepared.
struct SourceOptions {
  std::string source = "gaussian";
  std::string path;
  std::string labels;
  std::vector<double> spectrum;
  std::vector<double> spectrum_blocks;
  std::vector<std::int64_t> block_sizes;
  std::string covariance;
  std::int64_t dimension = 0;
  double noise = 0.0;
  double sparsity = 0.1;
  double mixture = 0.8;
  double beta = 0.5;
  std::int64_t atoms = 0;
  std::string dictionary = "random";
  std::vector<double> weights;
  std::vector<double> amplitude;
  std::int64_t samples = 0;
  std::vector<std::string> transforms;
  std::vector<double> split{0.8, 0.2};
  std::int64_t subset = 0;

  static constexpr auto fields() {
    using S = SourceOptions;
    return std::tuple{
        field("source", &S::source, "where samples come from", domain::one_of(kSourceNames)),
        field("path", &S::path,
              "file (or folder of a known image set); \"x.npz:name\" names an array"),
        field("labels", &S::labels, "file with one whole number per sample, in any format"),
        field("spectrum", &S::spectrum, "gaussian: variance of each coordinate",
              domain::non_negative),
        field("spectrum_blocks", &S::spectrum_blocks,
              "gaussian: variance of each block of coordinates", domain::non_negative),
        field("block_sizes", &S::block_sizes, "gaussian: coordinates in each block",
              domain::at_least_one),
        field("covariance", &S::covariance, "gaussian: .npy file with the covariance matrix"),
        field("dimension", &S::dimension,
              "length of a sample; needed for generative sources, save gaussian with variances "
              "(without, all are 1), else 0 or a check",
              domain::non_negative),
        field("noise", &S::noise,
              "gaussian: variance added to every coordinate; sources with a dictionary: standard "
              "deviation of the noise",
              domain::non_negative),
        field("sparsity", &S::sparsity,
              "sparse sources: probability p of a non-zero, up to 1; sparse_coding and "
              "nonnegative_sparse_coding: number k of atoms in a sample",
              domain::positive),
        field("mixture", &S::mixture,
              "sparse_mixture: share s of the variance between its two peaks, up to 1",
              domain::non_negative),
        field("beta", &S::beta, "sparse_beta: shape a of the symmetric beta law, 0.05 to 50",
              domain::positive),
        field("atoms", &S::atoms, "sources with a dictionary: its size m; components of a mixture",
              domain::non_negative),
        field("dictionary", &S::dictionary,
              "orthonormal, random, tight_frame, or a .npy file with one atom (mean) a row"),
        field("weights", &S::weights,
              "mixture_of_gaussians: probability of each component; none: equal", domain::positive),
        field("amplitude", &S::amplitude,
              "[low, high] of a non-zero code's size, uniform; none: [1, 1] for sparse_coding, "
              "[1, 2] for nonnegative_sparse_coding",
              domain::positive),
        field("samples", &S::samples,
              "train on the first so many samples; 0: on all of a file, on fresh ones of others",
              domain::non_negative),
        field("transforms", &S::transforms,
              "in order of application: center, unit_trace, unit_variance, whiten[:floor], "
              "unit_norm, norm, scale:c, pool2, gray, patches:s, mask:p, subset:n, random_signs, "
              "mirrored"),
        field("split", &S::split,
              "files: [train, test] rows, the first and the next; fractions up to 1, else counts",
              domain::non_negative),
        field("subset", &S::subset, "files: use the first n rows only; 0 for all",
              domain::non_negative)};
  }
};

/// Samples ready for training and testing.
struct Dataset {
  std::shared_ptr<const Source> train;
  std::shared_ptr<const Source> test;  ///< null if the split leaves no test rows
  bool random_signs = false;           ///< the sampler shall multiply rows by ±1
  bool mirrored = false;               ///< the sampler shall draw pairs x, −x
  std::string description;             ///< one line for people
  ImageShape image;                    ///< of the transformed rows; empty if none

  /// Variances of the population along its principal axes (for a `spectrum`: of the
  /// coordinates in their order), and the same without `noise`. Empty unless the source is
  /// generative and no transform changes its rows.
  Vector spectrum;
  Vector clean_spectrum;

  /// Law of every coordinate, where they are independent and alike with variance 1 (sparse
  /// sources, and gaussian by `dimension` alone) and no transform changes the rows.
  std::optional<ScalarPrior> prior;

  /// The model behind the training rows, row i being its sample i, and their codes. Null unless
  /// the source has a dictionary and no transform changes its rows.
  std::shared_ptr<const DictionarySource> truth;

  /// What the transforms make of other rows: the same numbers, fitted on the training rows.
  std::function<std::shared_ptr<const Source>(std::shared_ptr<const Source> rows)> prepare;

  /// Of the first rows of each split; empty without, and for patches.
  std::vector<std::int64_t> train_labels;
  std::vector<std::int64_t> test_labels;
};

/// The prior that the options of a sparse source name; empty for other sources.
/// @throws InvalidArgument  if a parameter is outside its domain.
[[nodiscard]] std::optional<ScalarPrior> sparse_prior(const SourceOptions& options);

/// Opens, splits, fits the transforms on the training rows, and applies them to both splits.
///
/// Files: the first rows train, the next rows test (no shuffle, so it is the same on every
/// machine). Up to 2 GiB of transformed rows per split are kept in memory in single
/// precision; more stay in the file and are mapped when gathered.
/// Generative sources: train and test are independent and unlimited; `split` and `subset`
/// do not apply (the transform subset:n does, to train).
/// With `samples` the training rows are the first so many, in double precision: transforms are
/// fitted on them alone, and what is known of the population says nothing about them.
/// @throws InvalidArgument  naming the option and its value; DataError for files.
[[nodiscard]] Dataset open_dataset(const SourceOptions& options, std::uint64_t seed,
                                   ThreadPool& pool);

}  // namespace twofold::data
