/* SPDX-License-Identifier: Apache-2.0 */
/* log_view: log lines as people and filters see them. Pure functions. */
#ifndef LOG_VIEW_H
#define LOG_VIEW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "clock.h"
#include "err.h"

/* "90s", "10m", "2h", "3d" before now, or an RFC 3339 time as it is. */
MUST_CHECK enum err log_view_time(const char *text, int64_t now_ms, char out[static TIME_TEXT_SIZE],
                                  struct error *e);

/* What --follow must filter itself; NULL and false: any. */
struct log_filter {
    const char *target;
    const char *task;
    const char *stage;
    const char *words; /* as the manager's text search: words, "a phrase", begin* */
    bool is_errors;
};
/* line as in GET /logs. */
bool log_view_matches(const struct log_filter *filter, const json_t *line);
void log_view_print(FILE *f, const json_t *line);
/* The lines of a logs event as an array of what GET /logs would give; caller releases. */
json_t *log_view_lines(const json_t *event);
/* Whether an event of a command tells that it ended: "exited with status 3", "ended by signal 9"
 * (128 + 9). */
bool log_view_exit_status(const char *text, int *status);

#endif
