// SparseKernels on vector registers. A source of one instruction set defines TWOFOLD_TARGET, the
// attribute that allows its instructions, includes this file and gives SparseSimd a struct of the
// operations on 64 bytes of numbers. Nothing here exists elsewhere.
#pragma once

#include <algorithm>

#include "sparse_kernels.hpp"

#ifndef TWOFOLD_TARGET
#error "for the sources that define an instruction set"
#endif

#define TWOFOLD_INLINE TWOFOLD_TARGET __attribute__((always_inline)) inline

namespace twofold::ops {
namespace {

// Simd: Scalar, Register, kAccumulators (registers that hold sums), zero, set, load and store of
// all or of the first n numbers (the others read as 0), add, multiply_add(a, b, c) = ab + c,
// subtract_multiple(a, b, c) = c − ab, sum (halves onto halves), magnitude, larger(v, than)
// which is `than` where v is NaN, above and at_least in
// magnitude, both with NaN (bits), and keep(bits, i, v, index, value), which appends and returns
// how many.
template <typename Simd>
struct SparseSimd {
  using Scalar = typename Simd::Scalar;
  using Register = typename Simd::Register;
  static constexpr Index kWidth = kLanes<Scalar>;

  TWOFOLD_INLINE static Register load(const Scalar* p, Index left) {
    return left >= kWidth ? Simd::load(p) : Simd::load(p, left);
  }

  TWOFOLD_TARGET static Index keep_above(const Scalar* z, Index m, Index start, Scalar shift,
                                         Scalar threshold, std::int32_t* index,
                                         Scalar* value) noexcept {
    const Register by = Simd::set(shift), limit = Simd::set(threshold);
    Index kept = 0;
    for (Index i = 0; i < m; i += kWidth) {
      const Register v = Simd::add(load(z + i, m - i), by);
      const auto bits = Simd::above(v, limit) & first(m - i);
      kept += Simd::keep(bits, start + i, v, index + kept, value + kept);
    }
    return kept;
  }

  TWOFOLD_TARGET static Index keep_magnitude(const Scalar* z, Index m, Index start,
                                             Scalar threshold, std::int32_t* index,
                                             Scalar* value) noexcept {
    const Register limit = Simd::set(threshold);
    Index kept = 0;
    for (Index i = 0; i < m; i += kWidth) {
      const Register v = load(z + i, m - i);
      const auto bits = Simd::at_least(v, limit) & first(m - i);
      kept += Simd::keep(bits, start + i, v, index + kept, value + kept);
    }
    return kept;
  }

  template <bool kMagnitude>
  TWOFOLD_TARGET static void largest(const Scalar* z, Index m, Index count,
                                     Scalar* largest) noexcept {
    for (Index l = 0; l < count; l += kWidth) {
      Register most = Simd::zero();
      for (Index i = l; i < m; i += count) {
        const Register v = load(z + i, m - i);
        most = Simd::larger(kMagnitude ? Simd::magnitude(v) : v, most);
      }
      Simd::store(largest + l, most);
    }
  }

  TWOFOLD_TARGET static double residual(const Scalar* start, const Rows<Scalar>& A,
                                        const Terms<Scalar>& terms, Scalar* out) noexcept {
    Register squares = Simd::zero();
    for (Index j = 0; j < A.length;) {
      const Index left = A.length - j;
      if (Simd::kAccumulators == 16 && left >= 16 * kWidth) {
        squares = residual_panel<16, false>(start, A, terms, out, j, left, squares);
        j += 16 * kWidth;
      } else if (left >= 4 * kWidth) {
        squares = residual_panel<4, false>(start, A, terms, out, j, left, squares);
        j += 4 * kWidth;
      } else if (left >= kWidth) {
        squares = residual_panel<1, false>(start, A, terms, out, j, left, squares);
        j += kWidth;
      } else {
        squares = residual_panel<1, true>(start, A, terms, out, j, left, squares);
        j = A.length;
      }
    }
    return static_cast<double>(Simd::sum(squares));
  }

