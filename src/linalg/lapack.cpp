#include "lapack.hpp"

#include <cstdlib>

namespace twofold::lapack {

#if defined(__x86_64__)

namespace {

constexpr const char* kCoreType = "OPENBLAS_CORETYPE";
bool chosen_here = false;

// Debian 12's OpenBLAS knows no Intel processor younger than itself and gives it the kernels of the
// oldest, with a quarter of the speed. It reads this variable once, when it is loaded: later.
[[gnu::constructor(101)]] void choose_kernels() {
  __builtin_cpu_init();
  if (!__builtin_cpu_is("intel") || std::getenv(kCoreType) != nullptr) return;
  const char* kernels = nullptr;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) kernels = "HASWELL";
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    kernels = __builtin_cpu_supports("avx512bf16") ? "COOPERLAKE" : "SKYLAKEX";
  }
  chosen_here = kernels != nullptr && setenv(kCoreType, kernels, 0) == 0;
}

// For no other program: another OpenBLAS in this process, or a child, chooses for itself.
void forget_choice() {
  if (chosen_here) unsetenv(kCoreType);
}

}  // namespace

#else

namespace {

void forget_choice() {}

}  // namespace

#endif

void use_one_thread_per_call() {
  static const bool done = [] {
    openblas_set_num_threads(1);
    blas_thread_shutdown_();  // OpenBLAS starts a thread per core when it is loaded
    forget_choice();
    return true;
  }();
  (void)done;
}

}  // namespace twofold::lapack
