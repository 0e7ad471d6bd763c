# SPDX-License-Identifier: Apache-2.0
# One set of warnings for everything hand-written; all of them are errors, with gcc and clang.
# cast-qual is left to gcc: clang also minds the initializers that protobuf-c generates.
# format-truncation, which gcc only sees when it optimizes, is off: texts are cut to their field on purpose.
add_library(hivecast_warnings INTERFACE)
target_compile_options(
  hivecast_warnings
  INTERFACE -Wall
            -Wextra
            -Werror
            -Wshadow
            -Wstrict-prototypes
            -Wmissing-prototypes
            -Wpointer-arith
            $<$<C_COMPILER_ID:GNU>:-Wcast-qual>
            -Wwrite-strings
            -Wformat=2
            -Wundef
            -Wvla
            -Wimplicit-fallthrough
            -Wno-missing-field-initializers
            $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>)
target_compile_definitions(hivecast_warnings INTERFACE _GNU_SOURCE _FILE_OFFSET_BITS=64)

# For every target, generated code included.
add_compile_options(-fno-omit-frame-pointer -ffunction-sections -fdata-sections)
add_link_options(-Wl,--gc-sections)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE)
  add_link_options(-pie -Wl,-z,relro,-z,now)
endif()
if(HIVECAST_SANITIZE)
  add_compile_options(-fsanitize=${HIVECAST_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${HIVECAST_SANITIZE})
endif()
