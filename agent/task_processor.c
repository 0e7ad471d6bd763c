/* SPDX-License-Identifier: Apache-2.0 */
#include "task_processor.h"

#include <stdio.h>
#include <string.h>

#include "layout.h"
#include "log.h"
#include "task_steps.h"
#include "task_work.h"

/* Ends a job that has not activated; its installer, if it runs, has a last word. */
static void cancel(struct task_processor *p, struct job *j, enum err code, const char *text)
{
    if (j->state == TASK_INSTALLING && j->is_busy) {
        j->cancel_code = code;
        snprintf(j->cancel_text, sizeof(j->cancel_text), "%s", text);
        p->host->cancel_install(p->host->arg, j->id);
        return;
    }
    if (j->state == TASK_TRANSFERRING && j->is_busy)
        p->host->cancel_transfer(p->host->arg, j->id);
    j->code = code;
    snprintf(j->message, sizeof(j->message), "%s", text);
    task_steps_move(p, j, JOB_STOPPED);
}

static bool is_open_state(enum task_state s)
{
    return !task_state_is_final(s) && s != TASK_ACTIVATING;
}

static void supersede_older(struct task_processor *p, const struct job *by)
{
    struct job *next;
    for (struct job *j = p->jobs; j != NULL; j = next) {
        next = j->next;
        if (j->version >= by->version || strcmp(j->app, by->app) != 0 || !is_open_state(j->state) ||
            j->cancel_code != ERR_OK)
            continue;
        char text[MESSAGE_TEXT_SIZE];
        snprintf(text, sizeof(text), "task %s for app %s came after it", by->id, by->app);
        cancel(p, j, ERR_SUPERSEDED, text);
    }
}

/* A newer task of the app that is on its way or active; NULL: none. */
static const struct job *find_newer(const struct task_processor *p, const struct job *than)
{
    for (const struct job *j = p->jobs; j != NULL; j = j->next) {
        if (j->version > than->version && strcmp(j->app, than->app) == 0 &&
            (!task_state_is_final(j->state) || j->state == TASK_SUCCEEDED))
            return j;
    }
    return NULL;
}

static enum err assess(const struct task_processor *p, const struct announcement *a,
                       struct error *e)
{
    struct resources r;
    enum err err = assess_read(p->data_dir, &r, e);
    if (err != ERR_OK)
        return err;
    /* What accepted tasks will still take is not free either. */
    uint64_t kept_free = p->host->disk_reserve_bytes;
    for (const struct job *j = p->jobs; j != NULL; j = j->next) {
        if (j->has_package && (j->state == TASK_ACCEPTED || j->state == TASK_TRANSFERRING))
            kept_free += assess_disk_bytes(&j->package) - j->content_done;
    }
    return assess_task(a, &r, kept_free, e);
}

void task_processor_announce(struct task_processor *p, const struct announcement *a)
{
    if (!p->is_open || task_steps_find(p, a->task_id) != NULL)
        return;
    struct job *j = job_new(a);
    if (j == NULL) {
        log_error("task %s: no memory", a->task_id);
        return;
    }
    struct error e;
    enum err err = assess(p, a, &e);
    task_steps_insert(p, j);
    const struct job *newer = find_newer(p, j);
    if (newer != NULL) {
        char text[MESSAGE_TEXT_SIZE];
        snprintf(text, sizeof(text), "task %s for app %s came after it", newer->id, newer->app);
        cancel(p, j, ERR_SUPERSEDED, text);
    } else if (err != ERR_OK) {
        j->code = err;
        snprintf(j->message, sizeof(j->message), "%.*s", MESSAGE_TEXT_SIZE - 1, e.text);
        task_steps_move(p, j, JOB_UNSUITABLE);
    } else {
        task_steps_move(p, j, JOB_SUITABLE);
        supersede_older(p, j);
    }
    task_steps_turn(p);
}

static void stop_run(struct task_processor *p, struct job *j)
{
    j->is_stop_wanted = true;
    task_steps_save(p, j);
    if (j->is_running) {
        p->host->stop_run(p->host->arg, j->id);
        return;
    }
    j->run_state = RUN_STOPPED;
    task_steps_acknowledge(p, j);
}

static void stop(struct task_processor *p, struct job *j)
{
    if (j->state == TASK_SUCCEEDED || j->state == TASK_ACTIVATING)
        stop_run(p, j);
    else if (task_state_is_final(j->state))
        task_steps_acknowledge(p, j);
    else if (j->cancel_code == ERR_OK)
        cancel(p, j, ERR_STOPPED, "an operator stopped it");
}

void task_processor_stop(struct task_processor *p, const char *task_id)
{
    struct job *next;
    for (struct job *j = p->jobs; j != NULL; j = next) {
        next = j->next;
        if (*task_id == '\0' ? !task_state_is_final(j->state) || j->is_running
                             : strcmp(j->id, task_id) == 0)
            stop(p, j);
    }
    task_steps_turn(p);
}

void task_processor_connected(struct task_processor *p)
{
    for (struct job *j = p->jobs; j != NULL; j = j->next)
        j->is_waiting = false;
    task_steps_turn(p);
}

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
        task_work_activate_now(p, next);
    task_steps_turn(p);
}

static bool is_active(const struct task_processor *p, const struct job *j)
{
    char current[TASK_ID_SIZE];
    layout_current(p->data_dir, j->app, current);
    return strcmp(current, j->id) == 0;
}

void task_processor_each(const struct task_processor *p, task_status_fn *fn, void *arg)
{
    for (const struct job *j = p->jobs; j != NULL; j = j->next) {
        struct task_status s = {.state = j->state, .run_state = j->run_state};
        memcpy(s.task_id, j->id, sizeof(s.task_id));
        fn(arg, &s, j->app, j->state == TASK_SUCCEEDED && is_active(p, j));
    }
}

size_t task_processor_count(const struct task_processor *p)
{
    size_t count = 0;
    for (const struct job *j = p->jobs; j != NULL; j = j->next)
        count++;
    return count;
}
