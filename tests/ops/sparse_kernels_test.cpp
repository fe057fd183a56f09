// Every instruction set gives the bits of the plain loops. One that this machine lacks is skipped.
#include "ops/sparse_kernels.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <vector>

#include "twofold/core/random.hpp"

namespace twofold::ops {
namespace {

template <typename Scalar>
class SparseKernelsTest : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(SparseKernelsTest, Scalars);

constexpr std::size_t kGuard = 16;

// Vectors sized exactly: the address sanitizer sees a read beyond.
template <typename Scalar>
std::vector<Scalar> normal(Index count, std::uint64_t index) {
  std::vector<Scalar> x(static_cast<std::size_t>(count));
  RandomStream(3, "sparse kernels test").fill_normal(index, std::span(x));
  return x;
}

// Equality of bits, but any NaN equals any other.
template <typename Scalar>
bool same_bits(const std::vector<Scalar>& a, const std::vector<Scalar>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    const bool nan = std::isnan(a[i]) && std::isnan(b[i]);
    if (!nan && std::memcmp(&a[i], &b[i], sizeof(Scalar)) != 0) return false;
  }
  return a.size() == b.size();
}

template <typename Scalar>
std::vector<const SparseKernels<Scalar>*> fast_kernels() {
  std::vector<const SparseKernels<Scalar>*> all{avx2_sparse_kernels<Scalar>(),
                                                avx512_sparse_kernels<Scalar>()};
  std::erase(all, nullptr);
  return all;
}

// What one instruction set keeps of z. The places behind `room` are part of the result: nothing
// may be written there.
template <typename Scalar>
struct Kept {
  Index above, magnitude;
  std::vector<std::int32_t> index;
  std::vector<Scalar> value;

  Kept(const SparseKernels<Scalar>& kernels, const std::vector<Scalar>& z) {
    const auto room = z.size() + static_cast<std::size_t>(kLanes<Scalar>);
    std::vector<std::int32_t> places(room + kGuard, -7);
    std::vector<Scalar> values(room + kGuard, 7);
    above = kernels.keep_above(z.data(), std::ssize(z), 5, Scalar(-0.5), Scalar(0.25),
                               places.data(), values.data());
    take(places, values, above, room);
    magnitude =
        kernels.keep_magnitude(z.data(), std::ssize(z), 5, Scalar(1), places.data(), values.data());
    take(places, values, magnitude, room);
  }

