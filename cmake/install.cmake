# Installs the headers and a CMake package, so that find_package(glia) gives glia::glia. The build
# folder is such a package too.
include(CMakePackageConfigHelpers)

set(package_folder ${CMAKE_INSTALL_DATADIR}/cmake/glia)

install(DIRECTORY include/glia DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS glia EXPORT glia)
install(EXPORT glia NAMESPACE glia:: FILE gliaTargets.cmake DESTINATION ${package_folder})
export(EXPORT glia NAMESPACE glia:: FILE gliaTargets.cmake)

configure_package_config_file(cmake/gliaConfig.cmake.in gliaConfig.cmake
                              INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(gliaConfigVersion.cmake COMPATIBILITY SameMajorVersion
                                 ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/gliaConfig.cmake ${PROJECT_BINARY_DIR}/gliaConfigVersion.cmake
        DESTINATION ${package_folder})
install(DIRECTORY cmake/modules DESTINATION ${package_folder})
file(COPY cmake/modules DESTINATION ${PROJECT_BINARY_DIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
