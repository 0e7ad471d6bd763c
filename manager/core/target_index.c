/* SPDX-License-Identifier: Apache-2.0 */
#include "target_index.h"

#include <string.h>

void target_index_clear(struct target_index *x)
{
    for (size_t i = 0; i < x->count; i++)
        free(x->by_id[i]);
    free(x->by_id);
    free(x->by_key);
    *x = (struct target_index){0};
}

/* The place of the first id not below. */
static size_t place_of_id(const struct target_index *x, const char *id)
{
    size_t low = 0;
    size_t high = x->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(x->by_id[middle]->target.id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static size_t place_of_key(const struct target_index *x, const uint8_t *key)
{
    size_t low = 0;
    size_t high = x->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (memcmp(x->by_key[middle]->target.public_key, key, KEY_BYTES) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct target_node *target_index_find(const struct target_index *x, const char *id)
{
    size_t i = place_of_id(x, id);
    bool is_there = i < x->count && strcmp(x->by_id[i]->target.id, id) == 0;
    return is_there ? x->by_id[i] : NULL;
}

struct target_node *target_index_find_key(const struct target_index *x,
                                          const uint8_t key[static KEY_BYTES])
{
    size_t i = place_of_key(x, key);
    bool is_there = i < x->count && memcmp(x->by_key[i]->target.public_key, key, KEY_BYTES) == 0;
    return is_there ? x->by_key[i] : NULL;
}

static bool grow(struct target_node ***items, size_t capacity)
{
    struct target_node **grown = reallocarray(*items, capacity, sizeof(struct target_node *));
    if (grown == NULL)
        return false;
    *items = grown;
    return true;
}

static bool reserve(struct target_index *x)
{
    if (x->count < x->capacity)
        return true;
    size_t capacity = x->capacity == 0 ? 64 : x->capacity * 2;
    if (!grow(&x->by_id, capacity) || !grow(&x->by_key, capacity))
        return false;
    x->capacity = capacity;
    return true;
}

static void insert(struct target_node **items, size_t count, size_t i, struct target_node *node)
{
    memmove(items + i + 1, items + i, (count - i) * sizeof(struct target_node *));
    items[i] = node;
}

static void take_out(struct target_node **items, size_t count, size_t i)
{
    memmove(items + i, items + i + 1, (count - i - 1) * sizeof(struct target_node *));
}

enum err target_index_add(struct target_index *x, const struct target *t, struct error *e)
{
    struct target_node *node = malloc(sizeof(*node));
    if (node == NULL || !reserve(x)) {
        free(node);
        return error_set(e, ERR_NO_MEMORY, "no memory for target %s", t->id);
    }
    node->target = *t;
    node->is_marked = false;
    insert(x->by_id, x->count, place_of_id(x, t->id), node);
    insert(x->by_key, x->count, place_of_key(x, t->public_key), node);
    x->count++;
    return ERR_OK;
}

void target_index_remove(struct target_index *x, struct target_node *node)
{
    take_out(x->by_id, x->count, place_of_id(x, node->target.id));
    take_out(x->by_key, x->count, place_of_key(x, node->target.public_key));
    x->count--;
    free(node);
}
