#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <iterator>

#include "twofold/core/random.hpp"
#include "twofold/linalg/gemm.hpp"

namespace twofold {
namespace {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

MatrixF normal_matrix(Index rows, Index columns, std::uint64_t index) {
  MatrixF A(rows, columns);
  RandomStream(1, "concurrency")
      .fill_normal(index, std::span<float>(A.data(), static_cast<std::size_t>(A.size())));
  return A;
}

// Products on several threads at once must not share work buffers. A BLAS that is not safe to
// call concurrently (Debian's serial OpenBLAS) fails here.
TEST(Gemm, ConcurrentCallsGiveTheBitsOfASingleCall) {
  const MatrixF X = normal_matrix(32, 196, 0), W = normal_matrix(256, 196, 1);
  MatrixF Z(32, 256), G(256, 196);
  gemm(Trans::No, Trans::Yes, 1.0f, X, W, 0.0f, Z);
  gemm(Trans::Yes, Trans::No, 1.0f, Z, X, 0.0f, G);
  ThreadPool pool(4);
  std::atomic<int> wrong{0};
  pool.run(4, [&](Index) {
    MatrixF z(32, 256), g(256, 196);
    for (int repeat = 0; repeat < 2000; ++repeat) {
      gemm(Trans::No, Trans::Yes, 1.0f, X, W, 0.0f, z);
      gemm(Trans::Yes, Trans::No, 1.0f, z, X, 0.0f, g);
      if (z != Z || g != G) ++wrong;
    }
  });
  EXPECT_EQ(wrong.load(), 0);
}

// The pool is the only source of threads: a product without one runs in a process of one thread.
TEST(Gemm, LeavesNoThreadsOfTheBlasBehind) {
  const std::filesystem::path tasks = "/proc/self/task";
  if (!std::filesystem::exists(tasks)) GTEST_SKIP() << "no /proc on this system";
  const MatrixF X = normal_matrix(300, 300, 2);
  MatrixF Z(300, 300);
  gemm(Trans::No, Trans::No, 1.0f, X, X, 0.0f, Z);
  const auto count = std::distance(std::filesystem::directory_iterator(tasks), {});
  // ThreadSanitizer and AddressSanitizer may run a thread of their own.
  EXPECT_LE(count, kSanitized ? 2 : 1);
}

}  // namespace
}  // namespace twofold
