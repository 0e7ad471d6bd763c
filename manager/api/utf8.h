/* SPDX-License-Identifier: Apache-2.0 */
/* utf8: whether bytes from outside are text. Thread: any. */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* No overlong forms, surrogates or values beyond U+10FFFF. */
bool utf8_is_valid(const char *text, size_t size);

#endif
