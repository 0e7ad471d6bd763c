/* SPDX-License-Identifier: Apache-2.0 */
#include "store_memory_table.h"

#include <string.h>

struct record *record_hold(struct record *r)
{
    if (r != NULL)
        r->references++;
    return r;
}

void record_release(struct record *r)
{
    if (r == NULL || --r->references > 0)
        return;
    if (r->clear != NULL)
        r->clear(r->payload);
    free(r);
}

bool array_grow(void **items, size_t size, size_t count, size_t *capacity)
{
    if (count < *capacity)
        return true;
    size_t larger = *capacity == 0 ? 16 : *capacity * 2;
    void *moved = reallocarray(*items, larger, size);
    if (moved == NULL)
        return false;
    *items = moved;
    *capacity = larger;
    return true;
}

size_t table_seek(const struct table *t, const char *key)
{
    size_t low = 0;
    size_t high = t->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(t->items[middle]->key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool table_has_at(const struct table *t, size_t i, const char *key)
{
    return i < t->count && strcmp(t->items[i]->key, key) == 0;
}

void table_set(struct table *t, struct record *r)
{
    size_t i = table_seek(t, r->key);
    if (table_has_at(t, i, r->key)) {
        record_release(t->items[i]);
    } else {
        memmove(t->items + i + 1, t->items + i, (t->count - i) * sizeof(struct record *));
        t->count++;
    }
    t->items[i] = record_hold(r);
}

void table_drop(struct table *t, const char *key)
{
    size_t i = table_seek(t, key);
    if (!table_has_at(t, i, key))
        return;
    record_release(t->items[i]);
    t->count--;
    memmove(t->items + i, t->items + i + 1, (t->count - i) * sizeof(struct record *));
}

void table_clear(struct table *t)
{
    for (size_t i = 0; i < t->count; i++)
        record_release(t->items[i]);
    free(t->items);
}
