/* SPDX-License-Identifier: Apache-2.0 */
#include "store_sqlite.h"

#include <fcntl.h>
#include <string.h>

#include "store_sqlite_schema.h"
#include "store_sqlite_tables.h"

/* The write-ahead log is copied back every 16 MiB: bursts of logs stay sequential, and a start
 * after a crash stays quick. */
static const char *const writer_settings =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
    "PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 33554432;"
    "PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY";
static const char *const reader_settings =
    "PRAGMA query_only = ON; PRAGMA cache_size = -2048; PRAGMA temp_store = MEMORY";
enum { BUSY_TIMEOUT_MS = 5000 };

static struct sqlite_store *of(struct store *s)
{
    return (struct sqlite_store *)s;
}

static enum err begin_turn(struct store *store, struct error *e)
{
    struct sqlite_store *s = of(store);
    if (s->is_reader)
        return error_set(e, ERR_FORBIDDEN, "this handle of the store only reads");
    if (s->in_turn)
        return error_set(e, ERR_CONFLICT, "a turn of the store is already open");
    enum err err = sqlite_run(s, "BEGIN IMMEDIATE", e);
    s->in_turn = err == ERR_OK;
    return err;
}

static void rollback_turn(struct store *store)
{
    struct sqlite_store *s = of(store);
    if (sqlite3_get_autocommit(s->db) == 0)
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    s->in_turn = false;
    s->lost = (struct error){.code = ERR_OK};
}

/* Refuses to go on with a turn that is not open, or that SQLite gave up. */
static enum err check_turn(const struct sqlite_store *s, struct error *e)
{
    if (!s->in_turn)
        return error_set(e, ERR_CONFLICT, "no turn of the store is open");
    if (s->lost.code != ERR_OK)
        return error_set(e, s->lost.code, "%s", s->lost.text);
    return ERR_OK;
}

static enum err commit_turn(struct store *store, struct error *e)
{
    struct sqlite_store *s = of(store);
    enum err err = check_turn(s, e);
    if (err == ERR_OK)
        err = sqlite_run(s, "COMMIT", e);
    if (err != ERR_OK)
        rollback_turn(store);
    s->in_turn = false;
    return err;
}

static enum err mark(struct store *store, struct error *e)
{
    struct sqlite_store *s = of(store);
    enum err err = check_turn(s, e);
    return err == ERR_OK ? sqlite_run(s, "SAVEPOINT mark", e) : err;
}

static enum err keep(struct store *store, struct error *e)
{
    struct sqlite_store *s = of(store);
    enum err err = check_turn(s, e);
    return err == ERR_OK ? sqlite_run(s, "RELEASE mark", e) : err;
}

static void undo(struct store *store)
{
    struct sqlite_store *s = of(store);
    struct error why;
    if (s->lost.code != ERR_OK)
        return;
    /* What cannot be undone must not be committed either: the turn is lost. */
    enum err err = sqlite_run(s, "ROLLBACK TO mark; RELEASE mark", &why);
    if (err != ERR_OK && s->lost.code == ERR_OK)
        s->lost = why;
}

static void close_store(struct store *store)
{
    struct sqlite_store *s = of(store);
    for (size_t i = 0; i < s->cached; i++)
        sqlite3_finalize(s->cache[i].statement);
    sqlite3_close_v2(s->db);
    free(s);
}

static const struct store_ops ops = {
    .begin = begin_turn,
    .commit = commit_turn,
    .rollback = rollback_turn,
    .mark = mark,
    .keep = keep,
    .undo = undo,
    .target_put = sqlite_target_put,
    .target_delete = sqlite_target_delete,
    .target_each = sqlite_target_each,
    .target_set_stored = sqlite_target_set_stored,
    .task_insert = sqlite_task_insert,
    .task_set_stopped = sqlite_task_set_stopped,
    .task_delete = sqlite_task_delete,
    .task_get = sqlite_task_get,
    .task_list = sqlite_task_list,
    .task_last_version = sqlite_task_last_version,
    .row_put = sqlite_row_put,
    .row_get = sqlite_row_get,
    .row_list = sqlite_row_list,
    .row_outstanding = sqlite_row_outstanding,
    .row_of_target = sqlite_row_of_target,
    .row_counts = sqlite_row_counts,
    .log_append = sqlite_log_append,
    .log_query = sqlite_log_query,
    .token_set_insert = sqlite_token_set_insert,
    .token_set_get = sqlite_token_set_get,
    .token_set_list = sqlite_token_set_list,
    .token_set_delete = sqlite_token_set_delete,
    .token_redeem = sqlite_token_redeem,
    .package_insert = sqlite_package_insert,
    .chunk_insert = sqlite_chunk_insert,
    .chunk_find = sqlite_chunk_find,
    .package_collect = sqlite_package_collect,
    .package_each = sqlite_package_each,
    .pack_each = sqlite_pack_each,
    .close = close_store,
};

/* SQLite gives its side files the mode of the database, so it is enough to make that private. */
static enum err make_private(const char *path, struct error *e)
{
    AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return fd < 0 ? error_errno(e, "open %s", path) : ERR_OK;
}

static enum err open_handle(const char *path, bool is_reader, struct store **out, struct error *e)
{
    AUTO_FREE struct sqlite_store *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for a store handle");
    s->store.ops = &ops;
    s->is_reader = is_reader;
    int flags = (is_reader ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX;
    enum err err = ERR_OK;
    if (sqlite3_open_v2(path, &s->db, flags, NULL) != SQLITE_OK)
        err = sqlite_fail(s, e);
    sqlite3_busy_timeout(s->db, BUSY_TIMEOUT_MS);
    if (err == ERR_OK)
        err = sqlite_run(s, is_reader ? reader_settings : writer_settings, e);
    if (err == ERR_OK)
        err = is_reader ? schema_check(s, e) : schema_migrate(s, e);
    struct store *opened = &TAKE(s)->store;
    if (err != ERR_OK) {
        close_store(opened);
        return error_wrap(e, err, "open %s", path);
    }
    *out = opened;
    return ERR_OK;
}

enum err store_sqlite_open(const char *path, struct store **out, struct error *e)
{
    enum err err = make_private(path, e);
    return err == ERR_OK ? open_handle(path, false, out, e) : err;
}

enum err store_sqlite_open_reader(const char *path, struct store **out, struct error *e)
{
    return open_handle(path, true, out, e);
}

enum err sqlite_check_changed(struct sqlite_store *s, const char *what, const char *name,
                              struct error *e)
{
    if (sqlite3_changes64(s->db) == 0)
        return error_set(e, ERR_NOT_FOUND, "there is no %s %s", what, name);
    return ERR_OK;
}

enum err sqlite_number(struct sqlite_store *s, const char *sql, const char *parameter, int64_t *out,
                       struct error *e)
{
    AUTO(query_close) struct query q = {0};
    bool has_row = false;
    enum err err = query_open(s, sql, &q, e);
    if (err == ERR_OK && parameter != NULL)
        query_text(&q, parameter);
    if (err == ERR_OK)
        err = query_row(&q, &has_row, e);
    if (err == ERR_OK)
        *out = has_row ? query_get_int(&q) : 0;
    return err;
}
