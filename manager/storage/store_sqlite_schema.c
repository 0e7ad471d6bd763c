/* SPDX-License-Identifier: Apache-2.0 */
/* Steps are never changed once released: a new version appends one. What PRAGMA user_version says
 * is how many of them a database has seen. */
#include "store_sqlite_schema.h"

#include <stdio.h>

/* Times are milliseconds since 1970 UTC; states and stages are the values of model.h; lists of
 * texts are blobs in which a NUL ends each. */
static const char *const step_1 =
    "CREATE TABLE targets ("
    " id TEXT PRIMARY KEY, public_key BLOB NOT NULL UNIQUE, tags TEXT NOT NULL,"
    " advertised_tags TEXT NOT NULL,"
    " has_location INTEGER NOT NULL, location_is_fixed INTEGER NOT NULL, latitude REAL NOT NULL, "
    "longitude REAL NOT NULL,"
    " architecture TEXT NOT NULL, os TEXT NOT NULL, agent_version TEXT NOT NULL,"
    " disk_free_bytes INTEGER NOT NULL, memory_bytes INTEGER NOT NULL,"
    " registered_ms INTEGER NOT NULL, last_seen_ms INTEGER NOT NULL,"
    " stream_id INTEGER NOT NULL, stored_seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;"

    /* AUTOINCREMENT: the version of a deleted task is not given again. */
    "CREATE TABLE tasks ("
    " version INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
    " description TEXT NOT NULL, app TEXT NOT NULL, debug INTEGER NOT NULL,"
    " auto_restart INTEGER NOT NULL, has_deploy INTEGER NOT NULL, has_build INTEGER NOT NULL,"
    " is_stopped INTEGER NOT NULL, created_ms INTEGER NOT NULL,"
    " has_package INTEGER NOT NULL, package_id TEXT NOT NULL, package_digest BLOB NOT NULL,"
    " manifest_size INTEGER NOT NULL, entry_count INTEGER NOT NULL, chunk_count INTEGER NOT NULL,"
    " content_size INTEGER NOT NULL, sealed_size INTEGER NOT NULL,"
    " install_commands BLOB NOT NULL, run_commands BLOB NOT NULL,"
    " selector_ids BLOB NOT NULL, selector_tags TEXT NOT NULL, build_host TEXT NOT NULL,"
    " build_commands BLOB NOT NULL, build_artifacts BLOB NOT NULL,"
    " document TEXT, signed_task BLOB NOT NULL) STRICT;"
    "CREATE INDEX tasks_by_package ON tasks (package_id);"

    "CREATE TABLE task_targets ("
    " task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,"
    " target_id TEXT NOT NULL REFERENCES targets (id) ON DELETE CASCADE,"
    " version INTEGER NOT NULL, app TEXT NOT NULL, state INTEGER NOT NULL,"
    " run_state INTEGER NOT NULL, exit_status INTEGER NOT NULL, stop_wanted INTEGER NOT NULL,"
    " is_outstanding INTEGER NOT NULL, since_ms INTEGER NOT NULL, code INTEGER NOT NULL,"
    " message TEXT NOT NULL, PRIMARY KEY (task_id, target_id)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX task_targets_by_state ON task_targets (task_id, state, run_state);"
    "CREATE INDEX task_targets_by_target ON task_targets (target_id, version);"
    "CREATE INDEX task_targets_outstanding ON task_targets (target_id, version)"
    " WHERE is_outstanding = 1;"

    /* Lines of one command on one target share a source. Sources and totals carry counts, so that
     * listings need not count lines; totals has one row. */
    "CREATE TABLE log_sources ("
    " id INTEGER PRIMARY KEY, line_count INTEGER NOT NULL, error_count INTEGER NOT NULL,"
    " first_id INTEGER NOT NULL, last_id INTEGER NOT NULL, stage INTEGER NOT NULL,"
    " target_id TEXT NOT NULL, task_id TEXT NOT NULL, command TEXT NOT NULL,"
    " UNIQUE (target_id, task_id, stage, command)) STRICT;"
    "CREATE INDEX log_sources_by_task ON log_sources (task_id);"
    "CREATE TABLE log_totals (line_count INTEGER NOT NULL, error_count INTEGER NOT NULL,"
    " last_id INTEGER NOT NULL) STRICT;"
    "INSERT INTO log_totals VALUES (0, 0, 0);"
    "CREATE TABLE logs ("
    " id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL, time_ms INTEGER NOT NULL,"
    " is_error INTEGER NOT NULL, is_event INTEGER NOT NULL, output TEXT NOT NULL) STRICT;"
    "CREATE INDEX logs_by_source ON logs (source_id);"
    "CREATE INDEX logs_by_time ON logs (time_ms);"
    "CREATE INDEX logs_errors ON logs (is_error) WHERE is_error = 1;"
    "CREATE VIRTUAL TABLE log_text USING fts5 (output, content = 'logs', content_rowid = 'id',"
    " columnsize = 0, tokenize = 'unicode61');"

    "CREATE TABLE token_sets ("
    " name TEXT PRIMARY KEY, total INTEGER NOT NULL, created_ms INTEGER NOT NULL,"
    " expires_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE tokens ("
    " hash BLOB PRIMARY KEY, set_name TEXT NOT NULL REFERENCES token_sets (name) ON DELETE CASCADE,"
    " is_used INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX tokens_by_set ON tokens (set_name, is_used);"

    "CREATE TABLE packages ("
    " id TEXT PRIMARY KEY, digest BLOB NOT NULL, manifest_size INTEGER NOT NULL,"
    " entry_count INTEGER NOT NULL, chunk_count INTEGER NOT NULL, content_size INTEGER NOT NULL,"
    " sealed_size INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE packs (key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE package_packs ("
    " package_id TEXT NOT NULL REFERENCES packages (id) ON DELETE CASCADE,"
    " pack INTEGER NOT NULL REFERENCES packs (key),"
    " PRIMARY KEY (package_id, pack)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX package_packs_by_pack ON package_packs (pack);"
    "CREATE TABLE chunks ("
    " name BLOB PRIMARY KEY, pack INTEGER NOT NULL REFERENCES packs (key) ON DELETE CASCADE,"
    " offset INTEGER NOT NULL, sealed_size INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX chunks_by_pack ON chunks (pack);";

