/* SPDX-License-Identifier: Apache-2.0 */
/* job: what the agent knows of one task, and its files tasks/TASK/state and tasks/TASK/task. The
 * state file is written before anything is done for that state. Thread: the loop's. */
#ifndef JOB_H
#define JOB_H

#include "agent_model.h"

struct job {
    char id[TASK_ID_SIZE];
    char app[ID_SIZE];
    uint64_t version;
    enum task_state state;
    enum err code; /* of rejected, failed, stopped */
    char message[MESSAGE_TEXT_SIZE];
    char previous[TASK_ID_SIZE]; /* release that was active before this one; "" none */
    bool is_stop_wanted;         /* by an operator; a stopped release stays so after a boot */
    bool has_package;
    struct package_info package;

    /* Not kept on disk. */
    enum run_state run_state;
    int32_t exit_status;
    uint64_t content_done; /* bytes of the package that are on disk */
    bool is_busy;          /* work for the present state is under way */
    bool is_waiting;       /* for the manager */
    bool is_running;       /* the runner has its run commands in hand */
    enum err cancel_code;  /* ERR_OK, or why the work under way is being ended */
    char cancel_text[MESSAGE_TEXT_SIZE];
    struct task task; /* id "" until it was fetched or read */
    struct job *next;
};

struct job *job_new(const struct announcement *a); /* NULL: no memory */
void job_free(struct job *j);
AUTO_DEFINE(struct job *, job_free)
/* ERR_NOT_FOUND and ERR_CORRUPT: nothing to go on with, the directory is to be removed. */
MUST_CHECK enum err job_load(const char *data_dir, const char *task_id, struct job **out,
                             struct error *e);
/* Durable. */
MUST_CHECK enum err job_save(const char *data_dir, const struct job *j, struct error *e);
/* Keeps the signed task as fetched, durable; fills j->task. */
MUST_CHECK enum err job_keep_task(const char *data_dir, struct job *j, const void *data,
                                  size_t size, struct error *e);
/* Fills j->task from disk unless it is there. */
MUST_CHECK enum err job_need_task(const char *data_dir, struct job *j, struct error *e);

#endif
