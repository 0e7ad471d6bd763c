/* SPDX-License-Identifier: Apache-2.0 */
/* store_memory_table: counted records in an array ordered by key. Used by store_memory_db only. */
#ifndef STORE_MEMORY_TABLE_H
#define STORE_MEMORY_TABLE_H

#include <stddef.h>

#include "store_memory_db.h"

struct record {
    size_t references; /* changed by the writer only */
    memory_clear_fn *clear;
    char key[MEMORY_KEY_SIZE];
    max_align_t payload[];
};

struct table {
    struct record **items; /* by key */
    size_t count;
    size_t capacity;
};

/* NULL is fine for both. */
struct record *record_hold(struct record *r);
void record_release(struct record *r);

/* Room for one element more in the array at *items, which has *capacity. */
MUST_CHECK bool array_grow(void **items, size_t size, size_t count, size_t *capacity);

/* The first place whose key is not before key. */
size_t table_seek(const struct table *t, const char *key);
bool table_has_at(const struct table *t, size_t i, const char *key);
/* Adds or replaces; the caller made room. */
void table_set(struct table *t, struct record *r);
/* Nothing there is fine. Never gives room back. */
void table_drop(struct table *t, const char *key);
void table_clear(struct table *t);

#endif
