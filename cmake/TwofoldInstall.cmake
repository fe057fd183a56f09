# make install: headers, one static library per layer, the CMake package, twofold.pc, the tool.
include(CMakePackageConfigHelpers)
get_property(layers GLOBAL PROPERTY TWOFOLD_LAYERS)
set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/twofold)

install(TARGETS ${layers} twofold EXPORT twofold-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/twofold DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.hpp")
install(EXPORT twofold-targets NAMESPACE twofold:: DESTINATION ${config_dir})
configure_package_config_file(cmake/twofold-config.cmake.in ${PROJECT_BINARY_DIR}/twofold-config.cmake
                              INSTALL_DESTINATION ${config_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/twofold-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/twofold-config.cmake
              ${PROJECT_BINARY_DIR}/twofold-config-version.cmake
              cmake/TwofoldBlas.cmake
        DESTINATION ${config_dir})

# pkg-config knows no link order between the layers: they go in as one group.
list(TRANSFORM layers PREPEND "-l" OUTPUT_VARIABLE layer_flags)
list(JOIN layer_flags " " TWOFOLD_LAYER_FLAGS)
file(RELATIVE_PATH TWOFOLD_PREFIX /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(cmake/twofold.pc.in ${PROJECT_BINARY_DIR}/twofold.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/twofold.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(TARGET twofold_tool)
  install(TARGETS twofold_tool RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(DIRECTORY experiments DESTINATION ${CMAKE_INSTALL_DATADIR}/twofold)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
