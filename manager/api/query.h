/* SPDX-License-Identifier: Apache-2.0 */
/* query: the parameters behind the "?" of a request. Each getter leaves *out alone when the
 * parameter is absent and refuses a bad value with its name (ERR_INVALID); query_end refuses what
 * nobody asked for. Thread: the request's. */
#ifndef QUERY_H
#define QUERY_H

#include <stdint.h>

#include "model.h"

enum { QUERY_MAX = 16 };

struct query {
    struct {
        char *name;
        char *value;
        bool is_used;
    } items[QUERY_MAX];
    size_t count;
};

struct query_sort {
    const char *name;
    int value;
};

/* Percent-decodes raw into a fresh string. ERR_INVALID for a bad escape, a NUL or no UTF-8; what
 * names the place in the error. */
MUST_CHECK enum err query_decode(const char *what, const char *raw, char **out, struct error *e);
/* Both raw. ERR_INVALID when it is there already, ERR_TOO_LARGE beyond QUERY_MAX. */
MUST_CHECK enum err query_add(struct query *q, const char *name, const char *value,
                              struct error *e);
void query_clear(struct query *q);

/* NULL when absent. Borrowed. */
const char *query_text(struct query *q, const char *name);
MUST_CHECK enum err query_id(struct query *q, const char *name, const char **out, struct error *e);
MUST_CHECK enum err query_bool(struct query *q, const char *name, bool *is_given, bool *out,
                               struct error *e);
MUST_CHECK enum err query_integer(struct query *q, const char *name, uint64_t min, uint64_t max,
                                  uint64_t *out, struct error *e);
/* RFC 3339, to milliseconds since 1970 UTC. */
MUST_CHECK enum err query_time(struct query *q, const char *name, int64_t *out, struct error *e);
MUST_CHECK enum err query_task_state(struct query *q, bool *is_given, enum task_state *out,
                                     struct error *e);
/* "sort": a name of the table, with "-" before it for descending. */
MUST_CHECK enum err query_sort(struct query *q, const struct query_sort *table, size_t count,
                               int *out, bool *is_descending, struct error *e);
/* page and perPage with their defaults. */
MUST_CHECK enum err query_page(struct query *q, struct page *out, struct error *e);
MUST_CHECK enum err query_end(const struct query *q, struct error *e);

#endif
