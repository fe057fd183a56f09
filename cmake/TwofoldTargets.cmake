# twofold_layer(NAME SOURCES ... DEPENDS ... PRIVATE_INCLUDES ... LINKS ...): one layer, one library.

add_library(twofold_options INTERFACE)
target_compile_options(twofold_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wconversion
  -Wno-sign-conversion -Wno-missing-field-initializers -ffp-contract=off
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>  # false alarms on std::string, GCC PR 105651
  $<$<BOOL:${TWOFOLD_WERROR}>:-Werror>)
if(TWOFOLD_SANITIZE)
  target_compile_options(twofold_options INTERFACE -fsanitize=${TWOFOLD_SANITIZE} -fno-omit-frame-pointer
                                                   -fno-sanitize-recover=all)
  target_link_options(twofold_options INTERFACE -fsanitize=${TWOFOLD_SANITIZE})
endif()

set_property(GLOBAL PROPERTY TWOFOLD_LAYERS "")

function(twofold_layer name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;LINKS;PRIVATE_INCLUDES" ${ARGN})
  add_library(twofold_${name} STATIC ${arg_SOURCES})
  add_library(twofold::${name} ALIAS twofold_${name})
  target_include_directories(twofold_${name}
    PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_include_directories(twofold_${name} SYSTEM PRIVATE ${arg_PRIVATE_INCLUDES})
  target_compile_features(twofold_${name} PUBLIC cxx_std_20)
  target_link_libraries(twofold_${name} PRIVATE $<BUILD_INTERFACE:twofold_options>)
  list(TRANSFORM arg_DEPENDS PREPEND twofold_)
  target_link_libraries(twofold_${name} PUBLIC ${arg_DEPENDS} ${arg_LINKS})
  set_target_properties(twofold_${name} PROPERTIES EXPORT_NAME ${name})
  set_property(GLOBAL APPEND PROPERTY TWOFOLD_LAYERS twofold_${name})
endfunction()
