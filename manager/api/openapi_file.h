/* SPDX-License-Identifier: Apache-2.0 */
/* openapi_file: openapi/manager.yaml, as it was when the program was built. */
#ifndef OPENAPI_FILE_H
#define OPENAPI_FILE_H

#include <stddef.h>

extern const char openapi_file[];
size_t openapi_file_size(void);

#endif
