# Installs the headers and a CMake package, so that find_package(glia) gives glia::glia.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_folder ${CMAKE_INSTALL_DATADIR}/cmake/glia)

install(TARGETS glia EXPORT glia FILE_SET HEADERS)
install(EXPORT glia NAMESPACE glia:: FILE gliaTargets.cmake DESTINATION ${package_folder})

configure_package_config_file(cmake/gliaConfig.cmake.in gliaConfig.cmake
                              INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(gliaConfigVersion.cmake COMPATIBILITY SameMajorVersion
                                 ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/gliaConfig.cmake ${PROJECT_BINARY_DIR}/gliaConfigVersion.cmake
        DESTINATION ${package_folder})
install(DIRECTORY cmake/modules DESTINATION ${package_folder})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