  TWOFOLD_TARGET static void dots(const Scalar* x, const Rows<Scalar>& A, const std::int32_t* row,
                                  Index count, Scalar* out) noexcept {
    // Their sums fill the registers, and x is loaded once for all of them.
    constexpr Index kAtOnce = Simd::kAccumulators / kGroups;
    Index e = 0;
    for (; e + kAtOnce <= count; e += kAtOnce) {
      for (Index r = e + kAtOnce; r < std::min(count, e + 2 * kAtOnce); ++r) start_of(A[row[r]]);
      dot<kAtOnce>(x, A, row + e, out + e);
    }
    for (; e < count; ++e) dot<1>(x, A, row + e, out + e);
  }

  TWOFOLD_TARGET static void combine(const Rows<Scalar>& A, const Rows<Scalar>& B,
                                     const Terms<Scalar>& terms, Scalar factor, bool add,
                                     Scalar* out) noexcept {
    if (terms.second != nullptr) {
      combine_columns<true>(A, B, terms, factor, add, out);
    } else {
      combine_columns<false>(A, B, terms, factor, add, out);
    }
  }

 private:
  TWOFOLD_INLINE static unsigned first(Index count) {
    return count >= kWidth ? ~0U : (1U << count) - 1U;
  }
  // kPartial: one register of which `left` numbers are there.
  template <bool kPartial>
  TWOFOLD_INLINE static Register load_some(const Scalar* p, Index left) {
    if constexpr (kPartial) return Simd::load(p, left);
    return Simd::load(p);
  }
  template <bool kPartial>
  TWOFOLD_INLINE static void store_some(Scalar* p, Register v, Index left) {
    if constexpr (kPartial) {
      Simd::store(p, v, left);
    } else {
      Simd::store(p, v);
    }
  }

  template <int kCount, bool kPartial>
  TWOFOLD_INLINE static Register residual_panel(const Scalar* start, const Rows<Scalar>& A,
                                                const Terms<Scalar>& terms, Scalar* out, Index j,
                                                Index left, Register squares) {
    Register sum[kCount];
#pragma GCC unroll 16
    for (int g = 0; g < kCount; ++g) sum[g] = load_some<kPartial>(start + j + g * kWidth, left);
    for (Index e = 0; e < terms.count; ++e) {
      const Register weight = Simd::set(terms.first[e]);
      const Scalar* a = A[terms.row[e]] + j;
#pragma GCC unroll 16
      for (int g = 0; g < kCount; ++g) {
        const Register v = load_some<kPartial>(a + g * kWidth, left);
        sum[g] = Simd::subtract_multiple(weight, v, sum[g]);
      }
    }
#pragma GCC unroll 16
    for (int g = 0; g < kCount; ++g) {
      squares = Simd::multiply_add(sum[g], sum[g], squares);
      store_some<kPartial>(out + j + g * kWidth, sum[g], left);
    }
    return squares;
  }

  // Rows lie anywhere in memory: the processor fetches ahead only what it sees begin.
  TWOFOLD_INLINE static void start_of(const Scalar* row) {
    for (Index g = 0; g < kGroups; ++g) __builtin_prefetch(row + g * kWidth);
  }

