/* SPDX-License-Identifier: Apache-2.0 */
/* Token sets and the hashes of their tokens in SQLite. */
#include "store_sqlite_tables.h"

#define SET_COLUMNS                                                                                \
    "name, total, created_ms, expires_ms,"                                                         \
    " (SELECT count(*) FROM tokens WHERE set_name = name AND is_used = 0)"

static enum err insert_set(struct sqlite_store *s, const struct token_set *set, struct error *e)
{
    AUTO(query_close) struct query q = {0};
    enum err err = query_open(s,
                              "INSERT INTO token_sets (name, total, created_ms, expires_ms)"
                              " VALUES (?, ?, ?, ?)",
                              &q, e);
    if (err != ERR_OK)
        return err;
    query_text(&q, set->name);
    query_int(&q, set->total);
    query_int(&q, set->created_ms);
    query_int(&q, set->expires_ms);
    err = query_run(&q, e);
    if (err == ERR_CONFLICT)
        return error_set(e, err, "there is already a token set %s", set->name);
    return err;
}

enum err sqlite_token_set_insert(struct store *store, const struct token_set *set,
                                 const uint8_t *hashes, size_t count, struct error *e)
{
    struct sqlite_store *s = (struct sqlite_store *)store;
    enum err err = insert_set(s, set, e);
    if (err != ERR_OK)
        return err;
    AUTO(query_close) struct query q = {0};
    err = query_open(s, "INSERT INTO tokens (hash, set_name, is_used) VALUES (?, ?, 0)", &q, e);
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        query_blob(&q, hashes + i * DIGEST_BYTES, DIGEST_BYTES);
        query_text(&q, set->name);
        err = query_run(&q, e);
    }
    return err;
}

static void read_set(struct query *q, struct token_set *set)
{
    *set = (struct token_set){.total = 0};
    query_get_text(q, set->name, sizeof(set->name));
    set->total = (uint32_t)query_get_int(q);
    set->created_ms = query_get_int(q);
    set->expires_ms = query_get_int(q);
    set->available = (uint32_t)query_get_int(q);
}

enum err sqlite_token_set_get(struct store *store, const char *name, struct token_set *out,
                              struct error *e)
{
    AUTO(query_close) struct query q = {0};
    enum err err = query_open((struct sqlite_store *)store,
                              "SELECT " SET_COLUMNS " FROM token_sets WHERE name = ?", &q, e);
    if (err != ERR_OK)
        return err;
    query_text(&q, name);
    bool has_row = false;
    err = query_row(&q, &has_row, e);
    if (err != ERR_OK)
        return err;
    if (!has_row)
        return error_set(e, ERR_NOT_FOUND, "there is no token set %s", name);
    read_set(&q, out);
    return ERR_OK;
}

enum err sqlite_token_set_list(struct store *store, struct page page, uint64_t *total,
                               store_token_set_fn *fn, void *arg, struct error *e)
{
    struct sqlite_store *s = (struct sqlite_store *)store;
    int64_t count = 0;
    enum err err = sqlite_number(s, "SELECT count(*) FROM token_sets", NULL, &count, e);
    if (err != ERR_OK)
        return err;
    *total = (uint64_t)count;
    AUTO(query_close) struct query q = {0};
    err = query_open(s, "SELECT " SET_COLUMNS " FROM token_sets ORDER BY name LIMIT ? OFFSET ?", &q,
                     e);
    if (err != ERR_OK)
        return err;
    query_int(&q, page.size);
    query_int(&q, page_offset(page));
    struct token_set set;
    bool has_row = true;
    while ((err = query_row(&q, &has_row, e)) == ERR_OK && has_row) {
        read_set(&q, &set);
        if (!fn(arg, &set))
            break;
    }
    return err;
}

enum err sqlite_token_set_delete(struct store *store, const char *name, struct error *e)
{
    struct sqlite_store *s = (struct sqlite_store *)store;
    AUTO(query_close) struct query q = {0};
    enum err err = query_open(s, "DELETE FROM token_sets WHERE name = ?", &q, e);
    if (err != ERR_OK)
        return err;
    query_text(&q, name);
    err = query_run(&q, e);
    return err == ERR_OK ? sqlite_check_changed(s, "token set", name, e) : err;
}

/* One statement, so that no token can be used twice. */
enum err sqlite_token_redeem(struct store *store, const uint8_t hash[DIGEST_BYTES], int64_t now_ms,
                             char set_name[ID_SIZE], struct error *e)
{
    AUTO(query_close) struct query q = {0};
    enum err err = query_open(
        (struct sqlite_store *)store,
        "UPDATE tokens SET is_used = 1 WHERE hash = ? AND is_used = 0 AND EXISTS (SELECT 1 FROM"
        " token_sets WHERE name = set_name AND expires_ms > ?) RETURNING set_name",
        &q, e);
    if (err != ERR_OK)
        return err;
    query_blob(&q, hash, DIGEST_BYTES);
    query_int(&q, now_ms);
    bool has_row = false;
    err = query_row(&q, &has_row, e);
    if (err != ERR_OK)
        return err;
    if (!has_row)
        return error_set(e, ERR_NOT_FOUND, "the token is unknown, used or expired");
    query_get_text(&q, set_name, ID_SIZE);
    return query_run(&q, e);
}
