/* SPDX-License-Identifier: Apache-2.0 */
/* store_sqlite_query: prepared statements of the SQLite backend. Parameters are bound and columns
 * read in order, the first mistake is remembered and reported when the statement runs.
 *   query_open(s, "SELECT a, b FROM t WHERE id = ?", &q, e); query_text(&q, id);
 *   query_row(&q, &has_row, e); a = query_get_int(&q); query_get_text(&q, b, sizeof(b)); */
#ifndef STORE_SQLITE_QUERY_H
#define STORE_SQLITE_QUERY_H

#include <sqlite3.h>

#include "store.h"

enum { STATEMENTS_MAX = 64 };

struct sqlite_store {
    struct store store; /* first */
    sqlite3 *db;
    bool is_reader;
    bool in_turn;
    struct error lost; /* why SQLite gave the present turn up; code ERR_OK while it has not */
    /* Prepared once, found by the address of their text. */
    struct {
        const char *text;
        sqlite3_stmt *statement;
    } cache[STATEMENTS_MAX];
    size_t cached;
};

struct query {
    struct sqlite_store *s;
    sqlite3_stmt *statement;
    bool is_cached;
    int bound;
    int column;
    int status;
};

/* text is a literal: it is prepared once. A second query of the same text while the first runs is
 * fine. Statements that write are refused outside a turn and on a reader. */
MUST_CHECK enum err query_open(struct sqlite_store *s, const char *text, struct query *q,
                               struct error *e);
/* For texts put together at run time. */
MUST_CHECK enum err query_prepare(struct sqlite_store *s, const char *text, struct query *q,
                                  struct error *e);
void query_close(struct query *q);
static inline void query_close_auto(struct query *q)
{
    query_close(q);
}

/* Bind the next parameter. Texts and blobs are borrowed until the query is closed or run again. */
void query_int(struct query *q, int64_t value);
void query_real(struct query *q, double value);
void query_text(struct query *q, const char *text);
void query_blob(struct query *q, const void *data, size_t size);

/* The next row, if any. */
MUST_CHECK enum err query_row(struct query *q, bool *has_row, struct error *e);
/* Runs to the end and makes ready for other parameters. */
MUST_CHECK enum err query_run(struct query *q, struct error *e);

/* Read the next column. Borrowed until the next row. */
int64_t query_get_int(struct query *q);
double query_get_real(struct query *q);
const char *query_get_borrowed(struct query *q);
void query_get_text(struct query *q, char *out, size_t size);
/* Exactly size bytes; zeros when the column has another size. */
void query_get_blob(struct query *q, void *out, size_t size);
/* Any number of bytes, appended. */
MUST_CHECK enum err query_get_bytes(struct query *q, struct bytes *out, struct error *e);

/* Translates what SQLite said last; notices when it gave the turn up. */
enum err sqlite_fail(struct sqlite_store *s, struct error *e);

/* Runs statements without parameters. */
MUST_CHECK enum err sqlite_run(struct sqlite_store *s, const char *sql, struct error *e);

#endif
