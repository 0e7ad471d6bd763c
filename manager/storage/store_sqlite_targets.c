/* SPDX-License-Identifier: Apache-2.0 */
/* Targets in SQLite. */
#include "store_sqlite_tables.h"

/* Not REPLACE, which would delete the rows of the target with it. */
#define TARGET_COLUMNS                                                                             \
    "id, public_key, tags, advertised_tags, has_location, location_is_fixed, latitude, longitude," \
    " architecture, os, agent_version, disk_free_bytes, memory_bytes, registered_ms,"              \
    " last_seen_ms, stream_id, stored_seq"

static const char *const put_sql =
    "INSERT INTO targets (" TARGET_COLUMNS ")"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (id) DO UPDATE SET public_key = excluded.public_key, tags = excluded.tags,"
    " advertised_tags = excluded.advertised_tags, has_location = excluded.has_location,"
    " location_is_fixed = excluded.location_is_fixed, latitude = excluded.latitude,"
    " longitude = excluded.longitude, architecture = excluded.architecture, os = excluded.os,"
    " agent_version = excluded.agent_version, disk_free_bytes = excluded.disk_free_bytes,"
    " memory_bytes = excluded.memory_bytes, registered_ms = excluded.registered_ms,"
    " last_seen_ms = excluded.last_seen_ms, stream_id = excluded.stream_id,"
    " stored_seq = excluded.stored_seq";

enum err sqlite_target_put(struct store *store, const struct target *t, struct error *e)
{
    AUTO(query_close) struct query q = {0};
    enum err err = query_open((struct sqlite_store *)store, put_sql, &q, e);
    if (err != ERR_OK)
        return err;
    query_text(&q, t->id);
    query_blob(&q, t->public_key, sizeof(t->public_key));
    query_text(&q, t->tags.text);
    query_text(&q, t->advertised.text);
    query_int(&q, t->location.is_known);
    query_int(&q, t->location_is_fixed);
    query_real(&q, t->location.latitude);
    query_real(&q, t->location.longitude);
    query_text(&q, t->architecture);
    query_text(&q, t->os);
    query_text(&q, t->agent_version);
    query_int(&q, (int64_t)t->disk_free_bytes);
    query_int(&q, (int64_t)t->memory_bytes);
    query_int(&q, t->registered_ms);
    query_int(&q, t->last_seen_ms);
    query_int(&q, (int64_t)t->stream_id);
    query_int(&q, (int64_t)t->stored_seq);
    err = query_run(&q, e);
    if (err == ERR_CONFLICT)
        return error_set(e, err, "another target than %s has this public key", t->id);
    return err;
}

enum err sqlite_target_delete(struct store *store, const char *id, struct error *e)
{
    struct sqlite_store *s = (struct sqlite_store *)store;
    AUTO(query_close) struct query q = {0};
    enum err err = query_open(s, "DELETE FROM targets WHERE id = ?", &q, e);
    if (err != ERR_OK)
        return err;
    query_text(&q, id);
    err = query_run(&q, e);
    return err == ERR_OK ? sqlite_check_changed(s, "target", id, e) : err;
}

static void read_target(struct query *q, struct target *t)
{
    *t = (struct target){.is_online = false};
    query_get_text(q, t->id, sizeof(t->id));
    query_get_blob(q, t->public_key, sizeof(t->public_key));
    query_get_text(q, t->tags.text, sizeof(t->tags.text));
    query_get_text(q, t->advertised.text, sizeof(t->advertised.text));
    t->location.is_known = query_get_int(q) != 0;
    t->location_is_fixed = query_get_int(q) != 0;
    t->location.latitude = query_get_real(q);
    t->location.longitude = query_get_real(q);
    query_get_text(q, t->architecture, sizeof(t->architecture));
    query_get_text(q, t->os, sizeof(t->os));
    query_get_text(q, t->agent_version, sizeof(t->agent_version));
    t->disk_free_bytes = (uint64_t)query_get_int(q);
    t->memory_bytes = (uint64_t)query_get_int(q);
    t->registered_ms = query_get_int(q);
    t->last_seen_ms = query_get_int(q);
    t->stream_id = (uint64_t)query_get_int(q);
    t->stored_seq = (uint64_t)query_get_int(q);
}

enum err sqlite_target_each(struct store *store, store_target_fn *fn, void *arg, struct error *e)
{
    AUTO(query_close) struct query q = {0};
    enum err err = query_open((struct sqlite_store *)store,
                              "SELECT " TARGET_COLUMNS " FROM targets ORDER BY id", &q, e);
    if (err != ERR_OK)
        return err;
    struct target t;
    bool has_row = true;
    while ((err = query_row(&q, &has_row, e)) == ERR_OK && has_row) {
        read_target(&q, &t);
        if (!fn(arg, &t))
            break;
    }
    return err;
}

enum err sqlite_target_set_stored(struct store *store, const char *id, uint64_t stream_id,
                                  uint64_t seq, struct error *e)
{
    struct sqlite_store *s = (struct sqlite_store *)store;
    AUTO(query_close) struct query q = {0};
    enum err err =
        query_open(s, "UPDATE targets SET stream_id = ?, stored_seq = ? WHERE id = ?", &q, e);
    if (err != ERR_OK)
        return err;
    query_int(&q, (int64_t)stream_id);
    query_int(&q, (int64_t)seq);
    query_text(&q, id);
    err = query_run(&q, e);
    return err == ERR_OK ? sqlite_check_changed(s, "target", id, e) : err;
}
