/* SPDX-License-Identifier: Apache-2.0 */
#include "store_sqlite_query.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static enum err code_of(int status)
{
    switch (status & 0xff) {
    case SQLITE_FULL:
        return ERR_NO_SPACE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_CORRUPT;
    case SQLITE_NOMEM:
        return ERR_NO_MEMORY;
    case SQLITE_CONSTRAINT:
        return status == SQLITE_CONSTRAINT_FOREIGNKEY ? ERR_NOT_FOUND : ERR_CONFLICT;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return ERR_FORBIDDEN;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_UNAVAILABLE;
    case SQLITE_TOOBIG:
        return ERR_TOO_LARGE;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return ERR_IO;
    default:
        return ERR_INTERNAL;
    }
}

enum err sqlite_fail(struct sqlite_store *s, struct error *e)
{
    enum err code = code_of(sqlite3_extended_errcode(s->db));
    /* A write that hit RLIMIT_FSIZE or a full quota reaches us as an I/O error. */
    int reason = sqlite3_system_errno(s->db);
    if (code == ERR_IO && (reason == ENOSPC || reason == EDQUOT || reason == EFBIG))
        code = ERR_NO_SPACE;
    struct error local;
    const char *advice = code == ERR_NO_SPACE  ? ": no room left for the database"
                         : code == ERR_CORRUPT ? ": the database is damaged"
                                               : "";
    error_set(&local, code, "database: %s%s", sqlite3_errmsg(s->db), advice);
    if (s->in_turn && s->lost.code == ERR_OK && sqlite3_get_autocommit(s->db) != 0)
        s->lost = local;
    return error_set(e, code, "%s", local.text);
}

enum err sqlite_run(struct sqlite_store *s, const char *sql, struct error *e)
{
    if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return sqlite_fail(s, e);
    return ERR_OK;
}

static enum err check_may_write(const struct sqlite_store *s, sqlite3_stmt *statement,
                                struct error *e)
{
    if (sqlite3_stmt_readonly(statement) != 0)
        return ERR_OK;
    if (s->is_reader)
        return error_set(e, ERR_FORBIDDEN, "this handle of the store only reads");
    if (!s->in_turn)
        return error_set(e, ERR_CONFLICT, "a write to the store outside a turn");
    if (s->lost.code != ERR_OK)
        return error_set(e, s->lost.code, "%s", s->lost.text);
    return ERR_OK;
}

static enum err start(struct sqlite_store *s, sqlite3_stmt *statement, bool is_cached,
                      struct query *q, struct error *e)
{
    *q = (struct query){.s = s, .statement = statement, .is_cached = is_cached};
    return check_may_write(s, statement, e);
}

enum err query_prepare(struct sqlite_store *s, const char *text, struct query *q, struct error *e)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(s->db, text, -1, &statement, NULL) != SQLITE_OK)
        return sqlite_fail(s, e);
    return start(s, statement, false, q, e);
}

enum err query_open(struct sqlite_store *s, const char *text, struct query *q, struct error *e)
{
    size_t i = 0;
    while (i < s->cached && s->cache[i].text != text)
        i++;
    bool is_busy = i < s->cached && sqlite3_stmt_busy(s->cache[i].statement) != 0;
    if (i == STATEMENTS_MAX || is_busy)
        return query_prepare(s, text, q, e);
    if (i == s->cached) {
        sqlite3_stmt *statement = NULL;
        if (sqlite3_prepare_v3(s->db, text, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) !=
            SQLITE_OK)
            return sqlite_fail(s, e);
        s->cache[s->cached].text = text;
        s->cache[s->cached++].statement = statement;
    }
    return start(s, s->cache[i].statement, true, q, e);
}

void query_close(struct query *q)
{
    if (q->statement == NULL)
        return;
    if (q->is_cached) {
        sqlite3_reset(q->statement);
        sqlite3_clear_bindings(q->statement);
    } else {
        sqlite3_finalize(q->statement);
    }
    q->statement = NULL;
}

static void note(struct query *q, int status)
{
    if (q->status == SQLITE_OK)
        q->status = status;
}

void query_int(struct query *q, int64_t value)
{
    note(q, sqlite3_bind_int64(q->statement, ++q->bound, value));
}

void query_real(struct query *q, double value)
{
    note(q, sqlite3_bind_double(q->statement, ++q->bound, value));
}

void query_text(struct query *q, const char *text)
{
    note(q, sqlite3_bind_text(q->statement, ++q->bound, text, -1, SQLITE_STATIC));
}

void query_blob(struct query *q, const void *data, size_t size)
{
    const void *place = size == 0 ? "" : data; /* NULL would be stored as NULL */
    note(q, sqlite3_bind_blob64(q->statement, ++q->bound, place, size, SQLITE_STATIC));
}

enum err query_row(struct query *q, bool *has_row, struct error *e)
{
    if (q->status != SQLITE_OK)
        return error_set(e, code_of(q->status), "database: %s", sqlite3_errstr(q->status));
    q->column = 0;
    int status = sqlite3_step(q->statement);
    if (status != SQLITE_ROW && status != SQLITE_DONE)
        return sqlite_fail(q->s, e);
    *has_row = status == SQLITE_ROW;
    return ERR_OK;
}

enum err query_run(struct query *q, struct error *e)
{
    bool has_row = true;
    enum err err = ERR_OK;
    while (err == ERR_OK && has_row)
        err = query_row(q, &has_row, e);
    sqlite3_reset(q->statement);
    q->bound = 0;
    return err;
}

int64_t query_get_int(struct query *q)
{
    return sqlite3_column_int64(q->statement, q->column++);
}

double query_get_real(struct query *q)
{
    return sqlite3_column_double(q->statement, q->column++);
}

const char *query_get_borrowed(struct query *q)
{
    const unsigned char *text = sqlite3_column_text(q->statement, q->column++);
    return text == NULL ? "" : (const char *)text;
}

void query_get_text(struct query *q, char *out, size_t size)
{
    snprintf(out, size, "%s", query_get_borrowed(q));
}

void query_get_blob(struct query *q, void *out, size_t size)
{
    int column = q->column++;
    const void *data = sqlite3_column_blob(q->statement, column);
    if (data != NULL && (size_t)sqlite3_column_bytes(q->statement, column) == size)
        memcpy(out, data, size);
    else
        memset(out, 0, size);
}

enum err query_get_bytes(struct query *q, struct bytes *out, struct error *e)
{
    int column = q->column++;
    const void *data = sqlite3_column_blob(q->statement, column);
    size_t size = (size_t)sqlite3_column_bytes(q->statement, column);
    return size == 0 ? ERR_OK : bytes_append(out, data, size, e);
}
