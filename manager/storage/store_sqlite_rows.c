/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of tasks on targets in SQLite. */
#include "store_sqlite_tables.h"

#define ROW_COLUMNS                                                                                \
    "task_id, target_id, app, version, state, run_state, exit_status, stop_wanted, since_ms,"      \
    " code, message"

static const char *const put_sql =
    "INSERT INTO task_targets (" ROW_COLUMNS ", is_outstanding)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (task_id, target_id) DO UPDATE SET app = excluded.app,"
    " version = excluded.version, state = excluded.state, run_state = excluded.run_state,"
    " exit_status = excluded.exit_status, stop_wanted = excluded.stop_wanted,"
    " since_ms = excluded.since_ms, code = excluded.code, message = excluded.message,"
    " is_outstanding = excluded.is_outstanding";

enum err sqlite_row_put(struct store *store, const struct task_target *row, struct error *e)
{
    AUTO(query_close) struct query q = {0};
    enum err err = query_open((struct sqlite_store *)store, put_sql, &q, e);
    if (err != ERR_OK)
        return err;
    query_text(&q, row->task_id);
    query_text(&q, row->target_id);
    query_text(&q, row->app);
    query_int(&q, (int64_t)row->version);
    query_int(&q, row->state);
    query_int(&q, row->run_state);
    query_int(&q, row->exit_status);
    query_int(&q, row->stop_wanted);
    query_int(&q, row->since_ms);
    query_int(&q, row->code);
    query_text(&q, row->message);
    query_int(&q, !task_state_is_final(row->state) || row->stop_wanted);
    err = query_run(&q, e);
    if (err == ERR_NOT_FOUND)
        return error_set(e, err, "there is no task %s or no target %s", row->task_id,
                         row->target_id);
    return err;
}

static void read_row(struct query *q, struct task_target *row)
{
    *row = (struct task_target){.state = TASK_PENDING};
    query_get_text(q, row->task_id, sizeof(row->task_id));
    query_get_text(q, row->target_id, sizeof(row->target_id));
    query_get_text(q, row->app, sizeof(row->app));
    row->version = (uint64_t)query_get_int(q);
    row->state = (enum task_state)query_get_int(q);
    row->run_state = (enum run_state)query_get_int(q);
    row->exit_status = (int32_t)query_get_int(q);
    row->stop_wanted = query_get_int(q) != 0;
    row->since_ms = query_get_int(q);
    row->code = (enum err)query_get_int(q);
    query_get_text(q, row->message, sizeof(row->message));
}

enum err sqlite_row_get(struct store *store, const char *task_id, const char *target_id,
                        struct task_target *out, struct error *e)
{
    AUTO(query_close) struct query q = {0};
    enum err err = query_open((struct sqlite_store *)store,
                              "SELECT " ROW_COLUMNS " FROM task_targets"
                              " WHERE task_id = ? AND target_id = ?",
                              &q, e);
    if (err != ERR_OK)
        return err;
    query_text(&q, task_id);
    query_text(&q, target_id);
    bool has_row = false;
    err = query_row(&q, &has_row, e);
    if (err != ERR_OK)
        return err;
    if (!has_row)
        return error_set(e, ERR_NOT_FOUND, "task %s is not for target %s", task_id, target_id);
    read_row(&q, out);
    return ERR_OK;
}

static enum err visit_rows(struct query *q, store_row_fn *fn, void *arg, struct error *e)
{
    struct task_target row;
    bool has_row = true;
    enum err err = ERR_OK;
    while ((err = query_row(q, &has_row, e)) == ERR_OK && has_row) {
        read_row(q, &row);
        if (!fn(arg, &row))
            break;
    }
    return err;
}

/* 0 stands for any state. */
static enum err count_rows(struct sqlite_store *s, const char *task_id, int state, uint64_t *out,
                           struct error *e)
{
    AUTO(query_close) struct query q = {0};
    enum err err = query_open(
        s, "SELECT count(*) FROM task_targets WHERE task_id = ?1 AND (?2 = 0 OR state = ?2)", &q,
        e);
    if (err != ERR_OK)
        return err;
    query_text(&q, task_id);
    query_int(&q, state);
    bool has_row = false;
    err = query_row(&q, &has_row, e);
    *out = has_row ? (uint64_t)query_get_int(&q) : 0;
    return err;
}

enum err sqlite_row_list(struct store *store, const struct row_query *query, uint64_t *total,
                         store_row_fn *fn, void *arg, struct error *e)
{
    struct sqlite_store *s = (struct sqlite_store *)store;
    int state = query->has_state ? (int)query->state : 0;
    enum err err = count_rows(s, query->task_id, state, total, e);
    if (err != ERR_OK)
        return err;
    AUTO(query_close) struct query q = {0};
    err = query_open(s,
                     "SELECT " ROW_COLUMNS " FROM task_targets"
                     " WHERE task_id = ?1 AND (?2 = 0 OR state = ?2)"
                     " ORDER BY target_id LIMIT ?3 OFFSET ?4",
                     &q, e);
    if (err != ERR_OK)
        return err;
    query_text(&q, query->task_id);
    query_int(&q, state);
    query_int(&q, query->page.size);
    query_int(&q, page_offset(query->page));
    return visit_rows(&q, fn, arg, e);
}

enum err sqlite_row_outstanding(struct store *store, const char *target_id, store_row_fn *fn,
                                void *arg, struct error *e)
{
    AUTO(query_close) struct query q = {0};
    enum err err = query_open((struct sqlite_store *)store,
                              "SELECT " ROW_COLUMNS " FROM task_targets"
                              " WHERE target_id = ? AND is_outstanding = 1 ORDER BY version",
                              &q, e);
    if (err != ERR_OK)
        return err;
    query_text(&q, target_id);
    return visit_rows(&q, fn, arg, e);
}

enum err sqlite_row_of_target(struct store *store, const char *target_id, size_t max,
                              store_row_fn *fn, void *arg, struct error *e)
{
    AUTO(query_close) struct query q = {0};
    enum err err = query_open((struct sqlite_store *)store,
                              "SELECT " ROW_COLUMNS " FROM task_targets"
                              " WHERE target_id = ? ORDER BY version DESC LIMIT ?",
                              &q, e);
    if (err != ERR_OK)
        return err;
    query_text(&q, target_id);
    query_int(&q, max > INT64_MAX ? INT64_MAX : (int64_t)max);
    return visit_rows(&q, fn, arg, e);
}

static void add_count(struct task_counts *counts, int64_t state, int64_t run_state, uint64_t n)
{
    counts->total += n;
    if (state > 0 && state < TASK_STATE_COUNT)
        counts->states[state] += n;
    if (state == TASK_SUCCEEDED && run_state >= 0 && run_state < RUN_STATE_COUNT)
        counts->runs[run_state] += n;
}

enum err sqlite_row_counts(struct store *store, const char *task_id, struct task_counts *out,
                           struct error *e)
{
    AUTO(query_close) struct query q = {0};
    enum err err = query_open((struct sqlite_store *)store,
                              "SELECT state, run_state, count(*) FROM task_targets"
                              " WHERE task_id = ? GROUP BY state, run_state",
                              &q, e);
    if (err != ERR_OK)
        return err;
    query_text(&q, task_id);
    struct task_counts counts = {0};
    bool has_row = true;
    while ((err = query_row(&q, &has_row, e)) == ERR_OK && has_row) {
        int64_t state = query_get_int(&q);
        int64_t run_state = query_get_int(&q);
        add_count(&counts, state, run_state, (uint64_t)query_get_int(&q));
    }
    if (err == ERR_OK)
        *out = counts;
    return err;
}
