# Everything comes from the system's packages (tools/packages.txt); nothing is fetched here.
find_package(Threads REQUIRED)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(Boost 1.74 REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(ZLIB REQUIRED)
find_path(RANDOM123_INCLUDE_DIR Random123/philox.h REQUIRED)
find_path(DLIB_INCLUDE_DIR dlib/optimization/max_cost_assignment.h REQUIRED)
find_path(TOMLPLUSPLUS_INCLUDE_DIR toml++/toml.h REQUIRED)

# BLAS and LAPACK: the serial OpenBLAS, linked statically. One thread per call is
# then a property of the library, not a global setting of the user's process, and
# a second OpenBLAS in the same process (numpy's) is left alone.
find_library(OPENBLAS_SERIAL_LIBRARY libopenblas.a REQUIRED
  PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-serial
        /usr/lib/${CMAKE_CXX_LIBRARY_ARCHITECTURE}/openblas-serial
  NO_DEFAULT_PATH)
add_library(twofold_blas INTERFACE)
target_link_libraries(twofold_blas INTERFACE ${OPENBLAS_SERIAL_LIBRARY} gfortran Threads::Threads m)
