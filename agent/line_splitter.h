/* SPDX-License-Identifier: Apache-2.0 */
/* line_splitter: bytes of a command's output into lines that are safe to show and to store: valid
 * UTF-8, at most LINE_MAX_BYTES, no control character but tab. Bytes that are no UTF-8 become
 * U+FFFD, control characters \x1b or \u0085. LF, CRLF and a CR behind text end a line.
 * Thread: the owner's; no allocation. */
#ifndef LINE_SPLITTER_H
#define LINE_SPLITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limits.h"

/* text is NUL-terminated and borrowed for the call. */
typedef void line_splitter_fn(void *arg, const char *text, size_t size);

/* Zero-initialised is empty; members are the splitter's. */
struct line_splitter {
    char line[LINE_MAX_BYTES + 1];
    size_t used;
    uint8_t partial[4]; /* an incomplete character at the end of the last bytes */
    size_t partial_size;
    bool is_open; /* something of a line was seen since the last end of line */
    bool was_cr;
};

void line_splitter_feed(struct line_splitter *s, const void *data, size_t size,
                        line_splitter_fn *fn, void *arg);
/* The last line, when it has no end. */
void line_splitter_flush(struct line_splitter *s, line_splitter_fn *fn, void *arg);

#endif
