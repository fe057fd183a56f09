// The kernels against plain loops, on numbers whose sums are exact in any order: results must be
// equal.
#include "ops/active_kernels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "ops/problem.hpp"

namespace twofold::ops {
namespace {

// From a multiple of 64 bytes on, as the kernels want it.
class Floats {
 public:
  explicit Floats(Index size) : memory_(static_cast<std::size_t>(size) + 16) {}
  explicit Floats(const MatrixF& m) : Floats(m.size()) { std::copy_n(m.data(), m.size(), data()); }
  float* data() {
    const auto beyond = reinterpret_cast<std::uintptr_t>(memory_.data()) % 64;
    return memory_.data() + (64 - beyond) % 64 / sizeof(float);
  }
  MatrixF matrix(Index rows, Index columns) {
    return Eigen::Map<const MatrixF>(data(), rows, columns);
  }

 private:
  std::vector<float> memory_;
};

class ActiveKernelsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (kernels == nullptr) GTEST_SKIP() << "this processor has no such instructions";
  }
  const ActiveKernels* kernels = avx512_active_kernels();
};

TEST_F(ActiveKernelsTest, PreActivationsAreProducts) {
  for (const Index rows : {1, 5, 6, 7, 13}) {
    for (const Index columns : {1, 3, 7, 15, 16, 17, 33, 63, 64, 65, 130}) {
      for (const Index inner : {1, 2, 37}) {
        const MatrixF L = grid_matrix<float>(rows, inner, "left");
        const MatrixF R = grid_matrix<float>(inner, columns, "right");
        Floats panels(inner * ((columns + 15) / 16 * 16));
        for (Index first = 0; first < columns; first += 64) {
          const Index width = std::min<Index>(64, (columns - first + 15) / 16 * 16);
          for (Index k = 0; k < inner; ++k) {
            for (Index j = first; j < std::min(columns, first + width); ++j) {
              panels.data()[first * inner + k * width + j - first] = R(k, j);
            }
          }
        }
        // C stands in a larger matrix, whose frame must stay as it is.
        const MatrixF frame = grid_matrix<float>(rows + 2, columns + 5, "frame");
        MatrixF C = frame, expected = frame;
        expected.block(1, 2, rows, columns) = L * R;
        kernels->encode(rows, columns, inner, L.data(), inner, panels.data(), &C(1, 2),
                        columns + 5);
        EXPECT_TRUE(C == expected) << rows << "x" << columns << "x" << inner;
      }
    }
  }
}

// Rows none, all or only the last of whose columns fire, and others; values that do not are garbage
// that must not be read.
MatrixF some_pairs(Index rows, Index columns) {
  MatrixF H = grid_matrix<float>(rows, columns, "pairs");
  H.row(0).setConstant(-1);
  if (rows > 1) H.row(1).setOnes();
  if (rows > 2) {
    H.row(2).setConstant(-2);
    H(2, columns - 1) = 0.25F;
  }
  return H;
}

TEST_F(ActiveKernelsTest, FiresWhatIsPositiveOrNotANumber) {
  for (const Index rows : {1, 3, 16, 17, 64}) {
    for (const Index columns : {1, 7, 15, 16, 17, 63, 64, 65, 130}) {
      MatrixF Z = some_pairs(rows, columns + 3);
      Z(rows - 1, columns / 2) = std::numeric_limits<float>::quiet_NaN();
      const Index words = num_blocks(columns, kWord);
      std::vector<std::uint64_t> fires(static_cast<std::size_t>(rows * words), ~std::uint64_t{0});
      kernels->fire(rows, columns, Z.data(), Z.cols(), fires.data());
      for (Index r = 0; r < rows; ++r) {
        for (Index c = 0; c < words * kWord; ++c) {
          const auto word = fires[static_cast<std::size_t>(r * words + c / kWord)];
          const bool expected = c < columns && !(Z(r, c) <= 0);
          EXPECT_EQ((word >> (c % kWord)) & 1, expected) << r << " " << c << " of " << columns;
        }
      }
    }
  }
}

TEST_F(ActiveKernelsTest, TransposesIntoZeros) {
  for (const Index rows : {1, 3, 16, 17, 64}) {
    for (const Index columns : {1, 15, 16, 17, 33}) {
      const MatrixF Z = grid_matrix<float>(rows, columns + 3, "rows");
      const Index height = num_blocks(columns, kPanelLanes) * kPanelLanes;
      const Index width = num_blocks(rows, kPanelLanes) * kPanelLanes;
      Floats out(MatrixF::Constant(height, 64, 7));
      kernels->transpose(rows, columns, Z.data(), columns + 3, out.data(), 64);
      MatrixF expected = MatrixF::Constant(height, 64, 7);
      expected.leftCols(width).setZero();
      expected.topLeftCorner(columns, rows) = Z.leftCols(columns).transpose();
      EXPECT_TRUE(out.matrix(height, 64) == expected) << rows << "x" << columns;
    }
  }
}

