/* SPDX-License-Identifier: Apache-2.0 */
/* target_index: targets in the order of their ids and of their keys, two sorted arrays of pointers.
 * Looking up is a binary search and listing is a walk; ten thousand targets cost 160 KB. Part of
 * registry. Thread: core only. */
#ifndef TARGET_INDEX_H
#define TARGET_INDEX_H

#include "model.h"

struct target_node {
    struct target target;
    bool is_marked; /* scratch of one call */
};

/* Zero-initialised is empty. */
struct target_index {
    struct target_node **by_id;
    struct target_node **by_key;
    size_t count;
    size_t capacity;
};

/* Frees the nodes as well. */
void target_index_clear(struct target_index *x);
/* NULL when there is none. */
struct target_node *target_index_find(const struct target_index *x, const char *id);
struct target_node *target_index_find_key(const struct target_index *x,
                                          const uint8_t key[static KEY_BYTES]);
/* Copies t, whose id and key are not in the index yet. */
MUST_CHECK enum err target_index_add(struct target_index *x, const struct target *t,
                                     struct error *e);
/* Frees node. */
void target_index_remove(struct target_index *x, struct target_node *node);

#endif
