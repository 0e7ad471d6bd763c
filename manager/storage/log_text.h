/* SPDX-License-Identifier: Apache-2.0 */
/* log_text: what people type to search logs, taken apart once for all backends: words, all of which
 * must occur, "phrases in quotes", and prefix*. A word is a run of letters and digits (bytes beyond
 * ASCII count as letters), case does not matter; a-b is the phrase "a b". */
#ifndef LOG_TEXT_H
#define LOG_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

enum { LOG_TEXT_MAX = 512, LOG_TERMS_MAX = 32 };

struct log_term {
    char text[LOG_TEXT_MAX + 1]; /* at least one word in it */
    bool is_prefix;              /* its last word may go on */
};

struct log_text {
    struct log_term terms[LOG_TERMS_MAX];
    size_t count;
};

/* ERR_INVALID when there is no word in it, or too many. */
MUST_CHECK enum err log_text_parse(const char *text, struct log_text *out, struct error *e);
/* The next word at or behind *at; NULL when there is none. */
const char *log_text_next_word(const char *at, size_t *length);

#endif
