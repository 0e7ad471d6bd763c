/* SPDX-License-Identifier: Apache-2.0 */
/* task_reconcile: compares what the manager wants of a target with what the agent says it has, and
 * sends what is missing. Part of task_manager. Thread: core only. */
#ifndef TASK_RECONCILE_H
#define TASK_RECONCILE_H

#include "task_rows.h"

MUST_CHECK enum err task_reconcile(struct task_rows *x, const char *target_id,
                                   const struct task_status *tasks, size_t count, struct error *e);

#endif
