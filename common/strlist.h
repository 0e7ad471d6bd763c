/* SPDX-License-Identifier: Apache-2.0 */
/* strlist: a growing list of owned strings, and bytes: a growing buffer. Thread: the owner's. */
#ifndef STRLIST_H
#define STRLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

/* Zero-initialised is empty. */
struct strlist {
    char **items;
    size_t count;
};

/* Copies text. */
MUST_CHECK enum err strlist_add(struct strlist *l, const char *text, struct error *e);
bool strlist_has(const struct strlist *l, const char *text);
MUST_CHECK enum err strlist_copy(struct strlist *to, const struct strlist *from, struct error *e);
void strlist_clear(struct strlist *l);

/* Zero-initialised is empty. data is NULL or has size bytes; a NUL follows them for printing. */
struct bytes {
    uint8_t *data;
    size_t size;
    size_t capacity;
};

MUST_CHECK enum err bytes_append(struct bytes *b, const void *data, size_t size, struct error *e);
/* Room for size more bytes behind the present ones; the caller then raises b->size. */
MUST_CHECK enum err bytes_reserve(struct bytes *b, size_t size, struct error *e);
void bytes_clear(struct bytes *b);

#endif
