#include "twofold/estimators/learned_dictionary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "planted.hpp"
#include "support/png.hpp"
#include "support/temporary_folder.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"
#include "twofold/data/npy.hpp"
#include "twofold/estimators/atom_sheet.hpp"
#include "twofold/estimators/dictionary_folder.hpp"
#include "twofold/estimators/dictionary_stream.hpp"
#include "twofold/estimators/one_bit_prediction.hpp"

namespace twofold::estimators {
namespace {

// Three atoms in four dimensions, of lengths 2, 1 and 3, around a mean.
LearnedDictionary small() {
  LearnedDictionary d;
  d.atoms = Matrix::Zero(3, 4);
  d.atoms(0, 0) = 2.0;
  d.atoms(1, 1) = -1.0;
  d.atoms(2, 3) = 3.0;
  d.mean = Vector{{0.5, 0.0, -1.0, 0.25}};
  d.gate = {.activation = model::HardThreshold::with(0.75)};
  d.input_dimension = 4;
  d.fingerprint = "0123456789abcdef";
  return d;
}

TEST(DictionaryCoder, CodesCountAtomsAndAddUpToRows) {
  const LearnedDictionary d = small();
  const DictionaryCoder coder(d);
  ThreadPool pool(1);
  Matrix X(2, 4);
  X.row(0) = d.mean.transpose() + 1.5 * d.atoms.row(0) - 2.0 * d.atoms.row(2);
  // 0.3 of an atom of length 2 has z = 0.6, below the threshold; 0.8 of one of length 1 is above.
  X.row(1) = d.mean.transpose() + 0.3 * d.atoms.row(0) + 0.8 * d.atoms.row(1);
  ops::SparseCodes<double> codes;
  coder.encode(X, codes, pool);
  EXPECT_EQ(codes.offset, (std::vector<std::int64_t>{0, 2, 3}));
  EXPECT_EQ(codes.index, (std::vector<std::int32_t>{0, 2, 1}));
  // Products and quotients of small numbers: a few eps.
  EXPECT_NEAR(codes.value[0], 1.5, 1e-15);
  EXPECT_NEAR(codes.value[1], -2.0, 1e-15);
  EXPECT_NEAR(codes.value[2], 0.8, 1e-15);
  Matrix Xhat(2, 4);
  coder.decode(codes, Xhat, pool);
  EXPECT_LT((Xhat.row(0) - X.row(0)).norm(), 1e-14);
  EXPECT_LT((Xhat.row(1) + 0.3 * d.atoms.row(0) - X.row(1)).norm(), 1e-14);
}

TEST(DictionaryCoder, RefusesWhatIsNoDictionary) {
  LearnedDictionary d = small();
  ThreadPool pool(1);
  ops::SparseCodes<double> codes;
  EXPECT_THROW(DictionaryCoder(d).encode(Matrix::Ones(1, 3), codes, pool), InvalidArgument);
  d.atoms.row(1).setZero();
  EXPECT_THROW(DictionaryCoder{d}, InvalidArgument);
  d = small();
  d.mean = Vector::Zero(3);
  EXPECT_THROW(DictionaryCoder{d}, InvalidArgument);
}

TEST(DictionaryFolder, ComesBackBitForBit) {
  const TemporaryFolder folder;
  LearnedDictionary d = small();
  d.kind = DictionaryKind::Nonnegative;
  d.gate = {.activation = model::TopK::with(2), .positive = true};
  d.image = {2, 2, 1};
  d.input_dimension = 8;
  d.transforms = {{.name = "pool2"},
                  {.name = "whiten:0.01",
                   .vector = Vector::Ones(4) / 3.0,
                   .matrix = Matrix::Identity(4, 4) / 7.0},
                  {.name = "scale:2", .number = 2.0 / 3.0}};
  save_dictionary(folder.path(), d);
  const LearnedDictionary back = load_dictionary(folder.path());
  EXPECT_EQ(back.kind, d.kind);
  EXPECT_EQ(back.atoms, d.atoms);
  EXPECT_EQ(back.mean, d.mean);
  EXPECT_EQ(back.gate.positive, true);
  EXPECT_EQ(model::activation_name(back.gate.activation), "top_k(2)");
  EXPECT_EQ(back.image, d.image);
  EXPECT_EQ(back.input_dimension, 8);
  EXPECT_EQ(back.fingerprint, d.fingerprint);
  ASSERT_EQ(back.transforms.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(back.transforms[i].name, d.transforms[i].name);
    EXPECT_EQ(back.transforms[i].number, d.transforms[i].number);
    EXPECT_EQ(back.transforms[i].vector, d.transforms[i].vector);
    EXPECT_EQ(back.transforms[i].matrix, d.transforms[i].matrix);
  }
}

void expect_not_loaded(const std::filesystem::path& folder, const char* part) {
  try {
    (void)load_dictionary(folder);
    FAIL() << "loaded";
  } catch (const DataError& e) {
    EXPECT_THAT(e.what(), testing::HasSubstr(part));
  }
}

TEST(DictionaryFolder, ChangedAndForeignFilesAreRefused) {
  const TemporaryFolder folder;
  const auto path = folder.path();
  expect_not_loaded(path, "no such file");
  save_dictionary(path, small());
  for (const char* name : {"dictionary.npy", "mean.npy"}) {
    const std::string whole = read_file(path / name);
    std::string changed = whole;
    changed.back() = static_cast<char>(changed.back() ^ 1);
    write_file(path / name, changed);
    expect_not_loaded(path, name);
    std::filesystem::remove(path / name);
    expect_not_loaded(path, name);
    write_file(path / name, whole);
  }
  const std::string json = read_file(path / "dictionary.json");
  for (const auto& [from, to] : {std::pair{"\"version\": 1", "\"version\": 2"},
                                 {"\"sparse\"", "\"dense\""},
                                 {"hard_threshold", "hard_treshold"},
                                 {"twofold dictionary", "something else"},
                                 {"{", "["}}) {
    std::string changed = json;
    changed.replace(changed.find(from), std::string(from).size(), to);
    write_file(path / "dictionary.json", changed);
    expect_not_loaded(path, "dictionary.json");
  }
  write_file(path / "dictionary.json", json);
  EXPECT_EQ(load_dictionary(path).size(), 3);
}

TEST(DictionaryStream, FilesHoldWhatTheCoderMakes) {
  const TemporaryFolder folder;
  LearnedDictionary d = small();
  Matrix X(3000, 4);  // more than one block of 64 rows
  const RandomStream stream(1, "learned_dictionary.test");
  for (Index i = 0; i < X.size(); ++i) X.data()[i] = stream.normal(static_cast<std::uint64_t>(i));
  X.row(7) = d.mean.transpose();
  const data::ArraySource<double> rows(X);
  ThreadPool pool(2);
  const auto pass = write_reconstructions(d, rows, folder.path() / "r.npy", pool);
  ops::SparseCodes<double> codes;
  Matrix expected(3000, 4);
  const DictionaryCoder coder(d);
  coder.encode(X, codes, pool);
  coder.decode(codes, expected, pool);
  MatrixF written(3000, 4);
  data::open_npy(folder.path() / "r.npy")->read(0, View<float>(written));
  EXPECT_EQ(written, expected.cast<float>());
  EXPECT_EQ(pass.rows, 3000u);
  EXPECT_EQ(pass.entries, static_cast<std::uint64_t>(codes.size()));
  EXPECT_EQ(pass.use, ops::usage(codes));
  EXPECT_GE(pass.empty, 1u);
  // Sums over 12 000 numbers in another order: 12 000 eps at most.
  EXPECT_NEAR(pass.explained.value(), explained_variance(X, expected), 3e-12);
  const auto codes_pass = write_codes(d, rows, folder.path() / "c.npz", pool);
  EXPECT_EQ(codes_pass.entries, pass.entries);
  EXPECT_GT(std::filesystem::file_size(folder.path() / "c.npz"), 8 * pass.entries);
}

TEST(DictionaryStream, OtherRowsAndCollapsedDictionariesAreRefused) {
  LearnedDictionary d = small();
  const auto narrow = std::make_shared<data::ArraySource<double>>(Matrix::Ones(5, 3));
  EXPECT_THROW((void)transformed_rows(d, narrow), DataError);
  d.transforms = {{.name = "patches:2", .number = 2.0}};
  const auto right = std::make_shared<data::ArraySource<double>>(Matrix::Ones(5, 4));
  EXPECT_THROW((void)transformed_rows(d, right), DataError);  // no images
  d.transforms.clear();
  EXPECT_EQ(transformed_rows(d, right), right);
  d.status = "collapsed";
  EXPECT_THROW((void)transformed_rows(d, right), DataError);
}

TEST(AtomSheet, EachAtomHasItsOwnScaleInReadingOrder) {
  const TemporaryFolder folder;
  LearnedDictionary d = small();
  d.image = {2, 2, 1};
  write_atom_sheet(folder.path() / "a.png", d, {2, 0});
  const Png png = read_png(folder.path() / "a.png");
  // Two atoms across, 2 pixels each: 800/4 = 200 times as large, gaps of 2.
  ASSERT_EQ(png.width, 2u * 402 + 2);
  ASSERT_EQ(png.height, 404u);
  constexpr std::array<int, 3> white{255, 255, 255}, grey{128, 128, 128};
  EXPECT_EQ(png.pixel(10, 10), grey);     // atom 2, element 0
  EXPECT_EQ(png.pixel(390, 390), white);  // atom 2, element 3, its largest
  EXPECT_EQ(png.pixel(410, 10), white);   // atom 0, element 0
  EXPECT_EQ(png.pixel(790, 390), grey);
  EXPECT_THROW(write_atom_sheet(folder.path() / "b.png", d, {3}), InvalidArgument);
  EXPECT_THROW(write_atom_sheet(folder.path() / "b.png", small(), {0}), InvalidArgument);
}

TEST(Fingerprint, ChangesWithAnyRowAndWithTheShape) {
  Matrix X = Matrix::Random(50, 6);
  const std::string before = fingerprint(data::ArraySource<double>(X));
  EXPECT_EQ(before.size(), 16u);
  EXPECT_EQ(fingerprint(data::ArraySource<double>(X)), before);
  EXPECT_NE(fingerprint(data::ArraySource<double>(Matrix(X.topRows(49)))), before);
  X(31, 2) += 1e-12;
  EXPECT_NE(fingerprint(data::ArraySource<double>(X)), before);
}

}  // namespace
}  // namespace twofold::estimators
