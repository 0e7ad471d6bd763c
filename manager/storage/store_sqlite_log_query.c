/* SPDX-License-Identifier: Apache-2.0 */
/* Searching log lines in SQLite. Ids of the page are found first, by the cheapest of a few ways
 * (struct way), then the lines are read. Totals come from the counts that sources carry, so a
 * listing does not count lines; only times and words make it look at them. */
#include <stdio.h>
#include <string.h>

#include "log_text.h"
#include "store_sqlite_tables.h"

enum { SQL_SIZE = 512, MATCH_SIZE = 1024 };

/* How lines are found: what is joined, and which column is the line's id. */
struct way {
    const char *from;
    const char *join_sources; /* used when a source must be looked at */
    const char *where;
    const char *id;
};

#define JOIN_SOURCES " CROSS JOIN log_sources s ON s.id = l.source_id"

/* Along ids, newest or oldest first. */
static const struct way walk = {"logs l", JOIN_SOURCES, "l.id BETWEEN :first AND :last", "l.id"};
static const struct way walk_errors = {"logs l INDEXED BY logs_errors", JOIN_SOURCES,
                                       "l.id BETWEEN :first AND :last", "l.id"};
static const struct way by_time = {"logs l INDEXED BY logs_by_time", JOIN_SOURCES, "1", "l.id"};
/* All lines of the sources that match. */
static const struct way by_source = {
    "log_sources s CROSS JOIN logs l INDEXED BY logs_by_source ON l.source_id = s.id", "", "1",
    "l.id"};
/* Lines with the words; their rows are joined only when something else is asked of them. */
static const struct way by_text = {"log_text", "", "log_text MATCH :text", "log_text.rowid"};
static const struct way by_text_and_row = {
    "log_text CROSS JOIN logs l ON l.id = log_text.rowid", JOIN_SOURCES,
    "log_text MATCH :text AND log_text.rowid BETWEEN :first AND :last", "l.id"};

/* What is known about the lines that match before any is read. */
struct extent {
    int64_t total;
    int64_t first; /* ids between which they lie */
    int64_t last;
    int64_t source_lines; /* of the sources that match, whatever else is asked */
    int64_t all_errors;   /* of all sources */
};

struct search {
    struct sqlite_store *s;
    const struct log_query *query;
    char match[MATCH_SIZE]; /* for FTS5 */
    bool has_source;        /* target, task, stage or command is given */
    bool has_time;
    struct extent extent;
};

/* Every term in quotes: nothing of FTS5's own syntax gets through. */
static enum err set_match(struct search *search, struct error *e)
{
    struct log_text text;
    enum err err = log_text_parse(search->query->text, &text, e);
    size_t used = 0;
    for (size_t i = 0; err == ERR_OK && i < text.count; i++) {
        int n = snprintf(search->match + used, MATCH_SIZE - used, "\"%s\"%s ", text.terms[i].text,
                         text.terms[i].is_prefix ? "*" : "");
        used += (size_t)n;
    }
    return err;
}

static const char *source_filter(const struct log_query *q, char out[SQL_SIZE])
{
    snprintf(out, SQL_SIZE, "%s%s%s%s", q->target_id != NULL ? " AND s.target_id = :target" : "",
             q->task_id != NULL ? " AND s.task_id = :task" : "",
             q->stage != STAGE_NONE ? " AND s.stage = :stage" : "",
             q->command != NULL ? " AND s.command = :command" : "");
    return out;
}

static const char *line_filter(const struct log_query *q, char out[SQL_SIZE])
{
    const char *error = !q->has_error ? ""
                        : q->is_error ? " AND l.is_error = 1"
                                      : " AND l.is_error = 0";
    snprintf(out, SQL_SIZE, "%s%s%s", error, q->from_ms != 0 ? " AND l.time_ms >= :from" : "",
             q->to_ms != 0 ? " AND l.time_ms < :to" : "");
    return out;
}

static void bind_int(struct query *q, const char *name, int64_t value)
{
    int place = sqlite3_bind_parameter_index(q->statement, name);
    if (place != 0 && sqlite3_bind_int64(q->statement, place, value) != SQLITE_OK)
        q->status = SQLITE_NOMEM;
}

static void bind_text(struct query *q, const char *name, const char *text)
{
    int place = sqlite3_bind_parameter_index(q->statement, name);
    if (place != 0 && sqlite3_bind_text(q->statement, place, text, -1, SQLITE_STATIC) != SQLITE_OK)
        q->status = SQLITE_NOMEM;
}

