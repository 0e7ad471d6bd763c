/* SPDX-License-Identifier: Apache-2.0 */
/* terminal: one shell command of an operator at a time, in the directory kept for that. Its output
 * is sent at once, an event tells its exit status. Thread: the loop's. */
#ifndef TERMINAL_H
#define TERMINAL_H

#include "process.h"
#include "response_collector.h"

struct terminal;
/* Borrows processes and collector; the directory is made when missing. */
MUST_CHECK enum err terminal_new(const char *directory, struct process_table *processes,
                                 struct response_collector *collector, struct terminal **out,
                                 struct error *e);
/* Kills what runs. */
void terminal_free(struct terminal *t);
AUTO_DEFINE(struct terminal *, terminal_free)
/* ERR_CONFLICT while one runs, ERR_INVALID when it is empty, ERR_TOO_LARGE. */
MUST_CHECK enum err terminal_run(struct terminal *t, const char *command, struct error *e);
/* Ends the whole group of what runs; nothing running is fine. */
void terminal_stop(struct terminal *t);
bool terminal_is_busy(const struct terminal *t);

#endif
