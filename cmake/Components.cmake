# SPDX-License-Identifier: Apache-2.0
# Verbs of the build. A component is one static library; DEPS are the arrows of ARCHITECTURE.md
# (headers of a dependency can be included, nothing else), PRIVATE_DEPS are used inside only.

function(component name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  # For "quotes" only: common/limits.h must never stand in for <limits.h>.
  target_compile_options(${name} PUBLIC "SHELL:-iquote ${CMAKE_CURRENT_SOURCE_DIR}")
  target_link_libraries(${name} PUBLIC ${arg_DEPS} PRIVATE ${arg_PRIVATE_DEPS} hivecast_warnings)
endfunction()

function(program name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_DEPS} hivecast_warnings)
endfunction()

# What sanitizers find in libraries that were built without them is no finding.
set(HIVECAST_SUPPRESSIONS
  "LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/support/lsan.supp:print_suppressions=0"
  "TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/support/tsan.supp")

# A cmocka program that is one test of ctest; NAME is dotted: common.chunker.
function(component_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;DEPS" ${ARGN})
  string(REPLACE "." "_" target "test_${name}")
  add_executable(${target} ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_link_libraries(${target} PRIVATE ${arg_DEPS} PkgConfig::CMOCKA hivecast_warnings)
  add_test(NAME ${name} COMMAND ${target} WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} ENVIRONMENT "${HIVECAST_SUPPRESSIONS}")
endfunction()

# A pytest file that is one test of ctest, run against the programs of this build.
function(python_test name file)
  cmake_parse_arguments(arg "" "TIMEOUT" "" ${ARGN})
  add_test(NAME ${name}
    COMMAND /usr/bin/python3 -B -m pytest -q -p no:cacheprovider ${CMAKE_CURRENT_SOURCE_DIR}/${file}
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT}
    ENVIRONMENT "${HIVECAST_SUPPRESSIONS};HIVECAST_BIN=${CMAKE_BINARY_DIR}/bin;HIVECAST_PRESET_DIR=${CMAKE_BINARY_DIR};HIVECAST_SANITIZE=${HIVECAST_SANITIZE}")
endfunction()
