/* SPDX-License-Identifier: Apache-2.0 */
/* The assembler reads the file itself; CMake tells OPENAPI_PATH and that we depend on it. */
#include "openapi_file.h"

extern const char openapi_file_end[];

__asm__(".pushsection .rodata\n"
        ".global openapi_file, openapi_file_end\n"
        "openapi_file: .incbin \"" OPENAPI_PATH "\"\n"
        "openapi_file_end: .byte 0\n"
        ".popsection\n");

size_t openapi_file_size(void)
{
    return (size_t)(openapi_file_end - openapi_file);
}
