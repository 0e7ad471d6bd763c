/* SPDX-License-Identifier: Apache-2.0 */
/* task_view: what is told of a task on its targets: counts, whether it is over, errors that are the
 * same on many targets as one. Pure functions of the REST documents. */
#ifndef TASK_VIEW_H
#define TASK_VIEW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "err.h"
#include "strlist.h"

/* States in the order of a deployment; ends in NULL. */
extern const char *const task_view_states[];

/* "3 of 10 succeeded, 1 failed, 6 transferring". */
MUST_CHECK enum err task_view_summary(const json_t *counts, struct bytes *out, struct error *e);
json_int_t task_view_count(const json_t *counts, const char *state);
/* No target will change any more, or only after a crash: every row is final, and where it succeeded
 * the run commands are known to be up or over. */
bool task_view_is_settled(const json_t *counts);
/* Of rows (GET /tasks/ID/targets): [{code, message, state, targets: [...]}], most frequent first:
 * rejected, failed, timed out, and run commands that exited with an error or crash again and again.
 * Caller releases; NULL without memory. */
json_t *task_view_failures(const json_t *rows);
/* "failed on 3 targets: make: exited with status 2 (a, b, c)", one line each. */
void task_view_print_failures(FILE *f, const json_t *failures);

#endif
