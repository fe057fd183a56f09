#include "lapack.hpp"

namespace twofold::lapack {

void use_one_thread_per_call() {
  static const bool done = [] {
    openblas_set_num_threads(1);
    blas_thread_shutdown_();  // OpenBLAS starts a thread per core when it is loaded
    return true;
  }();
  (void)done;
}

}  // namespace twofold::lapack
