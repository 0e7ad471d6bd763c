/* SPDX-License-Identifier: Apache-2.0 */
/* task_steps: the inside of task_processor: how a job moves from state to state, what is done in
 * each, and what is kept on disk. Included by task_*.c only. Thread: the loop's. */
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

/* task_processor.c: moves j along the table, tells the manager, and does what follows. */
void task_steps_move(struct task_processor *p, struct job *j, enum job_event event);
void task_steps_fail(struct task_processor *p, struct job *j, const struct error *why);
void task_steps_acknowledge(struct task_processor *p, const struct job *j);
/* Does everything that can be done now. */
void task_steps_turn(struct task_processor *p);
struct job *task_steps_find(const struct task_processor *p, const char *task_id);
/* Takes j. */
void task_steps_insert(struct task_processor *p, struct job *j);
void task_steps_forget(struct task_processor *p, struct job *j);

/* task_steps.c: the work of a state; the outcome comes as an event, now or later. */
void task_steps_fetch(struct task_processor *p, struct job *j);
void task_steps_transfer(struct task_processor *p, struct job *j);
void task_steps_install(struct task_processor *p, struct job *j);
void task_steps_activate(struct task_processor *p, struct job *j);
/* The app's old release has stopped. */
void task_steps_activate_now(struct task_processor *p, struct job *j);
/* Starts the run commands of the active release j. */
MUST_CHECK enum err task_steps_run(struct task_processor *p, struct job *j, struct error *e);
/* Back to the release that was active before j. */
void task_steps_roll_back(struct task_processor *p, struct job *j);

/* task_tidy.c: removes what is not needed any longer: releases of the app but the active one, the
 * one before it and those in the making; files of tasks that are over; the oldest of those. */
void task_tidy_app(struct task_processor *p, const char *app);
void task_tidy_job(struct task_processor *p, struct job *j);
void task_tidy_old(struct task_processor *p);
/* At boot: all apps. */
void task_tidy_all(struct task_processor *p);

#endif
