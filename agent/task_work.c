/* SPDX-License-Identifier: Apache-2.0 */
#include "task_work.h"

#include <string.h>

#include "fs.h"
#include "layout.h"
#include "log.h"

void task_work_fetch(struct task_processor *p, struct job *j)
{
    struct error e;
    enum err err = p->host->fetch_task(p->host->arg, j->id, &e);
    if (err == ERR_OK)
        return;
    if (err == ERR_UNAVAILABLE) {
        j->is_busy = false;
        j->is_waiting = true;
        return;
    }
    task_steps_fail(p, j, &e);
}

/* The release's directory, which a package fills and a task without package finds empty. */
static enum err prepare_release(const struct task_processor *p, const struct job *j, char **tree,
                                struct error *e)
{
    enum err err = layout_make_app(p->data_dir, j->app, e);
    if (err == ERR_OK)
        err = layout_release(p->data_dir, j->app, j->id, tree, e);
    return err == ERR_OK && !j->has_package ? fs_mkdirs(*tree, 0755, e) : err;
}

/* The active release of the app when its content can be reused; NULL: none. */
static struct job *find_basis(const struct task_processor *p, const struct job *j)
{
    char current[TASK_ID_SIZE];
    layout_current(p->data_dir, j->app, current);
    struct job *old = task_steps_find(p, current);
    if (old == NULL || old == j || job_need_task(p->data_dir, old, NULL) != ERR_OK)
        return NULL;
    return old->has_package ? old : NULL;
}

static enum err begin_transfer(struct task_processor *p, struct job *j, struct error *e)
{
    AUTO_FREE char *tree = NULL;
    AUTO_FREE char *manifest = NULL;
    AUTO_FREE char *old_tree = NULL;
    AUTO_FREE char *old_manifest = NULL;
    enum err err = prepare_release(p, j, &tree, e);
    if (err == ERR_OK)
        err = layout_task(p->data_dir, j->id, "manifest", &manifest, e);
    const struct job *old = find_basis(p, j);
    if (err == ERR_OK && old != NULL)
        err = layout_release(p->data_dir, old->app, old->id, &old_tree, e);
    if (err == ERR_OK && old != NULL)
        err = layout_task(p->data_dir, old->id, "manifest", &old_manifest, e);
    if (err != ERR_OK)
        return err;
    struct transfer_order order = {.task = &j->task,
                                   .manifest_path = manifest,
                                   .tree_path = tree,
                                   .old_task = old == NULL ? NULL : &old->task,
                                   .old_manifest_path = old_manifest,
                                   .old_tree_path = old_tree};
    return p->host->transfer(p->host->arg, &order, e);
}

void task_work_transfer(struct task_processor *p, struct job *j)
{
    struct error e;
    if (begin_transfer(p, j, &e) != ERR_OK)
        task_steps_fail(p, j, &e);
}

void task_work_install(struct task_processor *p, struct job *j)
{
    AUTO_FREE char *tree = NULL;
    struct error e;
    enum err err = prepare_release(p, j, &tree, &e);
    if (err == ERR_OK)
        err = p->host->install(p->host->arg, &j->task, tree, &e);
    if (err != ERR_OK)
        task_steps_fail(p, j, &e);
}

enum err task_work_run(struct task_processor *p, struct job *j, struct error *e)
{
    if (j->is_stop_wanted || j->task.run_commands.count == 0) {
        j->run_state = j->is_stop_wanted ? RUN_STOPPED : RUN_NONE;
        return ERR_OK;
    }
    AUTO_FREE char *tree = NULL;
    enum err err = layout_release(p->data_dir, j->app, j->id, &tree, e);
    if (err != ERR_OK)
        return err;
    err = p->host->run(p->host->arg, &j->task, tree, e);
    j->is_running = err == ERR_OK;
    j->run_state = err == ERR_OK ? RUN_UP : RUN_STOPPED;
    return err;
}

void task_work_activate_now(struct task_processor *p, struct job *j)
{
    AUTO_FREE char *tree = NULL;
    struct error e;
    enum err err = prepare_release(p, j, &tree, &e);
    if (err == ERR_OK)
        err = layout_switch(p->data_dir, j->app, j->id, &e);
    if (err == ERR_OK)
        err = task_work_run(p, j, &e);
    if (err != ERR_OK)
        task_steps_fail(p, j, &e);
    else
        task_steps_move(p, j, JOB_STARTED);
}

void task_work_activate(struct task_processor *p, struct job *j)
{
    for (const struct job *old = p->jobs; old != NULL; old = old->next) {
        if (old != j && old->is_running && strcmp(old->app, j->app) == 0) {
            p->host->stop_run(p->host->arg, old->id);
            return; /* goes on when it has ended */
        }
    }
    task_work_activate_now(p, j);
}

void task_work_roll_back(struct task_processor *p, struct job *j)
{
    struct error e;
    struct job *old = task_steps_find(p, j->previous);
    if (old != NULL && job_need_task(p->data_dir, old, &e) != ERR_OK) {
        log_error("task %s cannot be started again: %s", old->id, e.text);
        old = NULL;
    }
    enum err err = layout_switch(p->data_dir, j->app, old == NULL ? "" : old->id, &e);
    if (err == ERR_OK && old != NULL)
        err = task_work_run(p, old, &e);
    if (err != ERR_OK)
        log_error("app %s: the release before task %s does not come back: %s", j->app, j->id,
                  e.text);
    else if (old != NULL)
        task_steps_acknowledge(p, old);
}
