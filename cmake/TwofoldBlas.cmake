# BLAS and LAPACK: OpenBLAS, linked statically. This copy is ours alone: it is told to use
# one thread per call (src/linalg/lapack.cpp) and a second OpenBLAS in the same process
# (numpy's) keeps its own settings. The pthread flavour, because the serial one of Debian 12
# hands the same work buffer to two calling threads once in a while: its allocator tests and
# sets a flag without a lock. tests/linalg/concurrency_test.cpp would show it.
# Used by the build and, installed, by twofold-config.cmake.
if(NOT TARGET twofold_blas)
  find_library(TWOFOLD_OPENBLAS_LIBRARY libopenblas.a
    PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-pthread
          /usr/lib/${CMAKE_CXX_LIBRARY_ARCHITECTURE}/openblas-pthread
    NO_DEFAULT_PATH)
  if(NOT TWOFOLD_OPENBLAS_LIBRARY)
    message(FATAL_ERROR "The static OpenBLAS (pthread) was not found: install "
                        "libopenblas-pthread-dev, or set TWOFOLD_OPENBLAS_LIBRARY to its "
                        "libopenblas.a")
  endif()
  add_library(twofold_blas INTERFACE IMPORTED)
  target_link_libraries(twofold_blas INTERFACE ${TWOFOLD_OPENBLAS_LIBRARY} gfortran Threads::Threads m)
endif()
