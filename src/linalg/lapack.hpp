// The BLAS and LAPACK routines in use, declared by hand: OpenBLAS installs no C header
// for LAPACK, and its cblas.h would leak macros.
#pragma once

#include <cstddef>
#include <limits>
#include <string>

#include "twofold/core/error.hpp"
#include "twofold/linalg/matrix.hpp"

namespace twofold::lapack {

/// LAPACK stores columns; a row-major matrix of ours reads as its transpose there.
using ColumnMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::ColMajor>;

// Values of the enumerations of cblas.h.
inline constexpr int kRowMajor = 101, kNoTrans = 111, kTrans = 112;

// The trailing sizes are the lengths gfortran passes for each character argument.
extern "C" {
void gotoblas_init();  // what OpenBLAS does once, when it is loaded, unless called before
void openblas_set_num_threads(int threads);
char* openblas_get_corename();
int blas_thread_shutdown_();
void cblas_sgemm(int order, int trans_a, int trans_b, int m, int n, int k, float alpha,
                 const float* a, int lda, const float* b, int ldb, float beta, float* c, int ldc);
void cblas_dgemm(int order, int trans_a, int trans_b, int m, int n, int k, double alpha,
                 const double* a, int lda, const double* b, int ldb, double beta, double* c,
                 int ldc);
void dsyevd_(const char* job, const char* uplo, const int* n, double* a, const int* lda, double* w,
             double* work, const int* lwork, int* iwork, const int* liwork, int* info,
             std::size_t job_length, std::size_t uplo_length);
void dgeqrf_(const int* m, const int* n, double* a, const int* lda, double* tau, double* work,
             const int* lwork, int* info);
void dorgqr_(const int* m, const int* n, const int* k, double* a, const int* lda, const double* tau,
             double* work, const int* lwork, int* info);
void dgesdd_(const char* job, const int* m, const int* n, double* a, const int* lda, double* s,
             double* u, const int* ldu, double* vt, const int* ldvt, double* work, const int* lwork,
             int* iwork, int* info, std::size_t job_length);
}

/// To be called before any routine above: makes OpenBLAS compute on the calling thread only.
/// Our pool is the one source of threads, and a fixed thread count is what fixes the bits.
void use_one_thread_per_call();

/// A size as the 32-bit integer of this BLAS. Throws InvalidArgument if it does not fit.
inline int size(Index n) {
  if (n > std::numeric_limits<int>::max()) {
    throw InvalidArgument("linalg::lapack", "a dimension exceeds 2^31 - 1: " + std::to_string(n));
  }
  return static_cast<int>(n);
}

}  // namespace twofold::lapack
