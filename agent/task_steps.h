/* SPDX-License-Identifier: Apache-2.0 */
/* task_steps: the table of task_processor: how a job moves from state to state. Each state that
 * could be lost is on disk before its work begins. Included by task_*.c only. Thread: the loop's.
 */
#ifndef TASK_STEPS_H
#define TASK_STEPS_H

#include "job.h"
#include "task_processor.h"

struct task_processor {
    const char *data_dir;
    const struct task_host *host;
    struct job *jobs; /* oldest version first */
    bool is_open;     /* between boot and shut */
    bool is_turning;
};

enum job_event {
    JOB_SUITABLE,
    JOB_UNSUITABLE,
    JOB_FETCHED,
    JOB_COMPLETE,
    JOB_INSTALLED,
    JOB_STARTED,
    JOB_FAILED,
    JOB_STOPPED,
    JOB_RESUMED, /* the agent was started again */
};

/* Moves j along the table, tells the manager, and finishes what is final. */
void task_steps_move(struct task_processor *p, struct job *j, enum job_event event);
void task_steps_fail(struct task_processor *p, struct job *j, const struct error *why);
/* Begins all work that can begin now. */
void task_steps_turn(struct task_processor *p);
void task_steps_acknowledge(const struct task_processor *p, const struct job *j);
/* A failure is logged: it must not keep us from going on. */
void task_steps_save(const struct task_processor *p, const struct job *j);
struct job *task_steps_find(const struct task_processor *p, const char *task_id);
/* Takes j. */
void task_steps_insert(struct task_processor *p, struct job *j);
void task_steps_forget(struct task_processor *p, struct job *j);

#endif
