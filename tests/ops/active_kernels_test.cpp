// The kernels against plain loops, on numbers whose sums are exact in any order: results must be
// equal.
#include "ops/active_kernels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
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

struct Lists {
  std::vector<std::int32_t> count, index;
  std::vector<float> value;
  Index rows, stride;
  Lists(Index r, Index most)
      : count(static_cast<std::size_t>(r)),
        index(static_cast<std::size_t>(r * (most + kPanelLanes))),
        value(index.size()),
        rows(r),
        stride(most + kPanelLanes) {}
  ActivePairs pairs() { return {rows, stride, count.data(), index.data(), value.data()}; }
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

// No pair, one, a few, all.
Lists some_pairs(Index rows, Index samples) {
  MatrixF H = grid_matrix<float>(rows, samples, "pairs");
  H.row(0).setZero();
  if (rows > 1) H.row(1).setOnes();
  if (rows > 2) {
    H.row(2).setZero();
    H(2, samples - 1) = 0.25F;
  }
  Lists lists(rows, samples);
  for (Index r = 0; r < rows; ++r) {
    for (Index i = 0; i < samples; ++i) {
      if (H(r, i) <= 0) continue;
      const auto place =
          static_cast<std::size_t>(r * lists.stride + lists.count[static_cast<std::size_t>(r)]++);
      lists.index[place] = static_cast<std::int32_t>(i);
      lists.value[place] = H(r, i);
    }
  }
  return lists;
}

TEST_F(ActiveKernelsTest, AddRowsAndDots) {
  for (Index width = 16; width <= 128; width += 16) {
    for (const Index samples : {1, 7, 16, 17, 64}) {
      const Index rows = 5;
      const MatrixF panel = grid_matrix<float>(samples, width, "panel");
      const MatrixF old = grid_matrix<float>(rows, width, "old");
      const MatrixF start = grid_matrix<float>(rows, width, "start");
      Lists lists = some_pairs(rows, samples);
      MatrixF sums = start;
      std::vector<float> dots(lists.value.size(), 0);
      for (Index r = 0; r < rows; ++r) {
        for (Index e = r * lists.stride, end = e + lists.count[static_cast<std::size_t>(r)];
             e < end; ++e) {
          const auto x = panel.row(lists.index[static_cast<std::size_t>(e)]);
          sums.row(r) += lists.value[static_cast<std::size_t>(e)] * x;
          dots[static_cast<std::size_t>(e)] = old.row(r).dot(x);
        }
      }
      Floats P(panel), both(start), partial(rows * lists.stride * 16);
      // Rows in a wider matrix, of which only these columns may change.
      MatrixF added = MatrixF::Constant(rows, width + 5, 7), expected = added;
      const Index columns = width - samples % 16;
      added.leftCols(columns) = start.leftCols(columns);
      expected.leftCols(columns) = sums.leftCols(columns);
      kernels->add(P.data(), width, lists.pairs(), {added.data(), width + 5, columns});
      EXPECT_TRUE(added == expected) << width << " " << samples;

      // Partial sums twice: stored, then added to what is there, the second time without rows.
      MatrixF O = old, S = start;
      const PanelRows<const float> old_rows{O.data(), width, width},
          start_rows{S.data(), width, width};
      kernels->add_and_dot(P.data(), width, lists.pairs(), old_rows, true, start_rows, both.data(),
                           partial.data());
      EXPECT_TRUE(both.matrix(rows, width) == sums) << width << " " << samples;
      Floats from_zero(rows * width);
      kernels->add_and_dot(P.data(), width, lists.pairs(), old_rows, true, {nullptr, 0, width},
                           from_zero.data(), partial.data());
      EXPECT_TRUE(from_zero.matrix(rows, width) == sums - start) << width << " " << samples;
      kernels->add_and_dot(P.data(), width, lists.pairs(), old_rows, false, {}, nullptr,
                           partial.data());
      kernels->fold(partial.data(), 0.25F, lists.pairs());
      for (Index r = 0; r < rows; ++r) {
        for (Index e = r * lists.stride, end = e + lists.count[static_cast<std::size_t>(r)];
             e < end; ++e) {
          EXPECT_EQ(lists.value[static_cast<std::size_t>(e)],
                    0.5F * dots[static_cast<std::size_t>(e)]);
        }
      }
    }
  }
}

}  // namespace
}  // namespace twofold::ops
