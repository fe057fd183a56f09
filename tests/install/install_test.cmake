# cmake -DBUILD=... -DWORK=... -DCXX=... -P install_test.cmake
# Installs twofold into WORK/prefix and builds the consumer against it, with CMake and with pkg-config.
set(prefix ${WORK}/prefix)
set(consumer ${CMAKE_CURRENT_LIST_DIR}/consumer)
file(REMOVE_RECURSE ${WORK})

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})
foreach(file share/twofold/experiments include/twofold/core/random.hpp)
  if(NOT EXISTS ${prefix}/${file})
    message(FATAL_ERROR "not installed: ${file}")
  endif()
endforeach()

message("-- consumer with find_package")
run(${CMAKE_COMMAND} -S ${consumer} -B ${WORK}/cmake -G Ninja -DCMAKE_PREFIX_PATH=${prefix}
    -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_BUILD_TYPE=Release)
run(${CMAKE_COMMAND} --build ${WORK}/cmake)
run(${WORK}/cmake/consumer)

message("-- consumer with pkg-config")
file(GLOB_RECURSE pc ${prefix}/twofold.pc)
get_filename_component(pc_dir "${pc}" DIRECTORY)
run(sh -c "'${CXX}' '${consumer}/main.cpp' $(PKG_CONFIG_PATH='${pc_dir}' pkg-config --cflags --libs twofold) -o '${WORK}/with_pkg_config'")
run(${WORK}/with_pkg_config)
