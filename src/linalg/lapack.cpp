#include "lapack.hpp"

#include <cstdlib>

namespace twofold::lapack {
namespace {

#if defined(__x86_64__)

// Debian 12's OpenBLAS knows no Intel processor younger than itself and gives it the kernels of the
// oldest, with a quarter of the speed. @return the name of better ones, or nullptr.
const char* better_kernels() {
  __builtin_cpu_init();
  if (!__builtin_cpu_is("intel")) return nullptr;
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    return __builtin_cpu_supports("avx512bf16") ? "COOPERLAKE" : "SKYLAKEX";
  }
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? "HASWELL" : nullptr;
}

// OpenBLAS takes a choice of kernels from its environment only, which it reads once, when it is
// loaded: here, before main has started a thread that could read the environment meanwhile. Then
// the choice is taken back, as another OpenBLAS in this process, or a child, makes its own.
[[gnu::constructor(101)]] void start_with_better_kernels() {
  constexpr const char* kCoreType = "OPENBLAS_CORETYPE";
  const char* kernels = better_kernels();
  if (kernels == nullptr || std::getenv(kCoreType) != nullptr) return;
  if (setenv(kCoreType, kernels, 0) != 0) return;
  gotoblas_init();
  unsetenv(kCoreType);
}

#endif

}  // namespace

void use_one_thread_per_call() {
  static const bool done = [] {
    openblas_set_num_threads(1);
    blas_thread_shutdown_();  // OpenBLAS starts a thread per core when it is loaded
    return true;
  }();
  (void)done;
}

}  // namespace twofold::lapack