/* Names that do not occur in the statement are passed over. */
static void bind_all(struct query *q, const struct search *search)
{
    const struct log_query *query = search->query;
    bind_text(q, ":target", query->target_id);
    bind_text(q, ":task", query->task_id);
    bind_int(q, ":stage", query->stage);
    bind_text(q, ":command", query->command);
    bind_int(q, ":from", query->from_ms);
    bind_int(q, ":to", query->to_ms);
    bind_text(q, ":text", search->match);
    bind_int(q, ":first", search->extent.first);
    bind_int(q, ":last", search->extent.last);
    bind_int(q, ":limit", query->page.size);
    bind_int(q, ":offset", page_offset(query->page));
}

/* Counts of the sources that match; with neither time nor text that is the answer. */
static enum err measure_sources(struct search *search, struct error *e)
{
    char filter[SQL_SIZE];
    char sql[2 * SQL_SIZE];
    if (search->has_source)
        snprintf(sql, sizeof(sql),
                 "SELECT sum(line_count), sum(error_count), min(first_id), max(last_id),"
                 " (SELECT error_count FROM log_totals) FROM log_sources s WHERE 1%s",
                 source_filter(search->query, filter));
    else
        snprintf(sql, sizeof(sql),
                 "SELECT line_count, error_count, (SELECT min(id) FROM logs), last_id,"
                 " error_count FROM log_totals");
    AUTO(query_close) struct query q = {0};
    enum err err = query_prepare(search->s, sql, &q, e);
    if (err != ERR_OK)
        return err;
    bind_all(&q, search);
    bool has_row = false;
    err = query_row(&q, &has_row, e);
    if (err != ERR_OK || !has_row)
        return err;
    int64_t lines = query_get_int(&q);
    int64_t errors = query_get_int(&q);
    int64_t of_kind = search->query->is_error ? errors : lines - errors;
    search->extent.source_lines = lines;
    search->extent.total = search->query->has_error ? of_kind : lines;
    search->extent.first = query_get_int(&q);
    search->extent.last = query_get_int(&q);
    search->extent.all_errors = query_get_int(&q);
    return ERR_OK;
}

/* Counts lines one by one, the given way, and narrows the ids between which they lie. */
static enum err measure_lines(struct search *search, const struct way *way, struct error *e)
{
    char of_source[SQL_SIZE];
    char of_line[SQL_SIZE];
    char sql[4 * SQL_SIZE];
    snprintf(sql, sizeof(sql), "SELECT count(*), min(%s), max(%s) FROM %s%s WHERE %s%s%s", way->id,
             way->id, way->from, search->has_source ? way->join_sources : "", way->where,
             source_filter(search->query, of_source), line_filter(search->query, of_line));
    AUTO(query_close) struct query q = {0};
    enum err err = query_prepare(search->s, sql, &q, e);
    if (err != ERR_OK)
        return err;
    bind_all(&q, search);
    bool has_row = false;
    err = query_row(&q, &has_row, e);
    if (err != ERR_OK || !has_row)
        return err;
    search->extent.total = query_get_int(&q);
    search->extent.first = query_get_int(&q);
    search->extent.last = query_get_int(&q);
    return ERR_OK;
}

static bool needs_rows(const struct search *search)
{
    return search->has_source || search->has_time || search->query->has_error ||
           search->query->sort != LOG_SORT_RECEIVED;
}

static enum err measure(struct search *search, struct error *e)
{
    const struct log_query *q = search->query;
    enum err err = measure_sources(search, e);
    if (err != ERR_OK || search->extent.source_lines == 0)
        return err;
    if (q->text != NULL)
        return measure_lines(search, needs_rows(search) ? &by_text_and_row : &by_text, e);
    if (search->has_time)
        return measure_lines(search, search->has_source ? &by_source : &by_time, e);
    return ERR_OK;
}

/* Walking along ids, or times, meets a match every span / total lines; the other way looks at
 * others lines. */
static bool is_worth_walking(const struct search *search, int64_t others)
{
    const struct extent *extent = &search->extent;
    int64_t span = extent->last - extent->first + 1;
    if (search->query->has_error && search->query->is_error && span > extent->all_errors)
        span = extent->all_errors;
    double page_end = (double)page_offset(search->query->page) + search->query->page.size;
    double steps = page_end * (double)span / (double)(search->extent.total + 1);
    return steps <= (double)others;
}

