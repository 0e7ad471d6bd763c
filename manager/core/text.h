/* SPDX-License-Identifier: Apache-2.0 */
/* text: words of agents made harmless before they are stored or shown. Thread: any. */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Whether text is valid UTF-8 without control characters other than tab, and shorter than size. */
bool text_is_clean(const char *text, size_t size);
/* Copies as much as fits into out, whole characters only; what is not clean becomes '?'. */
void text_clean(const char *text, char *out, size_t size);

#endif
