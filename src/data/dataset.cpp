#include "twofold/data/dataset.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "data_error.hpp"
#include "dictionary_options.hpp"
#include "stream.hpp"
#include "twofold/data/array_source.hpp"
#include "twofold/data/formats.hpp"
#include "twofold/data/gaussian.hpp"
#include "twofold/data/locate.hpp"
#include "twofold/data/row_range.hpp"
#include "twofold/data/sparse_source.hpp"
#include "twofold/data/transforms.hpp"
#include "twofold/data/unit_sphere.hpp"

namespace twofold::data {
namespace {

constexpr auto kWhere = "data::open_dataset";
constexpr std::uint64_t kInMemory = std::uint64_t{2} << 30;  // bytes per split

using Opened = std::shared_ptr<const Source>;

// The whole of a small source.
Matrix read_all(const Source& source) {
  Matrix rows(static_cast<Index>(source.size()), source.dimension());
  source.read(0, View<double>(rows));
  return rows;
}

Vector block_spectrum(const SourceOptions& options) {
  const auto& values = options.spectrum_blocks;
  const auto& sizes = options.block_sizes;
  require(values.size() == sizes.size(), kWhere,
          fmt::format("spectrum_blocks has {} values but block_sizes has {}", values.size(),
                      sizes.size()));
  Index total = 0;
  for (const std::int64_t size : sizes) {
    require(size >= 1 && size <= (std::int64_t{1} << 31), kWhere,
            fmt::format("block_sizes must be >= 1, got {}", size));
    total += size;
  }
  Vector spectrum(total);
  Index begin = 0;
  for (std::size_t b = 0; b < sizes.size(); ++b) {
    spectrum.segment(begin, sizes[b]).setConstant(values[b]);
    begin += sizes[b];
  }
  return spectrum;
}

void check_dimension(const SourceOptions& options, Index actual) {
  require(options.dimension == 0 || options.dimension == actual, kWhere,
          fmt::format("data.dimension = {}, but the samples have {}; leave it out, or write that",
                      options.dimension, actual));
}

Gaussian noisy_gaussian(const SourceOptions& options, std::uint64_t seed) {
  if (!options.covariance.empty()) {
    Matrix covariance = read_all(*open_file(options.covariance));
    covariance.diagonal().array() += options.noise;
    return Gaussian::with_covariance(covariance, seed, "train");
  }
  Vector spectrum;
  if (!options.spectrum_blocks.empty()) {
    spectrum = block_spectrum(options);
  } else if (!options.spectrum.empty()) {
    spectrum = Eigen::Map<const Vector>(options.spectrum.data(),
                                        static_cast<Index>(options.spectrum.size()));
  } else {
    spectrum = Vector::Ones(options.dimension);
  }
  spectrum.array() += options.noise;
  return Gaussian::with_spectrum(std::move(spectrum), seed, "train");
}

Dataset open_gaussian(const SourceOptions& options, std::uint64_t seed) {
  const int given = static_cast<int>(!options.spectrum.empty()) +
                    static_cast<int>(!options.spectrum_blocks.empty()) +
                    static_cast<int>(!options.covariance.empty());
  require(given == 1 || (given == 0 && options.dimension >= 1), kWhere,
          "source gaussian needs exactly one of spectrum, spectrum_blocks and covariance, or "
          "dimension alone for variances of 1");
  require(std::isfinite(options.noise) && options.noise >= 0.0, kWhere,
          fmt::format("noise must be finite and >= 0, got {}", options.noise));
  Dataset set;
  const auto train = std::make_shared<const Gaussian>(noisy_gaussian(options, seed));
  set.spectrum = train->spectrum();
  set.clean_spectrum = set.spectrum.array() - options.noise;
  // The noise may hide what the clean spectrum must not be.
  const double largest = set.clean_spectrum.maxCoeff(), least = set.clean_spectrum.minCoeff();
  require(largest > 0.0 && least >= -1e-10 * largest, kWhere,
          fmt::format("without noise the variances range from {:.6g} to {:.6g}; none may be "
                      "negative, and one must be > 0",
                      least, largest));
  set.clean_spectrum = set.clean_spectrum.cwiseMax(0.0);
  set.train = train;
  set.test = std::make_shared<Gaussian>(train->independent("test"));
  if (given == 0 && options.noise == 0.0) set.prior = ScalarPrior::gaussian();
  return set;
}

Dataset open_sparse(const SourceOptions& options, ScalarPrior prior, std::uint64_t seed) {
  require(options.dimension >= 1, kWhere,
          fmt::format("source {} needs dimension >= 1, got {}", options.source, options.dimension));
  Dataset set;
  set.train = std::make_shared<SparseSource>(prior, options.dimension, seed, "train");
  set.test = std::make_shared<SparseSource>(prior, options.dimension, seed, "test");
  set.spectrum = set.clean_spectrum = Vector::Ones(options.dimension);
  set.prior = std::move(prior);
  return set;
}

Dataset open_unit_sphere(const SourceOptions& options, std::uint64_t seed) {
  require(options.dimension >= 1, kWhere,
          fmt::format("source unit_sphere needs dimension >= 1, got {}", options.dimension));
  Dataset set;
  set.train = std::make_shared<UnitSphere>(options.dimension, seed, "train");
  set.test = std::make_shared<UnitSphere>(options.dimension, seed, "test");
  set.spectrum = Vector::Constant(options.dimension, 1.0 / static_cast<double>(options.dimension));
  set.clean_spectrum = set.spectrum;
  return set;
}

Dataset open_dictionary(const SourceOptions& options, CodeLaw law, std::uint64_t seed) {
  DictionaryModel model = dictionary_model(options, law, seed);
  Dataset set;
  set.test = std::make_shared<DictionarySource>(model, seed, "test");
  set.truth = std::make_shared<DictionarySource>(std::move(model), seed, "train");
  set.train = set.truth;
  return set;
}

// Rows of each split: values up to 1 are fractions, larger ones counts; 1 beside a count
// is a count.
std::array<std::uint64_t, 2> split_counts(const std::vector<double>& split, std::uint64_t rows) {
  require(split.size() == 2, kWhere,
          fmt::format("split must be [train, test], got {} values", split.size()));
  const bool any_count = split[0] > 1.0 || split[1] > 1.0;
  std::array<std::uint64_t, 2> counts{};
  for (std::size_t k = 0; k < 2; ++k) {
    const double part = split[k];
    require(part >= 0.0 && part < 0x1p53, kWhere,
            fmt::format("split values must be >= 0, got {}", part));
    require(part <= 1.0 || part == std::floor(part), kWhere,
            fmt::format("split values above 1 count rows and must be whole, got {}", part));
    const bool fraction = part < 1.0 || !any_count;
    // 1e-9 keeps a fraction such as 0.7 of 10 rows from falling below the 7 it means.
    counts[k] = static_cast<std::uint64_t>(
        fraction ? std::floor(part * static_cast<double>(rows) + 1e-9) : part);
  }
  require(
      counts[0] >= 1, kWhere,
      fmt::format("split = [{}] leaves no row of {} to train on", fmt::join(split, ", "), rows));
  require(counts[0] <= rows && counts[1] <= rows - counts[0], kWhere,
          fmt::format("split = [{}] asks for {} + {} rows, but there are {}",
                      fmt::join(split, ", "), counts[0], counts[1], rows));
  return counts;
}

std::vector<std::int64_t> read_labels(const std::string& path, std::uint64_t rows) {
  const Opened source = open_file(path);
  if (source->dimension() != 1 || source->size() != rows) {
    fail(kWhere, path,
         fmt::format("holds {} rows of {} numbers as labels of {} samples", source->size(),
                     source->dimension(), rows),
         "give one whole number per sample");
  }
  const Matrix values = read_all(*source);
  std::vector<std::int64_t> labels;
  for (Index i = 0; i < values.rows(); ++i) labels.push_back(std::llround(values(i, 0)));
  return labels;
}

Dataset open_files(const SourceOptions& options) {
  const auto& name = options.source;
  const bool image_set = name == "mnist" || name == "fashion-mnist" || name == "cifar10";
  Opened all = image_set ? open_dataset_images(name, options.path) : open_file(options.path, name);
  std::vector<std::int64_t> labels;
  if (!options.labels.empty()) labels = read_labels(options.labels, all->size());
  require(options.subset >= 0, kWhere, fmt::format("subset must be >= 0, got {}", options.subset));
  if (options.subset > 0) all = row_range(all, 0, static_cast<std::uint64_t>(options.subset));

  const auto [train, test] = split_counts(options.split, all->size());
  Dataset set;
  set.train = row_range(all, 0, train);
  if (test > 0) set.test = row_range(all, train, test);
  if (!labels.empty()) {
    const auto middle = labels.begin() + static_cast<std::ptrdiff_t>(train);
    set.train_labels.assign(labels.begin(), middle);
    set.test_labels.assign(middle, middle + static_cast<std::ptrdiff_t>(test));
  }
  return set;
}

// Transformed rows in memory, unless there are too many or no end of them.
template <typename Scalar>
Opened materialise(Opened source, ThreadPool& pool) {
  const auto row_bytes = static_cast<std::uint64_t>(source->dimension()) * sizeof(Scalar);
  if (source->size() > kInMemory / row_bytes) return source;
  MatrixOf<Scalar> rows(static_cast<Index>(source->size()), source->dimension());
  read_parallel<Scalar>(*source, pool, 0, View<Scalar>(rows));
  return std::make_shared<ArraySource<Scalar>>(std::move(rows), source->description(),
                                               source->image_shape());
}

// The first training rows alone. A law of the population is not theirs; a dictionary is.
void keep_samples(const SourceOptions& options, Dataset& set) {
  require(options.samples >= 0, kWhere,
          fmt::format("samples must be >= 0, got {}", options.samples));
  if (options.samples == 0) return;
  const auto wanted = static_cast<std::uint64_t>(options.samples);
  require(wanted <= set.train->size(), kWhere,
          fmt::format("samples = {}, but there are {} training rows", wanted, set.train->size()));
  set.train = row_range(set.train, 0, wanted);
  set.spectrum = set.clean_spectrum = Vector();
  set.prior.reset();
  if (!set.train_labels.empty()) set.train_labels.resize(wanted);
}

void apply_transforms(const std::vector<std::string>& names, std::uint64_t seed, ThreadPool& pool,
                      Dataset& set) {
  FittedTransforms fitted = fit_transforms(names, set.train, seed, pool);
  set.train = fitted.train;
  if (set.test) set.test = fitted.apply(set.test);
  set.random_signs = fitted.random_signs;
  set.mirrored = fitted.mirrored;
  if (!fitted.steps.empty()) {
    set.spectrum = set.clean_spectrum = Vector();
    set.prior.reset();
    set.truth.reset();
  }
  if (fitted.cuts_rows) {
    set.train_labels.clear();
    set.test_labels.clear();
  }
  if (!set.train_labels.empty()) set.train_labels.resize(set.train->size());
  set.prepare = [fitted = std::move(fitted)](Opened rows) { return fitted.apply(std::move(rows)); };
}

}  // namespace

std::optional<ScalarPrior> sparse_prior(const SourceOptions& options) {
  const auto& name = options.source;
  const double p = options.sparsity;
  if (name == "sparse_gaussian") return ScalarPrior::sparse_gaussian(p);
  if (name == "sparse_rademacher") return ScalarPrior::sparse_rademacher(p);
  if (name == "sparse_laplace") return ScalarPrior::sparse_laplace(p);
  if (name == "sparse_mixture") return ScalarPrior::sparse_mixture(p, options.mixture);
  if (name == "sparse_beta") return ScalarPrior::sparse_beta(p, options.beta);
  return std::nullopt;
}

Dataset open_dataset(const SourceOptions& options, std::uint64_t seed, ThreadPool& pool) {
  const auto& name = options.source;
  if (std::ranges::find(kSourceNames, name) == kSourceNames.end()) {
    const std::string near = nearest_name(name, kSourceNames);
    throw InvalidArgument(
        kWhere, fmt::format("unknown source '{}'{}; known: {}", name,
                            near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near),
                            fmt::join(kSourceNames, ", ")));
  }
  const std::optional<CodeLaw> law = code_law(name);
  require(
      options.noise == 0.0 || name == "gaussian" || law, kWhere,
      fmt::format("noise applies to source gaussian and those with a dictionary, not to {}", name));
  if (!law) refuse_dictionary_keys(options);
  const std::optional<ScalarPrior> prior = sparse_prior(options);
  Dataset set = name == "gaussian"      ? open_gaussian(options, seed)
                : name == "unit_sphere" ? open_unit_sphere(options, seed)
                : prior                 ? open_sparse(options, *prior, seed)
                : law                   ? open_dictionary(options, *law, seed)
                                        : open_files(options);
  check_dimension(options, set.train->dimension());
  keep_samples(options, set);
  apply_transforms(options.transforms, seed, pool, set);
  // Exact recovery and interpolation are judged far below the rounding of single precision.
  const auto keep = law || options.samples > 0 ? materialise<double> : materialise<float>;
  set.train = keep(std::move(set.train), pool);
  if (set.test) set.test = keep(std::move(set.test), pool);
  set.description = set.train->description();
  set.image = set.train->image_shape();
  return set;
}

}  // namespace twofold::data
