/* SPDX-License-Identifier: Apache-2.0 */
/* path_set: see path_set.h. Open addressing; the id of a path is SipHash of its parent's id and its
 * last component, so all parents of a path cost one pass over it. */
#include "path_set.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#include "limits.h"
#include "names.h"

enum { KIND_MASK = 3, LISTED = 4, TAG_MASK = KIND_MASK | LISTED, FIRST_CAPACITY = 256 };

void path_set_init(struct path_set *s, size_t max)
{
    *s = (struct path_set){.max = max};
    randombytes_buf(s->key, sizeof(s->key));
}

void path_set_clear(struct path_set *s)
{
    free(s->slots);
    *s = (struct path_set){0};
}

static struct path_slot child_id(const struct path_set *s, const struct path_slot *parent,
                                 const char *component, size_t length)
{
    uint8_t text[sizeof(parent->id) + PATH_COMPONENT_MAX];
    struct path_slot child;
    memcpy(text, parent->id, sizeof(parent->id));
    memcpy(text + sizeof(parent->id), component, length);
    crypto_shorthash_siphashx24((uint8_t *)child.id, text, sizeof(parent->id) + length, s->key);
    child.id[0] &= ~(uint64_t)TAG_MASK;
    return child;
}

/* The slot of id, or the free one where it belongs. */
static struct path_slot *slot_of(const struct path_set *s, const struct path_slot *id)
{
    size_t at = (size_t)id->id[1] & (s->capacity - 1);
    for (;; at = (at + 1) & (s->capacity - 1)) {
        struct path_slot *slot = &s->slots[at];
        bool is_free = slot->id[0] == 0 && slot->id[1] == 0;
        bool is_same = (slot->id[0] & ~(uint64_t)TAG_MASK) == id->id[0] && slot->id[1] == id->id[1];
        if (is_free || is_same)
            return slot;
    }
}

static enum err grow(struct path_set *s, struct error *e)
{
    struct path_set bigger = *s;
    bigger.capacity = s->capacity == 0 ? FIRST_CAPACITY : 2 * s->capacity;
    bigger.slots = calloc(bigger.capacity, sizeof(*bigger.slots));
    if (bigger.slots == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for %zu paths", bigger.capacity);
    for (size_t i = 0; i < s->capacity; i++) {
        struct path_slot id = s->slots[i];
        id.id[0] &= ~(uint64_t)TAG_MASK;
        if (s->slots[i].id[0] != 0 || s->slots[i].id[1] != 0)
            *slot_of(&bigger, &id) = s->slots[i];
    }
    free(s->slots);
    *s = bigger;
    return ERR_OK;
}

static enum path_kind kind_of(const struct path_slot *slot)
{
    return (enum path_kind)(slot->id[0] & KIND_MASK);
}

/* Room for one more is there afterwards, and *slot is where id is or belongs. */
static enum err find_place(struct path_set *s, const struct path_slot *id, struct path_slot **slot,
                           struct error *e)
{
    if (4 * (s->count + 1) > 3 * s->capacity) {
        enum err err = grow(s, e);
        if (err != ERR_OK)
            return err;
    }
    *slot = slot_of(s, id);
    if (kind_of(*slot) == PATH_UNKNOWN && s->count == s->max)
        return error_set(e, ERR_TOO_LARGE, "more than %zu paths", s->max);
    return ERR_OK;
}

static void fill(struct path_set *s, struct path_slot *slot, const struct path_slot *id,
                 uint64_t tag)
{
    s->count += kind_of(slot) == PATH_UNKNOWN;
    slot->id[0] = id->id[0] | tag;
    slot->id[1] = id->id[1];
}

static enum err add_parent(struct path_set *s, const struct path_slot *id, const char *path,
                           struct error *e)
{
    char shown[80];
    struct path_slot *slot = NULL;
    enum err err = find_place(s, id, &slot, e);
    if (err != ERR_OK)
        return err;
    if (kind_of(slot) == PATH_UNKNOWN)
        fill(s, slot, id, PATH_DIRECTORY);
    if (kind_of(slot) != PATH_DIRECTORY)
        return error_set(e, ERR_INVALID, "path '%s' is below an entry that is no directory",
                         names_printable(path, shown, sizeof(shown)));
    return ERR_OK;
}

enum err path_set_add(struct path_set *s, const char *path, enum path_kind kind, struct error *e)
{
    char shown[80];
    struct path_slot id = {0};
    struct path_slot *slot = NULL;
    const char *at = path;
    for (size_t length = strcspn(at, "/"); at[length] == '/'; length = strcspn(at, "/")) {
        id = child_id(s, &id, at, length);
        enum err err = add_parent(s, &id, path, e);
        if (err != ERR_OK)
            return err;
        at += length + 1;
    }
    id = child_id(s, &id, at, strlen(at));
    enum err err = find_place(s, &id, &slot, e);
    if (err != ERR_OK)
        return err;
    bool is_listed = (slot->id[0] & LISTED) != 0;
    bool was_parent = kind_of(slot) == PATH_DIRECTORY;
    if (is_listed || (was_parent && kind != PATH_DIRECTORY))
        return error_set(e, ERR_INVALID, "path '%s' comes twice",
                         names_printable(path, shown, sizeof(shown)));
    fill(s, slot, &id, (uint64_t)kind | LISTED);
    return ERR_OK;
}

enum path_kind path_set_find(const struct path_set *s, const char *path)
{
    struct path_slot id = {0};
    if (s->capacity == 0)
        return PATH_UNKNOWN;
    for (const char *at = path;; at++) {
        size_t length = strcspn(at, "/");
        id = child_id(s, &id, at, length);
        at += length;
        if (*at == '\0')
            return kind_of(slot_of(s, &id));
    }
}
