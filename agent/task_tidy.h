/* SPDX-License-Identifier: Apache-2.0 */
/* task_tidy: removes what is not needed any longer. Included by task_*.c only. Thread: the loop's.
 */
#ifndef TASK_TIDY_H
#define TASK_TIDY_H

#include "task_steps.h"

/* Releases of the app but the active one, the one before it and those in the making. */
void task_tidy_app(struct task_processor *p, const char *app);
/* At boot: all apps. */
void task_tidy_all(struct task_processor *p);
/* Files of a task that is over; what became of it is remembered. */
void task_tidy_job(struct task_processor *p, struct job *j);
/* The oldest of the tasks that are remembered. */
void task_tidy_old(struct task_processor *p);

#endif
