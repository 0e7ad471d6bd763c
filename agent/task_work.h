/* SPDX-License-Identifier: Apache-2.0 */
/* task_work: what is done for a job in each state; the outcome comes as an event, now or later.
 * Included by task_*.c only. Thread: the loop's. */
#ifndef TASK_WORK_H
#define TASK_WORK_H

#include "task_steps.h"

void task_work_fetch(struct task_processor *p, struct job *j);
void task_work_transfer(struct task_processor *p, struct job *j);
void task_work_install(struct task_processor *p, struct job *j);
void task_work_activate(struct task_processor *p, struct job *j);
/* The app's old release has stopped. */
void task_work_activate_now(struct task_processor *p, struct job *j);
/* Starts the run commands of the active release j. */
MUST_CHECK enum err task_work_run(struct task_processor *p, struct job *j, struct error *e);
/* Back to the release that was active before j. */
void task_work_roll_back(struct task_processor *p, struct job *j);

#endif
