/* SPDX-License-Identifier: Apache-2.0 */
/* task_boot: how task_processor begins and ends: reads the jobs of before and goes on with them.
 * Thread: the loop's. */
#include <string.h>

#include "fs.h"
#include "layout.h"
#include "log.h"
#include "task_steps.h"
#include "task_tidy.h"
#include "task_work.h"

static void load_job(void *arg, const char *name)
{
    struct task_processor *p = arg;
    struct job *j = NULL;
    struct error e;
    enum err err = job_load(p->data_dir, name, &j, &e);
    /* What is to be gone on with, and what is active, must be known whole. */
    if (err == ERR_OK && !task_state_is_final(j->state))
        err = job_need_task(p->data_dir, j, &e);
    if (err == ERR_OK) {
        task_steps_insert(p, j);
        return;
    }
    job_free(j);
    if (err == ERR_NOT_FOUND)
        log_debug("task %s: was not fetched yet", name); /* the manager announces it again */
    else
        log_warn("task %s is forgotten: %s", name, e.text);
    AUTO_FREE char *dir = NULL;
    err = layout_task(p->data_dir, name, "", &dir, &e);
    if (err == ERR_OK)
        err = fs_remove(dir, &e);
    if (err != ERR_OK)
        log_warn("tidy up: %s", e.text);
}

enum err task_processor_new(const char *data_dir, const struct task_host *host,
                            struct task_processor **out, struct error *e)
{
    AUTO(task_processor_free) struct task_processor *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory");
    p->data_dir = data_dir;
    p->host = host;
    AUTO_FREE char *dir = NULL;
    enum err err = fs_join(data_dir, "tasks", &dir, e);
    if (err == ERR_OK)
        err = fs_mkdirs(dir, 0700, e);
    if (err == ERR_OK)
        err = layout_each(dir, load_job, p, e);
    if (err == ERR_OK)
        *out = TAKE(p);
    return err;
}

void task_processor_free(struct task_processor *p)
{
    if (p == NULL)
        return;
    while (p->jobs != NULL)
        task_steps_forget(p, p->jobs);
    free(p);
}

/* An interrupted switch is gone on with instead: its old release must not come up once more. */
static bool is_being_replaced(const struct task_processor *p, const struct job *j)
{
    for (const struct job *other = p->jobs; other != NULL; other = other->next) {
        if (other->state == TASK_ACTIVATING && strcmp(other->app, j->app) == 0)
            return true;
    }
    return false;
}

static void start_again(struct task_processor *p, struct job *j)
{
    char current[TASK_ID_SIZE];
    layout_current(p->data_dir, j->app, current);
    if (strcmp(current, j->id) != 0) {
        j->run_state = RUN_STOPPED;
        return;
    }
    struct error e;
    enum err err = job_need_task(p->data_dir, j, &e);
    j->run_state = RUN_STOPPED;
    if (err == ERR_OK && !is_being_replaced(p, j))
        err = task_work_run(p, j, &e);
    if (err != ERR_OK)
        log_error("task %s cannot be started again: %s", j->id, e.text);
    task_steps_acknowledge(p, j);
}

void task_processor_boot(struct task_processor *p)
{
    p->is_open = true;
    struct job *next;
    for (struct job *j = p->jobs; j != NULL; j = next) {
        next = j->next;
        if (j->state == TASK_INSTALLING && j->has_package)
            task_steps_move(p, j, JOB_RESUMED);
        else if (j->state == TASK_SUCCEEDED)
            start_again(p, j);
    }
    task_tidy_all(p);
    task_steps_turn(p);
}

void task_processor_shut(struct task_processor *p)
{
    p->is_open = false;
}
