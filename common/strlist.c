/* SPDX-License-Identifier: Apache-2.0 */
/* strlist: see strlist.h. Both grow by doubling. */
#include "strlist.h"

#include <stdint.h>
#include <string.h>

enum { BYTES_FIRST = 64 };

/* Room for count items is always the next power of two, so it needs no field of its own. */
static bool is_full(size_t count)
{
    return (count & (count - 1)) == 0;
}

enum err strlist_add(struct strlist *l, const char *text, struct error *e)
{
    if (is_full(l->count)) {
        size_t room = l->count == 0 ? 1 : l->count * 2;
        char **items = reallocarray(l->items, room, sizeof(*items));
        if (items == NULL)
            return error_set(e, ERR_NO_MEMORY, "no memory for a list of %zu", room);
        l->items = items;
    }
    char *copy = strdup(text);
    if (copy == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for a list item");
    l->items[l->count++] = copy;
    return ERR_OK;
}

bool strlist_has(const struct strlist *l, const char *text)
{
    for (size_t i = 0; i < l->count; i++) {
        if (strcmp(l->items[i], text) == 0)
            return true;
    }
    return false;
}

enum err strlist_copy(struct strlist *to, const struct strlist *from, struct error *e)
{
    struct strlist copy = {0};
    for (size_t i = 0; i < from->count; i++) {
        enum err err = strlist_add(&copy, from->items[i], e);
        if (err != ERR_OK) {
            strlist_clear(&copy);
            return err;
        }
    }
    strlist_clear(to);
    *to = copy;
    return ERR_OK;
}

void strlist_clear(struct strlist *l)
{
    for (size_t i = 0; i < l->count; i++)
        free(l->items[i]);
    free(l->items);
    *l = (struct strlist){0};
}

enum err bytes_reserve(struct bytes *b, size_t size, struct error *e)
{
    if (size >= SIZE_MAX - b->size)
        return error_set(e, ERR_NO_MEMORY, "no memory for %zu bytes", size);
    size_t need = b->size + size + 1;
    if (need <= b->capacity)
        return ERR_OK;
    size_t capacity = b->capacity == 0 ? BYTES_FIRST : b->capacity;
    while (capacity < need)
        capacity = capacity > SIZE_MAX / 2 ? need : capacity * 2;
    uint8_t *data = realloc(b->data, capacity);
    if (data == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for %zu bytes", capacity);
    data[b->size] = '\0';
    b->data = data;
    b->capacity = capacity;
    return ERR_OK;
}

enum err bytes_append(struct bytes *b, const void *data, size_t size, struct error *e)
{
    enum err err = bytes_reserve(b, size, e);
    if (err != ERR_OK)
        return err;
    if (size > 0)
        memcpy(b->data + b->size, data, size);
    b->size += size;
    b->data[b->size] = '\0';
    return ERR_OK;
}

void bytes_clear(struct bytes *b)
{
    free(b->data);
    *b = (struct bytes){0};
}