struct Pairs {
  MatrixF values;                    // rows×columns, in a wider matrix
  MatrixF H;                         // 0 where nothing fires
  std::vector<std::uint64_t> fires;  // words of each row
  Pairs(const ActiveKernels& kernels, Index rows, Index columns)
      : values(some_pairs(rows, columns + 3)),
        H(values.leftCols(columns).cwiseMax(0)),
        fires(static_cast<std::size_t>(rows * num_blocks(columns, kWord))) {
    kernels.fire(rows, columns, values.data(), columns + 3, fires.data());
  }
  [[nodiscard]] ActivePairs pairs() const {
    return {H.rows(), num_blocks(H.cols(), kWord), fires.data(), values.data(), values.cols()};
  }
  // Of `all`, the values where a pair fires, in order; the other places as they are in `like`.
  [[nodiscard]] MatrixF in_order(const MatrixF& all, MatrixF like) const {
    for (Index r = 0; r < all.rows(); ++r) {
      for (Index c = 0, place = 0; c < all.cols(); ++c) {
        if (c % kWord == 0) place = c;
        if (H(r, c) > 0) like(r, place++) = all(r, c);
      }
    }
    return like;
  }
};

TEST_F(ActiveKernelsTest, AddRows) {
  for (Index width = 16; width <= 128; width += 16) {
    for (const Index samples : {1, 7, 16, 17, 64, 65, 128}) {
      const Index rows = 5;
      const Pairs p(*kernels, rows, samples);
      const MatrixF panel = grid_matrix<float>(samples, width, "panel");
      const MatrixF start = grid_matrix<float>(rows, width, "start");
      Floats P(panel);
      // Rows in a wider matrix, of which only these columns may change.
      MatrixF added = MatrixF::Constant(rows, width + 5, 7), expected = added;
      for (const Index columns : {width, width - 7, width - 8, width - 15}) {
        added.leftCols(columns) = start.leftCols(columns);
        expected.leftCols(columns) = start.leftCols(columns) + 0.5F * p.H * panel.leftCols(columns);
        kernels->add(P.data(), 0.5F, p.pairs(), {added.data(), width + 5, columns});
        EXPECT_TRUE(added == expected) << width << " " << samples << " " << columns;
        added.rightCols(width + 5 - columns).setConstant(7);
        expected = added;
        // The same values, one after another.
        const MatrixF values = p.in_order(p.H, MatrixF::Zero(rows, num_blocks(samples, 64) * 64));
        ActivePairs pairs = p.pairs();
        pairs.value = values.data();
        pairs.stride = values.cols();
        pairs.in_order = true;
        added.leftCols(columns) = start.leftCols(columns);
        expected.leftCols(columns) = start.leftCols(columns) + p.H * panel.leftCols(columns);
        kernels->add(P.data(), 1, pairs, {added.data(), width + 5, columns});
        EXPECT_TRUE(added == expected) << width << " " << samples << " " << columns;
      }
    }
  }
}

void expect_rows_and_products(const ActiveKernels& kernels, Index width, Index columns,
                              Index samples) {
  const Index rows = 5, padded = num_blocks(samples, 64) * 64;
  const Pairs p(kernels, rows, samples);
  MatrixF panel = grid_matrix<float>(samples, width, "panel");
  panel.rightCols(width - columns).setZero();
  // Of the rows only these columns may be read.
  MatrixF old = MatrixF::Constant(rows, width + 5, std::numeric_limits<float>::quiet_NaN());
  MatrixF start = old;
  old.leftCols(columns) = grid_matrix<float>(rows, columns, "old");
  start.leftCols(columns) = grid_matrix<float>(rows, columns, "start");
  MatrixF sums = 0.5F * p.H * panel;
  const MatrixF dots = 2 * old.leftCols(columns) * panel.leftCols(columns).transpose();
  const PanelRows<const float> old_rows{old.data(), width + 5, columns},
      start_rows{start.data(), width + 5, columns};
  Floats P(panel), out(rows * width), D(rows * padded);
  const auto in_order = [&](const MatrixF& expected) {
    const MatrixF found = D.matrix(rows, padded);
    return found == p.in_order(expected, found);
  };
  // From zero and from `start`, the second time without rows; products stored, then added.
  kernels.add_and_dot(P.data(), 0.5F, p.pairs(), {nullptr, 0, columns}, out.data(), old_rows, 2,
                      true, D.data());
  EXPECT_TRUE(out.matrix(rows, width) == sums) << columns << " " << samples;
  EXPECT_TRUE(in_order(dots)) << columns << " " << samples;
  kernels.add_and_dot(P.data(), 0.5F, p.pairs(), start_rows, out.data(), old_rows, 2, false,
                      D.data());
  sums.leftCols(columns) += start.leftCols(columns);
  EXPECT_TRUE(out.matrix(rows, width) == sums) << columns << " " << samples;
  EXPECT_TRUE(in_order(2 * dots)) << columns << " " << samples;
  kernels.add_and_dot(P.data(), 0.5F, p.pairs(), {}, nullptr, old_rows, 2, true, D.data());
  EXPECT_TRUE(in_order(dots)) << columns << " " << samples;
}

TEST_F(ActiveKernelsTest, AddRowsAndScalarProducts) {
  for (Index width = 16; width <= 128; width += 16) {
    for (const Index samples : {1, 7, 16, 17, 64, 65, 128}) {
      for (const Index columns : {width, width - 7, width - 8, width - 15}) {
        expect_rows_and_products(*kernels, width, columns, samples);
      }
    }
  }
}

}  // namespace
}  // namespace twofold::ops
