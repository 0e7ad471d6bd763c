/* SPDX-License-Identifier: Apache-2.0 */
/* Packages, packs and chunks in memory. */
#include <stdio.h>
#include <string.h>

#include "store_memory_tables.h"

struct stored_package {
    struct package_info info;
    struct strlist packs;
};

static struct memory_store *of(struct store *s)
{
    return (struct memory_store *)s;
}

static void clear_package(void *payload)
{
    struct stored_package *p = payload;
    strlist_clear(&p->packs);
}

enum err memory_package_insert(struct store *s, const char *id, const struct package_info *info,
                               const struct strlist *packs, struct error *e)
{
    struct memory_store *m = of(s);
    if (memory_find(m, MEMORY_PACKAGES, id) != NULL)
        return error_set(e, ERR_CONFLICT, "there is already a package %s", id);
    for (size_t i = 0; i < packs->count; i++) {
        bool is_own = strcmp(packs->items[i], id) == 0;
        if (!is_own && memory_find(m, MEMORY_PACKS, packs->items[i]) == NULL)
            return error_set(e, ERR_UNAVAILABLE, "pack %s was removed meanwhile: try again",
                             packs->items[i]);
    }
    struct stored_package package = {.info = *info};
    enum err err = strlist_copy(&package.packs, packs, e);
    if (err != ERR_OK)
        return err;
    err = memory_put(m, MEMORY_PACKAGES, id, &package, sizeof(package), clear_package, e);
    char nothing = 0;
    if (err == ERR_OK && strlist_has(packs, id))
        err = memory_put(m, MEMORY_PACKS, id, &nothing, sizeof(nothing), NULL, e);
    return err;
}

static void key_of_name(const uint8_t *name, char out[MEMORY_KEY_SIZE])
{
    for (size_t i = 0; i < DIGEST_BYTES; i++)
        snprintf(out + 2 * i, 3, "%02x", name[i]);
}

enum err memory_chunk_insert(struct store *s, const uint8_t name[DIGEST_BYTES],
                             const struct chunk_place *place, struct error *e)
{
    struct memory_store *m = of(s);
    char key[MEMORY_KEY_SIZE];
    key_of_name(name, key);
    if (memory_find(m, MEMORY_CHUNKS, key) != NULL)
        return ERR_OK;
    if (memory_find(m, MEMORY_PACKS, place->pack) == NULL)
        return error_set(e, ERR_NOT_FOUND, "there is no pack %s", place->pack);
    struct chunk_place copy = *place;
    return memory_put(m, MEMORY_CHUNKS, key, &copy, sizeof(copy), NULL, e);
}

enum err memory_chunk_find(struct store *s, const uint8_t name[DIGEST_BYTES],
                           struct chunk_place *out, bool *found, struct error *e)
{
    (void)e;
    AUTO(memory_unlock) struct memory_store *m = memory_lock(of(s));
    char key[MEMORY_KEY_SIZE];
    key_of_name(name, key);
    const struct chunk_place *place = memory_find(m, MEMORY_CHUNKS, key);
    *found = place != NULL;
    if (place != NULL)
        *out = *place;
    return ERR_OK;
}

static bool package_is_used(const struct memory_store *m, const char *id)
{
    for (size_t i = 0; i < memory_count(m, MEMORY_TASKS); i++) {
        const struct task *t = memory_at(m, MEMORY_TASKS, i);
        if (strcmp(t->package_id, id) == 0)
            return true;
    }
    return false;
}

static bool pack_is_used(const struct memory_store *m, const char *id)
{
    for (size_t i = 0; i < memory_count(m, MEMORY_PACKAGES); i++) {
        const struct stored_package *p = memory_at(m, MEMORY_PACKAGES, i);
        if (strlist_has(&p->packs, id))
            return true;
    }
    return false;
}

static enum err remove_chunks_of(struct memory_store *m, const char *pack, struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = memory_count(m, MEMORY_CHUNKS); err == ERR_OK && i-- > 0;) {
        const struct chunk_place *place = memory_at(m, MEMORY_CHUNKS, i);
        if (strcmp(place->pack, pack) == 0)
            err = memory_remove(m, MEMORY_CHUNKS, memory_key_at(m, MEMORY_CHUNKS, i), e);
    }
    return err;
}

/* Names and removes the records of a kind that nothing uses, in order. */
static enum err sweep(struct memory_store *m, enum memory_kind kind,
                      bool (*is_used)(const struct memory_store *, const char *), store_name_fn *fn,
                      void *arg, struct error *e)
{
    enum err err = ERR_OK;
    size_t i = 0;
    while (err == ERR_OK && i < memory_count(m, kind)) {
        char id[MEMORY_KEY_SIZE];
        snprintf(id, sizeof(id), "%s", memory_key_at(m, kind, i));
        if (is_used(m, id)) {
            i++;
            continue;
        }
        err = kind == MEMORY_PACKS ? remove_chunks_of(m, id, e) : ERR_OK;
        if (err == ERR_OK)
            err = memory_remove(m, kind, id, e);
        (void)fn(arg, id);
    }
    return err;
}

enum err memory_package_collect(struct store *s, store_name_fn *package, store_name_fn *pack,
                                void *arg, struct error *e)
{
    struct memory_store *m = of(s);
    enum err err = sweep(m, MEMORY_PACKAGES, package_is_used, package, arg, e);
    return err == ERR_OK ? sweep(m, MEMORY_PACKS, pack_is_used, pack, arg, e) : err;
}

static void visit_keys(struct memory_store *m, enum memory_kind kind, store_name_fn *fn, void *arg)
{
    AUTO(memory_unlock) struct memory_store *locked = memory_lock(m);
    for (size_t i = 0; i < memory_count(locked, kind); i++) {
        if (!fn(arg, memory_key_at(locked, kind, i)))
            break;
    }
}

enum err memory_package_each(struct store *s, store_name_fn *fn, void *arg, struct error *e)
{
    (void)e;
    visit_keys(of(s), MEMORY_PACKAGES, fn, arg);
    return ERR_OK;
}

enum err memory_pack_each(struct store *s, store_name_fn *fn, void *arg, struct error *e)
{
    (void)e;
    visit_keys(of(s), MEMORY_PACKS, fn, arg);
    return ERR_OK;
}
