/* SPDX-License-Identifier: Apache-2.0 */
/* params: the parameters behind the "?" of a request. Each getter leaves *out alone when the
 * parameter is absent and refuses a bad value with its name (ERR_INVALID); params_end refuses what
 * nobody asked for. Thread: the request's. */
#ifndef PARAMS_H
#define PARAMS_H

#include <stdint.h>

#include "model.h"

enum { PARAMS_MAX = 16 };

struct query_params {
    struct {
        char *name;
        char *value;
        bool is_used;
    } items[PARAMS_MAX];
    size_t count;
};

struct params_sort {
    const char *name;
    int value;
};

/* Percent-decodes raw into a fresh string. ERR_INVALID for a bad escape, a NUL or no UTF-8; what
 * names the place in the error. */
MUST_CHECK enum err params_decode(const char *what, const char *raw, char **out, struct error *e);
/* Both raw. ERR_INVALID when it is there already, ERR_TOO_LARGE beyond PARAMS_MAX. */
MUST_CHECK enum err params_add(struct query_params *q, const char *name, const char *value,
                               struct error *e);
void params_clear(struct query_params *q);

/* NULL when absent. Borrowed. */
const char *params_text(struct query_params *q, const char *name);
MUST_CHECK enum err params_id(struct query_params *q, const char *name, const char **out,
                              struct error *e);
MUST_CHECK enum err params_bool(struct query_params *q, const char *name, bool *is_given, bool *out,
                                struct error *e);
MUST_CHECK enum err params_integer(struct query_params *q, const char *name, uint64_t min,
                                   uint64_t max, uint64_t *out, struct error *e);
/* RFC 3339, to milliseconds since 1970 UTC. */
MUST_CHECK enum err params_time(struct query_params *q, const char *name, int64_t *out,
                                struct error *e);
MUST_CHECK enum err params_task_state(struct query_params *q, bool *is_given, enum task_state *out,
                                      struct error *e);
/* "sort": a name of the table, with "-" before it for descending. */
MUST_CHECK enum err params_sort(struct query_params *q, const struct params_sort *table,
                                size_t count, int *out, bool *is_descending, struct error *e);
/* page and perPage with their defaults. */
MUST_CHECK enum err params_page(struct query_params *q, struct page *out, struct error *e);
MUST_CHECK enum err params_end(const struct query_params *q, struct error *e);

#endif
