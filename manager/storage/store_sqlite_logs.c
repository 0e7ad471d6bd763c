/* SPDX-License-Identifier: Apache-2.0 */
/* Storing and removing log lines in SQLite; store_sqlite_log_query.c reads them. */
#include "store_sqlite_tables.h"

static int64_t count_errors(const struct log_batch *batch)
{
    int64_t count = 0;
    for (size_t i = 0; i < batch->count; i++)
        count += batch->lines[i].is_error;
    return count;
}

/* Counts the lines and gives them consecutive ids; ids of removed lines are not given again. */
static enum err take_ids(struct sqlite_store *s, const struct log_batch *batch, int64_t errors,
                         int64_t *first_id, struct error *e)
{
    AUTO(query_close) struct query q = {0};
    enum err err = query_open(s,
                              "UPDATE log_totals SET line_count = line_count + ?1,"
                              " error_count = error_count + ?2, last_id = last_id + ?1"
                              " RETURNING last_id",
                              &q, e);
    if (err != ERR_OK)
        return err;
    query_int(&q, (int64_t)batch->count);
    query_int(&q, errors);
    bool has_row = false;
    err = query_row(&q, &has_row, e);
    if (err == ERR_OK)
        *first_id = has_row ? query_get_int(&q) - (int64_t)batch->count + 1 : 1;
    return err == ERR_OK ? query_run(&q, e) : err;
}

static enum err put_source(struct sqlite_store *s, const struct log_batch *batch, int64_t errors,
                           int64_t first_id, int64_t *source_id, struct error *e)
{
    AUTO(query_close) struct query q = {0};
    enum err err = query_open(
        s,
        "INSERT INTO log_sources (line_count, error_count, first_id, last_id, target_id, task_id,"
        " stage, command) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (target_id, task_id, stage, command) DO UPDATE SET"
        " line_count = line_count + excluded.line_count,"
        " error_count = error_count + excluded.error_count, last_id = excluded.last_id"
        " RETURNING id",
        &q, e);
    if (err != ERR_OK)
        return err;
    query_int(&q, (int64_t)batch->count);
    query_int(&q, errors);
    query_int(&q, first_id);
    query_int(&q, first_id + (int64_t)batch->count - 1);
    query_text(&q, batch->target_id);
    query_text(&q, batch->task_id);
    query_int(&q, batch->stage);
    query_text(&q, batch->command);
    bool has_row = false;
    err = query_row(&q, &has_row, e);
    if (err == ERR_OK)
        *source_id = has_row ? query_get_int(&q) : 0;
    return err == ERR_OK ? query_run(&q, e) : err;
}

static enum err put_line(struct query *row, struct query *text, int64_t id, int64_t source_id,
                         const struct log_line *line, struct error *e)
{
    query_int(row, id);
    query_int(row, source_id);
    query_int(row, line->time_ms);
    query_int(row, line->is_error);
    query_int(row, line->is_event);
    query_text(row, line->output);
    enum err err = query_run(row, e);
    if (err != ERR_OK)
        return err;
    query_int(text, id);
    query_text(text, line->output);
    return query_run(text, e);
}

enum err sqlite_log_append(struct store *store, const struct log_batch *batch, struct error *e)
{
    struct sqlite_store *s = (struct sqlite_store *)store;
    if (batch->count == 0)
        return ERR_OK;
    int64_t errors = count_errors(batch);
    int64_t first_id = 0;
    int64_t source_id = 0;
    enum err err = take_ids(s, batch, errors, &first_id, e);
    if (err == ERR_OK)
        err = put_source(s, batch, errors, first_id, &source_id, e);
    AUTO(query_close) struct query row = {0};
    AUTO(query_close) struct query text = {0};
    if (err == ERR_OK)
        err = query_open(s,
                         "INSERT INTO logs (id, source_id, time_ms, is_error, is_event, output)"
                         " VALUES (?, ?, ?, ?, ?, ?)",
                         &row, e);
    if (err == ERR_OK)
        err = query_open(s, "INSERT INTO log_text (rowid, output) VALUES (?, ?)", &text, e);
    for (size_t i = 0; err == ERR_OK && i < batch->count; i++)
        err = put_line(&row, &text, first_id + (int64_t)i, source_id, &batch->lines[i], e);
    return err;
}

#define LINES_OF_TASK " WHERE source_id IN (SELECT id FROM log_sources WHERE task_id = ?)"

enum err sqlite_log_delete_task(struct sqlite_store *s, const char *task_id, struct error *e)
{
    static const char *const steps[] = {
        /* The full text index is told what it must forget. */
        ("INSERT INTO log_text (log_text, rowid, output)"
         " SELECT 'delete', id, output FROM logs" LINES_OF_TASK),
        "UPDATE log_totals SET line_count = line_count - removed_lines,"
        " error_count = error_count - removed_errors"
        " FROM (SELECT coalesce(sum(line_count), 0) AS removed_lines,"
        " coalesce(sum(error_count), 0) AS removed_errors FROM log_sources WHERE task_id = ?)",
        ("DELETE FROM logs" LINES_OF_TASK),
        "DELETE FROM log_sources WHERE task_id = ?",
    };
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        AUTO(query_close) struct query q = {0};
        enum err err = query_open(s, steps[i], &q, e);
        if (err != ERR_OK)
            return err;
        query_text(&q, task_id);
        err = query_run(&q, e);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}