 private:
  void take(const std::vector<std::int32_t>& places, const std::vector<Scalar>& values, Index count,
            std::size_t room) {
    index.insert(index.end(), places.begin(), places.begin() + count);
    value.insert(value.end(), values.begin(), values.begin() + count);
    index.insert(index.end(), places.begin() + static_cast<Index>(room), places.end());
    value.insert(value.end(), values.begin() + static_cast<Index>(room), values.end());
  }
};

TYPED_TEST(SparseKernelsTest, KeepTheSameEntries) {
  for (const Index m : {1, 3, 7, 8, 9, 15, 16, 17, 31, 33, 100, 256}) {
    std::vector<TypeParam> z = normal<TypeParam>(m, static_cast<std::uint64_t>(m));
    z[0] = TypeParam(1);  // a tie
    z[static_cast<std::size_t>(m) / 2] = std::numeric_limits<TypeParam>::quiet_NaN();
    z[static_cast<std::size_t>(m) - 1] = TypeParam(-1);
    const Kept<TypeParam> expected(portable_sparse_kernels<TypeParam>(), z);
    for (const auto* kernels : fast_kernels<TypeParam>()) {
      const Kept<TypeParam> kept(*kernels, z);
      EXPECT_EQ(kept.above, expected.above) << kernels->name << " m=" << m;
      EXPECT_EQ(kept.magnitude, expected.magnitude) << kernels->name << " m=" << m;
      EXPECT_EQ(kept.index, expected.index) << kernels->name << " m=" << m;
      EXPECT_TRUE(same_bits(kept.value, expected.value)) << kernels->name << " m=" << m;
    }
  }
}

TYPED_TEST(SparseKernelsTest, FindTheSameMaxima) {
  const SparseKernels<TypeParam>& portable = portable_sparse_kernels<TypeParam>();
  for (const Index m : {1, 9, 17, 40, 100, 257}) {
    std::vector<TypeParam> z = normal<TypeParam>(m, static_cast<std::uint64_t>(m));
    z[static_cast<std::size_t>(m) / 2] = std::numeric_limits<TypeParam>::quiet_NaN();
    for (const Index count : {kLanes<TypeParam>, 3 * kLanes<TypeParam>}) {
      std::vector<TypeParam> expected(static_cast<std::size_t>(count) + kGuard, 7),
          found = expected;
      for (const auto* kernels : fast_kernels<TypeParam>()) {
        portable.largest_magnitudes(z.data(), m, count, expected.data());
        kernels->largest_magnitudes(z.data(), m, count, found.data());
        EXPECT_TRUE(same_bits(found, expected)) << kernels->name << " m=" << m;
        portable.largest_values(z.data(), m, count, expected.data());
        kernels->largest_values(z.data(), m, count, found.data());
        EXPECT_TRUE(same_bits(found, expected)) << kernels->name << " m=" << m;
      }
    }
  }
}

// Rows of d numbers, and a sum over `count` of them.
template <typename Scalar>
struct Sums {
  static constexpr Index kRows = 9;
  Index d, count;
  std::vector<Scalar> a, b, first, second, x;
  std::vector<std::int32_t> row;

  Sums(Index length, Index terms)
      : d(length),
        count(terms),
        a(normal<Scalar>(kRows * d, 1)),
        b(normal<Scalar>(kRows * d, 2)),
        first(normal<Scalar>(count, 3)),
        second(normal<Scalar>(count, 4)),
        x(normal<Scalar>(d, 5)) {
    for (Index e = 0; e < count; ++e) row.push_back(static_cast<std::int32_t>(5 * e % kRows));
  }

  [[nodiscard]] std::vector<Scalar> results(const SparseKernels<Scalar>& kernels) const {
    const auto size = static_cast<std::size_t>(d);
    const Rows<Scalar> A{a.data(), d, d}, B{b.data(), d, d};
    const Terms<Scalar> one{row.data(), first.data(), nullptr, count};
    const Terms<Scalar> two{row.data(), first.data(), second.data(), count};
    std::vector<Scalar> all, out(size + kGuard, 7), dots(row.size() + kGuard, 7);
    const auto take = [&](const std::vector<Scalar>& v) {
      all.insert(all.end(), v.begin(), v.end());
    };
    all.push_back(static_cast<Scalar>(kernels.residual(x.data(), A, one, out.data())));
    take(out);
    kernels.dots(x.data(), A, row.data(), count, dots.data());
    take(dots);
    kernels.combine(A, B, one, Scalar(0.3), false, out.data());
    take(out);
    kernels.combine(A, B, two, Scalar(-0.7), true, out.data());
    take(out);
    return all;
  }
};

TYPED_TEST(SparseKernelsTest, GiveTheSameSums) {
  for (const Index d : {1, 3, 7, 8, 9, 16, 17, 63, 64, 65, 127, 129, 256, 300, 340}) {
    for (const Index count : {Index{0}, Index{1}, Index{5}, kChunk, kChunk + 1}) {
      const Sums<TypeParam> sums(d, count);
      const auto expected = sums.results(portable_sparse_kernels<TypeParam>());
      for (const auto* kernels : fast_kernels<TypeParam>()) {
        EXPECT_TRUE(same_bits(sums.results(*kernels), expected))
            << kernels->name << " d=" << d << " terms=" << count;
      }
    }
  }
}

}  // namespace
}  // namespace twofold::ops
