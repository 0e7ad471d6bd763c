/* SPDX-License-Identifier: Apache-2.0 */
/* task_outcomes: what the host tells task_processor of the work it did. Thread: the loop's. */
#include <string.h>

#include "log.h"
#include "task_steps.h"

/* The job whose work in that state ends now; NULL for late news. */
static struct job *find_busy(const struct task_processor *p, const char *task_id,
                             enum task_state state)
{
    struct job *j = task_steps_find(p, task_id);
    return j != NULL && j->state == state && j->is_busy ? j : NULL;
}

static void fetch_failed(struct task_processor *p, struct job *j, const struct error *why)
{
    if (why->code == ERR_NOT_FOUND || why->code == ERR_FORBIDDEN) {
        log_info("task %s: gone before it was fetched", j->id);
        task_steps_forget(p, j);
    } else if (why->code == ERR_UNAVAILABLE || why->code == ERR_UNAUTHENTICATED) {
        j->is_busy = false;
        j->is_waiting = true;
    } else if (why->code == ERR_TIMEOUT) {
        j->is_busy = false;
    } else {
        task_steps_fail(p, j, why);
    }
}

void task_processor_fetched(struct task_processor *p, const char *task_id,
                            const struct error *failure, const void *data, size_t size)
{
    struct job *j = find_busy(p, task_id, TASK_ACCEPTED);
    if (j == NULL)
        return;
    struct error e;
    if (failure != NULL)
        fetch_failed(p, j, failure);
    else if (job_keep_task(p->data_dir, j, data, size, &e) != ERR_OK)
        task_steps_fail(p, j, &e);
    else
        task_steps_move(p, j, JOB_FETCHED);
    task_steps_turn(p);
}

void task_processor_progress(struct task_processor *p, const char *task_id, uint64_t content_done)
{
    struct job *j = task_steps_find(p, task_id);
    if (j != NULL && content_done <= j->package.content_size)
        j->content_done = content_done;
}

void task_processor_transferred(struct task_processor *p, const char *task_id,
                                const struct error *failure)
{
    struct job *j = find_busy(p, task_id, TASK_TRANSFERRING);
    if (j == NULL)
        return;
    if (failure != NULL)
        task_steps_fail(p, j, failure);
    else
        task_steps_move(p, j, JOB_COMPLETE);
    task_steps_turn(p);
}

void task_processor_installed(struct task_processor *p, const char *task_id,
                              const struct error *failure)
{
    struct job *j = find_busy(p, task_id, TASK_INSTALLING);
    if (j == NULL)
        return;
    if (j->cancel_code != ERR_OK) {
        j->code = j->cancel_code;
        memcpy(j->message, j->cancel_text, sizeof(j->message));
        task_steps_move(p, j, JOB_STOPPED);
    } else if (failure != NULL) {
        task_steps_fail(p, j, failure);
    } else {
        task_steps_move(p, j, JOB_INSTALLED);
    }
    task_steps_turn(p);
}

void task_processor_run_changed(struct task_processor *p, const char *task_id, enum run_state state,
                                int32_t exit_status)
{
    struct job *j = task_steps_find(p, task_id);
    if (j == NULL || !j->is_running)
        return;
    j->run_state = state;
    j->exit_status = exit_status;
    task_steps_acknowledge(p, j);
}

/* The one of the app whose switch waits for the end of the old release. */
static struct job *find_activating(const struct task_processor *p, const char *app)
{
    for (struct job *j = p->jobs; j != NULL; j = j->next) {
        if (j->state == TASK_ACTIVATING && j->is_busy && strcmp(j->app, app) == 0)
            return j;
    }
    return NULL;
}

void task_processor_run_ended(struct task_processor *p, const char *task_id)
{
    struct job *j = task_steps_find(p, task_id);
    if (j == NULL || !j->is_running)
        return;
    j->is_running = false;
    j->run_state = RUN_STOPPED;
    struct job *next = find_activating(p, j->app);
    task_steps_acknowledge(p, j);
    if (next != NULL && p->is_open)
        task_steps_activate_now(p, next);
    task_steps_turn(p);
}
