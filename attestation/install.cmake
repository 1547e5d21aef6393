# The verifier as a product of its own, `cmake --install BUILD --component dev`: base, tdx, attestation and
# reference as one library, its headers under include/rpl (rooted as here: "attestation/verify.h"), and
# rpl-attestation.pc. A plain install leaves it out.
include(GNUInstallDirs)
if(RPL_SANITIZE OR RPL_COVERAGE)
  return()
endif()
foreach(kind STATIC SHARED)
  string(TOLOWER rpl-product-${kind} product)
  add_library(${product} ${kind} $<TARGET_OBJECTS:rpl-base> $<TARGET_OBJECTS:rpl-tdx>
    $<TARGET_OBJECTS:rpl-attestation> $<TARGET_OBJECTS:rpl-reference>)
  set_target_properties(${product} PROPERTIES OUTPUT_NAME rpl-attestation LINKER_LANGUAGE C
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
    ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/product
    LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/product)
  install(TARGETS ${product} ARCHIVE COMPONENT dev EXCLUDE_FROM_ALL LIBRARY COMPONENT dev EXCLUDE_FROM_ALL)
endforeach()
target_link_libraries(rpl-product-shared PRIVATE PkgConfig::SODIUM PkgConfig::CRYPTO
  PkgConfig::JANSSON Threads::Threads)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/base ${PROJECT_SOURCE_DIR}/attestation
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/rpl COMPONENT dev EXCLUDE_FROM_ALL
  FILES_MATCHING PATTERN "*.h" PATTERN net EXCLUDE PATTERN policy EXCLUDE)
# At the time of installation, so that --prefix counts.
install(CODE "set(CMAKE_INSTALL_LIBDIR \"${CMAKE_INSTALL_LIBDIR}\")
set(CMAKE_INSTALL_INCLUDEDIR \"${CMAKE_INSTALL_INCLUDEDIR}\")
set(PROJECT_VERSION \"${PROJECT_VERSION}\")
configure_file(\"${CMAKE_CURRENT_SOURCE_DIR}/rpl-attestation.pc.in\"
  \"${PROJECT_BINARY_DIR}/product/rpl-attestation.pc\" @ONLY)" COMPONENT dev EXCLUDE_FROM_ALL)
install(FILES ${PROJECT_BINARY_DIR}/product/rpl-attestation.pc COMPONENT dev EXCLUDE_FROM_ALL
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
