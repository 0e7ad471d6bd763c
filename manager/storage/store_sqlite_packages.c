/* SPDX-License-Identifier: Apache-2.0 */
/* Packages, the packs they refer to, and where each chunk lies, in SQLite. */
#include <string.h>

#include "store_sqlite_tables.h"

static enum err insert_package(struct sqlite_store *s, const char *id,
                               const struct package_info *info, struct error *e)
{
    AUTO(query_close) struct query q = {0};
    enum err err = query_open(s,
                              "INSERT INTO packages (id, digest, manifest_size, entry_count,"
                              " chunk_count, content_size, sealed_size)"
                              " VALUES (?, ?, ?, ?, ?, ?, ?)",
                              &q, e);
    if (err != ERR_OK)
        return err;
    query_text(&q, id);
    query_blob(&q, info->digest, sizeof(info->digest));
    query_int(&q, (int64_t)info->manifest_size);
    query_int(&q, (int64_t)info->entry_count);
    query_int(&q, (int64_t)info->chunk_count);
    query_int(&q, (int64_t)info->content_size);
    query_int(&q, (int64_t)info->sealed_size);
    err = query_run(&q, e);
    if (err == ERR_CONFLICT)
        return error_set(e, err, "there is already a package %s", id);
    return err;
}

static enum err run_with(struct sqlite_store *s, const char *sql, const char *first,
                         const char *second, struct error *e)
{
    AUTO(query_close) struct query q = {0};
    enum err err = query_open(s, sql, &q, e);
    if (err != ERR_OK)
        return err;
    query_text(&q, first);
    if (second != NULL)
        query_text(&q, second);
    return query_run(&q, e);
}

static enum err refer_to_pack(struct sqlite_store *s, const char *id, const char *pack,
                              struct error *e)
{
    enum err err = ERR_OK;
    if (strcmp(id, pack) == 0)
        err = run_with(s, "INSERT INTO packs (id) VALUES (?)", pack, NULL, e);
    if (err == ERR_OK)
        err = run_with(s,
                       "INSERT INTO package_packs (package_id, pack)"
                       " SELECT ?, key FROM packs WHERE id = ?",
                       id, pack, e);
    if (err == ERR_OK && sqlite3_changes64(s->db) == 0)
        return error_set(e, ERR_UNAVAILABLE, "pack %s was removed meanwhile: try again", pack);
    return err;
}

enum err sqlite_package_insert(struct store *store, const char *id, const struct package_info *info,
                               const struct strlist *packs, struct error *e)
{
    struct sqlite_store *s = (struct sqlite_store *)store;
    enum err err = insert_package(s, id, info, e);
    for (size_t i = 0; err == ERR_OK && i < packs->count; i++)
        err = refer_to_pack(s, id, packs->items[i], e);
    return err;
}

enum err sqlite_chunk_insert(struct store *store, const uint8_t name[DIGEST_BYTES],
                             const struct chunk_place *place, struct error *e)
{
    struct sqlite_store *s = (struct sqlite_store *)store;
    AUTO(query_close) struct query q = {0};
    /* An unknown pack becomes NULL, which the column refuses. */
    enum err err = query_open(s,
                              "INSERT INTO chunks (name, pack, offset, sealed_size) VALUES"
                              " (?, (SELECT key FROM packs WHERE id = ?), ?, ?)"
                              " ON CONFLICT (name) DO NOTHING",
                              &q, e);
    if (err != ERR_OK)
        return err;
    query_blob(&q, name, DIGEST_BYTES);
    query_text(&q, place->pack);
    query_int(&q, (int64_t)place->offset);
    query_int(&q, place->sealed_size);
    err = query_run(&q, e);
    if (err == ERR_CONFLICT)
        return error_set(e, ERR_NOT_FOUND, "there is no pack %s", place->pack);
    return err;
}

enum err sqlite_chunk_find(struct store *store, const uint8_t name[DIGEST_BYTES],
                           struct chunk_place *out, bool *found, struct error *e)
{
    AUTO(query_close) struct query q = {0};
    enum err err = query_open((struct sqlite_store *)store,
                              "SELECT packs.id, offset, sealed_size FROM chunks"
                              " JOIN packs ON packs.key = chunks.pack WHERE name = ?",
                              &q, e);
    if (err != ERR_OK)
        return err;
    query_blob(&q, name, DIGEST_BYTES);
    err = query_row(&q, found, e);
    if (err != ERR_OK || !*found)
        return err;
    query_get_text(&q, out->pack, sizeof(out->pack));
    out->offset = (uint64_t)query_get_int(&q);
    out->sealed_size = (uint32_t)query_get_int(&q);
    return ERR_OK;
}

static enum err visit_names(struct sqlite_store *s, const char *sql, store_name_fn *fn, void *arg,
                            struct error *e)
{
    AUTO(query_close) struct query q = {0};
    enum err err = query_open(s, sql, &q, e);
    bool has_row = true;
    while (err == ERR_OK && (err = query_row(&q, &has_row, e)) == ERR_OK && has_row) {
        if (!fn(arg, query_get_borrowed(&q)))
            break;
    }
    return err;
}

static enum err run(struct sqlite_store *s, const char *sql, struct error *e)
{
    AUTO(query_close) struct query q = {0};
    enum err err = query_open(s, sql, &q, e);
    return err == ERR_OK ? query_run(&q, e) : err;
}

#define UNUSED_PACKAGES                                                                            \
    " FROM packages WHERE NOT EXISTS (SELECT 1 FROM tasks WHERE package_id = packages.id)"
#define UNUSED_PACKS                                                                               \
    " FROM packs WHERE NOT EXISTS (SELECT 1 FROM package_packs WHERE pack = packs.key)"

enum err sqlite_package_collect(struct store *store, store_name_fn *package, store_name_fn *pack,
                                void *arg, struct error *e)
{
    struct sqlite_store *s = (struct sqlite_store *)store;
    enum err err = visit_names(s, "SELECT id" UNUSED_PACKAGES, package, arg, e);
    if (err == ERR_OK)
        err = run(s, "DELETE" UNUSED_PACKAGES, e);
    if (err == ERR_OK)
        err = visit_names(s, "SELECT id" UNUSED_PACKS, pack, arg, e);
    if (err == ERR_OK)
        err = run(s, "DELETE" UNUSED_PACKS, e);
    return err;
}

enum err sqlite_package_each(struct store *store, store_name_fn *fn, void *arg, struct error *e)
{
    return visit_names((struct sqlite_store *)store, "SELECT id FROM packages ORDER BY id", fn, arg,
                       e);
}

enum err sqlite_pack_each(struct store *store, store_name_fn *fn, void *arg, struct error *e)
{
    return visit_names((struct sqlite_store *)store, "SELECT id FROM packs ORDER BY id", fn, arg,
                       e);
}