static const struct way *choose(const struct search *search)
{
    const struct log_query *q = search->query;
    const struct extent *extent = &search->extent;
    if (q->text != NULL)
        return needs_rows(search) ? &by_text_and_row : &by_text;
    if (q->sort == LOG_SORT_TARGET || q->sort == LOG_SORT_TASK)
        return &by_source;
    if (search->has_source && !is_worth_walking(search, extent->source_lines))
        return &by_source;
    if (q->sort == LOG_SORT_TIME)
        return &by_time;
    if (!search->has_source && search->has_time && !is_worth_walking(search, extent->total))
        return &by_time;
    return q->has_error && q->is_error ? &walk_errors : &walk;
}

static const char *order(const struct search *search, const char *id, char out[SQL_SIZE])
{
    static const char *const keys[] = {
        [LOG_SORT_RECEIVED] = NULL,
        [LOG_SORT_TIME] = "l.time_ms",
        [LOG_SORT_TARGET] = "s.target_id",
        [LOG_SORT_TASK] = "s.task_id",
    };
    const char *direction = search->query->is_ascending ? "ASC" : "DESC";
    const char *key = keys[search->query->sort];
    if (key == NULL)
        snprintf(out, SQL_SIZE, "%s %s", id, direction);
    else
        snprintf(out, SQL_SIZE, "%s %s, %s %s", key, direction, id, direction);
    return out;
}

static enum err visit_lines(struct query *q, store_log_fn *fn, void *arg, struct error *e)
{
    bool has_row = true;
    enum err err = ERR_OK;
    while ((err = query_row(q, &has_row, e)) == ERR_OK && has_row) {
        struct log_row row = {.id = (uint64_t)query_get_int(q)};
        row.target_id = query_get_borrowed(q);
        row.task_id = query_get_borrowed(q);
        row.stage = (enum stage)query_get_int(q);
        row.command = query_get_borrowed(q);
        row.line.time_ms = query_get_int(q);
        row.line.is_error = query_get_int(q) != 0;
        row.line.is_event = query_get_int(q) != 0;
        row.line.output = query_get_borrowed(q);
        if (!fn(arg, &row))
            break;
    }
    return err;
}

static enum err read_page(struct search *search, store_log_fn *fn, void *arg, struct error *e)
{
    const struct log_query *query = search->query;
    const struct way *way = choose(search);
    bool is_by_source = query->sort == LOG_SORT_TARGET || query->sort == LOG_SORT_TASK;
    char of_source[SQL_SIZE];
    char of_line[SQL_SIZE];
    char inner_order[SQL_SIZE];
    char outer_order[SQL_SIZE];
    char sql[5 * SQL_SIZE];
    snprintf(sql, sizeof(sql),
             "SELECT l.id, s.target_id, s.task_id, s.stage, s.command, l.time_ms, l.is_error,"
             " l.is_event, l.output FROM (SELECT %s AS id FROM %s%s WHERE %s%s%s ORDER BY %s"
             " LIMIT :limit OFFSET :offset) page CROSS JOIN logs l ON l.id = page.id" JOIN_SOURCES
             " ORDER BY %s",
             way->id, way->from, search->has_source || is_by_source ? way->join_sources : "",
             way->where, source_filter(query, of_source), line_filter(query, of_line),
             order(search, way->id, inner_order), order(search, "l.id", outer_order));
    AUTO(query_close) struct query q = {0};
    enum err err = query_prepare(search->s, sql, &q, e);
    if (err != ERR_OK)
        return err;
    bind_all(&q, search);
    return visit_lines(&q, fn, arg, e);
}

enum err sqlite_log_query(struct store *store, const struct log_query *query, uint64_t *total,
                          store_log_fn *fn, void *arg, struct error *e)
{
    struct search search = {
        .s = (struct sqlite_store *)store,
        .query = query,
        .has_source = query->target_id != NULL || query->task_id != NULL ||
                      query->stage != STAGE_NONE || query->command != NULL,
        .has_time = query->from_ms != 0 || query->to_ms != 0,
    };
    enum err err = query->text == NULL ? ERR_OK : set_match(&search, e);
    if (err == ERR_OK)
        err = measure(&search, e);
    if (err != ERR_OK)
        return err;
    *total = (uint64_t)search.extent.total;
    return search.extent.total == 0 ? ERR_OK : read_page(&search, fn, arg, e);
}
