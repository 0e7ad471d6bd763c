/* SPDX-License-Identifier: Apache-2.0 */
/* log: what a program tells its operator, one line a fact, on standard error.
 * Thread: any; one leaf lock. Never given tokens, keys or output of commands. */
#ifndef LOG_H
#define LOG_H

#include "cleanup.h"
#include "err.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* Before the first thread starts. Defaults are info and text. */
void log_init(enum log_level level, enum log_format format);

/* "error", "warn", "info", "debug"; "text", "json". ERR_INVALID names what is allowed. */
MUST_CHECK enum err log_level_parse(const char *text, enum log_level *out, struct error *e);
MUST_CHECK enum err log_format_parse(const char *text, enum log_format *out, struct error *e);

void log_write(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_write(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