static const char *const steps[] = {step_1};

int schema_version(void)
{
    return (int)(sizeof(steps) / sizeof(steps[0]));
}

static enum err read_version(struct sqlite_store *s, int known, int *out, struct error *e)
{
    AUTO(query_close) struct query q = {0};
    enum err err = query_prepare(s, "PRAGMA user_version", &q, e);
    bool has_row = false;
    if (err == ERR_OK)
        err = query_row(&q, &has_row, e);
    if (err != ERR_OK)
        return err;
    *out = has_row ? (int)query_get_int(&q) : 0;
    if (*out > known)
        return error_set(e, ERR_UNSUPPORTED,
                         "a newer version of this program wrote it (schema %d, known up to %d)",
                         *out, known);
    return ERR_OK;
}

/* Version 0 is a new file; tables in it belong to somebody else. */
static enum err check_is_empty(struct sqlite_store *s, struct error *e)
{
    AUTO(query_close) struct query q = {0};
    enum err err = query_prepare(s, "SELECT count(*) FROM sqlite_schema", &q, e);
    bool has_row = false;
    if (err == ERR_OK)
        err = query_row(&q, &has_row, e);
    if (err == ERR_OK && query_get_int(&q) != 0)
        return error_set(e, ERR_CORRUPT, "it is a database of another program");
    return err;
}

static enum err take_step(struct sqlite_store *s, const char *step, int to_version, struct error *e)
{
    char version[48];
    snprintf(version, sizeof(version), "PRAGMA user_version = %d; COMMIT", to_version);
    enum err err = sqlite_run(s, "BEGIN IMMEDIATE", e);
    if (err == ERR_OK)
        err = sqlite_run(s, step, e);
    if (err == ERR_OK)
        err = sqlite_run(s, version, e);
    if (err != ERR_OK && sqlite3_get_autocommit(s->db) == 0)
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return err == ERR_OK ? ERR_OK : error_wrap(e, err, "migrate to schema %d", to_version);
}

enum err schema_apply(struct sqlite_store *s, const char *const *list, int count, struct error *e)
{
    int version = 0;
    enum err err = read_version(s, count, &version, e);
    if (err == ERR_OK && version == 0)
        err = check_is_empty(s, e);
    for (int i = version; err == ERR_OK && i < count; i++)
        err = take_step(s, list[i], i + 1, e);
    return err;
}

enum err schema_migrate(struct sqlite_store *s, struct error *e)
{
    return schema_apply(s, steps, schema_version(), e);
}

enum err schema_check(struct sqlite_store *s, struct error *e)
{
    int version = 0;
    enum err err = read_version(s, schema_version(), &version, e);
    if (err == ERR_OK && version != schema_version())
        return error_set(e, ERR_UNSUPPORTED, "it has schema %d, not %d: open it for writing first",
                         version, schema_version());
    return err;
}