  template <Index kRows>
  TWOFOLD_INLINE static void dot(const Scalar* x, const Rows<Scalar>& A, const std::int32_t* row,
                                 Scalar* out) {
    Register sum[kRows][kGroups];
    const Scalar* a[kRows];
#pragma GCC unroll 4
    for (Index r = 0; r < kRows; ++r) {
      a[r] = A[row[r]];
#pragma GCC unroll 4
      for (Index g = 0; g < kGroups; ++g) sum[r][g] = Simd::zero();
    }
    Index j = 0;
    for (; j + kGroups * kWidth <= A.length; j += kGroups * kWidth) {
#pragma GCC unroll 4
      for (Index g = 0; g < kGroups; ++g) {
        const Register v = Simd::load(x + j + g * kWidth);
#pragma GCC unroll 4
        for (Index r = 0; r < kRows; ++r) {
          sum[r][g] = Simd::multiply_add(v, Simd::load(a[r] + j + g * kWidth), sum[r][g]);
        }
      }
    }
#pragma GCC unroll 4
    for (Index g = 0; g < kGroups; ++g) {
      const Index at = j + g * kWidth, left = A.length - at;
      if (left <= 0) break;
      const Register v = load(x + at, left);
#pragma GCC unroll 4
      for (Index r = 0; r < kRows; ++r) {
        sum[r][g] = Simd::multiply_add(v, load(a[r] + at, left), sum[r][g]);
      }
    }
#pragma GCC unroll 4
    for (Index r = 0; r < kRows; ++r) {
      out[r] =
          Simd::sum(Simd::add(Simd::add(sum[r][0], sum[r][1]), Simd::add(sum[r][2], sum[r][3])));
    }
  }

  template <bool kSecond>
  TWOFOLD_INLINE static void combine_columns(const Rows<Scalar>& A, const Rows<Scalar>& B,
                                             const Terms<Scalar>& terms, Scalar factor, bool add,
                                             Scalar* out) {
    for (Index j = 0; j < A.length;) {
      const Index left = A.length - j;
      if (Simd::kAccumulators == 16 && left >= 16 * kWidth) {
        combine_panel<16, kSecond, false>(A, B, terms, factor, add, out, j, left);
        j += 16 * kWidth;
      } else if (left >= 4 * kWidth) {
        combine_panel<4, kSecond, false>(A, B, terms, factor, add, out, j, left);
        j += 4 * kWidth;
      } else if (left >= kWidth) {
        combine_panel<1, kSecond, false>(A, B, terms, factor, add, out, j, left);
        j += kWidth;
      } else {
        combine_panel<1, kSecond, true>(A, B, terms, factor, add, out, j, left);
        j = A.length;
      }
    }
  }

  template <int kCount, bool kSecond, bool kPartial>
  TWOFOLD_INLINE static void combine_panel(const Rows<Scalar>& A, const Rows<Scalar>& B,
                                           const Terms<Scalar>& terms, Scalar factor, bool add,
                                           Scalar* out, Index j, Index left) {
    const Register scale = Simd::set(factor);
    for (Index begin = 0; begin < terms.count || begin == 0; begin += kChunk) {
      const Index end = std::min(begin + kChunk, terms.count);
      Register sum[kCount];
#pragma GCC unroll 16
      for (int g = 0; g < kCount; ++g) sum[g] = Simd::zero();
      for (Index e = begin; e < end; ++e) {
        add_term<kCount, kPartial>(terms.first[e], A[terms.row[e]] + j, left, sum);
        if constexpr (kSecond) {
          add_term<kCount, kPartial>(terms.second[e], B[terms.row[e]] + j, left, sum);
        }
      }
#pragma GCC unroll 16
      for (int g = 0; g < kCount; ++g) {
        Scalar* to = out + j + g * kWidth;
        const Register old = add || begin > 0 ? load_some<kPartial>(to, left) : Simd::zero();
        store_some<kPartial>(to, Simd::multiply_add(scale, sum[g], old), left);
      }
    }
  }

  template <int kCount, bool kPartial>
  TWOFOLD_INLINE static void add_term(Scalar weight, const Scalar* row, Index left,
                                      Register (&sum)[kCount]) {
    const Register w = Simd::set(weight);
#pragma GCC unroll 16
    for (int g = 0; g < kCount; ++g) {
      sum[g] = Simd::multiply_add(w, load_some<kPartial>(row + g * kWidth, left), sum[g]);
    }
  }

 public:
  static constexpr SparseKernels<Scalar> kernels{Simd::name,    keep_above,     keep_magnitude,
                                                 largest<true>, largest<false>, residual,
                                                 dots,          combine};
};

}  // namespace
}  // namespace twofold::ops
