/* SPDX-License-Identifier: Apache-2.0 */
#include "task_reconcile.h"

#include <string.h>

#include "clock.h"
#include "task_state.h"

/* Entries of an agent's list without an outstanding row that are looked up per call. */
enum { STRANGERS_MAX = 64 };

static const struct task_status *find_status(const struct task_status *tasks, size_t count,
                                             const char *task_id)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(tasks[i].task_id, task_id) == 0)
            return &tasks[i];
    }
    return NULL;
}

static const struct task_target *find_row(const struct row_list *rows, const char *task_id)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (strcmp(rows->items[i].task_id, task_id) == 0)
            return &rows->items[i];
    }
    return NULL;
}

/* The agent has never heard of the task, or has forgotten it. */
static enum err settle_unknown(struct task_rows *x, struct task_target *row, struct error *e)
{
    if (row->stop_wanted) {
        task_state_stop(row, ERR_STOPPED, "stopped before the target began", clock_wall_ms());
        return task_rows_save(x, row, e);
    }
    const struct task *task;
    enum err err = task_cache_get(&x->cache, x->store, row->task_id, &task, e);
    if (err != ERR_OK)
        return err;
    if (!task_rows_announce(x, row->target_id, task) || row->state != TASK_PENDING)
        return ERR_OK;
    row->state = TASK_ANNOUNCED;
    row->since_ms = clock_wall_ms();
    return task_rows_save(x, row, e);
}

/* A list tells states, not reasons: within a state, what an acknowledgement said of it is kept. */
static struct acknowledgement from_status(const struct task_target *row,
                                          const struct task_status *status)
{
    struct acknowledgement a = {.state = status->state, .run_state = status->run_state};
    memcpy(a.task_id, row->task_id, sizeof(a.task_id));
    if (status->state != row->state)
        return a;
    a.exit_status = row->exit_status;
    a.code = row->code;
    memcpy(a.message, row->message, sizeof(a.message));
    return a;
}

static enum err settle_known(struct task_rows *x, struct task_target *row,
                             const struct task_status *status, struct error *e)
{
    if (run_state_name(status->run_state) == NULL)
        return error_set(e, ERR_INVALID, "task %s: no such run state", row->task_id);
    if (status->state == row->state || task_state_may_follow(row->state, status->state)) {
        const struct acknowledgement a = from_status(row, status);
        enum err err = task_rows_apply(x, row, &a, clock_wall_ms(), e);
        if (err != ERR_OK)
            return err;
    }
    if (row->stop_wanted)
        task_rows_send_stop(x, row->target_id, row->task_id);
    return ERR_OK;
}

/* The agent works on what has ended for us, as when a newer task took its place meanwhile. What
 * merely runs is left alone: a row may be missing because a backup was restored. */
static enum err settle_stranger(struct task_rows *x, const char *target_id,
                                const struct task_status *status, struct error *e)
{
    struct task_target row;
    struct error why;
    enum err err = store_row_get(x->store, status->task_id, target_id, &row, &why);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    if (err != ERR_OK)
        return error_set(e, err, "%s", why.text);
    if (task_state_is_final(row.state))
        task_rows_send_stop(x, target_id, status->task_id);
    return ERR_OK;
}

static enum err settle_strangers(struct task_rows *x, const char *target_id,
                                 const struct task_status *tasks, size_t count, struct error *e)
{
    size_t looked_up = 0;
    for (size_t i = 0; i < count && looked_up < STRANGERS_MAX; i++) {
        if (task_state_is_final(tasks[i].state) || find_row(&x->list, tasks[i].task_id) != NULL)
            continue;
        looked_up++;
        enum err err = settle_stranger(x, target_id, &tasks[i], e);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

enum err task_reconcile(struct task_rows *x, const char *target_id, const struct task_status *tasks,
                        size_t count, struct error *e)
{
    enum err err = row_list_outstanding(&x->list, x->store, target_id, e);
    for (size_t i = 0; err == ERR_OK && i < x->list.count; i++) {
        struct task_target *row = &x->list.items[i];
        const struct task_status *status = find_status(tasks, count, row->task_id);
        err = status == NULL ? settle_unknown(x, row, e) : settle_known(x, row, status, e);
    }
    if (err != ERR_OK)
        return err;
    return settle_strangers(x, target_id, tasks, count, e);
}
