/* SPDX-License-Identifier: Apache-2.0 */
#include "task_tidy.h"

#include <stdio.h>
#include <string.h>

#include "fs.h"
#include "layout.h"
#include "log.h"

/* Tasks that are over are remembered so that a late announcement does not start them again. */
enum { REMEMBERED_MAX = 32 };

/* Active, the one before it, or on its way. */
static bool needs_release(const struct task_processor *p, const struct job *j)
{
    if (j->state != TASK_SUCCEEDED)
        return !task_state_is_final(j->state);
    char current[TASK_ID_SIZE];
    layout_current(p->data_dir, j->app, current);
    const struct job *active = task_steps_find(p, current);
    return active != NULL && (active == j || strcmp(active->previous, j->id) == 0);
}

struct app_visit {
    struct task_processor *p;
    const char *app;
};

static void tidy_release(void *arg, const char *name)
{
    const struct app_visit *v = arg;
    const struct job *j = task_steps_find(v->p, name);
    if (j != NULL && strcmp(j->app, v->app) == 0 && needs_release(v->p, j))
        return;
    AUTO_FREE char *path = NULL;
    if (layout_release(v->p->data_dir, v->app, name, &path, NULL) == ERR_OK)
        v->p->host->remove_tree(v->p->host->arg, path);
}

static void each_or_warn(const char *dir, layout_name_fn *fn, void *arg)
{
    struct error e;
    if (layout_each(dir, fn, arg, &e) != ERR_OK)
        log_warn("tidy up: %s", e.text);
}

void task_tidy_app(struct task_processor *p, const char *app)
{
    for (struct job *j = p->jobs; j != NULL; j = j->next) {
        if (j->state == TASK_SUCCEEDED && strcmp(j->app, app) == 0 && !needs_release(p, j))
            task_tidy_job(p, j);
    }
    struct app_visit v = {p, app};
    AUTO_FREE char *dir = NULL;
    if (layout_app(p->data_dir, app, "releases", &dir, NULL) == ERR_OK)
        each_or_warn(dir, tidy_release, &v);
}

static void tidy_app_named(void *arg, const char *name)
{
    task_tidy_app(arg, name);
}

void task_tidy_all(struct task_processor *p)
{
    AUTO_FREE char *dir = NULL;
    if (fs_join(p->data_dir, "apps", &dir, NULL) == ERR_OK)
        each_or_warn(dir, tidy_app_named, p);
}

static void remove_or_warn(const struct task_processor *p, const struct job *j, const char *leaf)
{
    AUTO_FREE char *path = NULL;
    struct error e;
    enum err err = layout_task(p->data_dir, j->id, leaf, &path, &e);
    if (err == ERR_OK)
        err = fs_remove(path, &e);
    if (err != ERR_OK)
        log_warn("tidy up: %s", e.text);
}

void task_tidy_job(struct task_processor *p, struct job *j)
{
    task_clear(&j->task);
    static const char *const leaves[] = {"task", "task.old", "manifest"};
    for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
        remove_or_warn(p, j, leaves[i]);
}

void task_tidy_old(struct task_processor *p)
{
    size_t excess = 0;
    for (const struct job *j = p->jobs; j != NULL; j = j->next)
        excess += task_state_is_final(j->state);
    struct job *next;
    for (struct job *j = p->jobs; j != NULL && excess > REMEMBERED_MAX; j = next) {
        next = j->next;
        if (!task_state_is_final(j->state) || j->is_running || needs_release(p, j))
            continue;
        remove_or_warn(p, j, "");
        task_steps_forget(p, j);
        excess--;
    }
}
