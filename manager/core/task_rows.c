/* SPDX-License-Identifier: Apache-2.0 */
#include "task_rows.h"

#include <string.h>

#include "log.h"
#include "task_state.h"

void task_rows_clear(struct task_rows *x)
{
    task_cache_clear(&x->cache);
    row_list_clear(&x->list);
}

enum err task_rows_save(struct task_rows *x, const struct task_target *row, struct error *e)
{
    enum err err = store_row_put(x->store, row, e);
    if (err != ERR_OK)
        return error_wrap(e, err, "store task %s of %s", row->task_id, row->target_id);
    event_hub_row(x->events, row, false);
    return ERR_OK;
}

static bool row_equal(const struct task_target *a, const struct task_target *b)
{
    return a->state == b->state && a->run_state == b->run_state &&
           a->exit_status == b->exit_status && a->stop_wanted == b->stop_wanted &&
           a->code == b->code && strcmp(a->message, b->message) == 0;
}

enum err task_rows_apply(struct task_rows *x, struct task_target *row,
                         const struct acknowledgement *a, int64_t time_ms, struct error *e)
{
    const struct task_target before = *row;
    enum err err = task_state_apply(row, a, time_ms, e);
    if (err != ERR_OK || row_equal(row, &before))
        return err;
    return task_rows_save(x, row, e);
}

/* What cannot be sent now is sent when the target comes back, by reconciliation. */
static bool is_lost(enum err err, const char *what, const char *target_id, const struct error *why)
{
    if (err != ERR_OK && err != ERR_UNAVAILABLE)
        log_warn("%s to %s: %s", what, target_id, why->text);
    return err != ERR_OK;
}

bool task_rows_announce(struct task_rows *x, const char *target_id, const struct task *task)
{
    struct error why;
    enum err err = x->outbox->ops->announce(x->outbox, target_id, task, &why);
    return !is_lost(err, "announce", target_id, &why);
}

void task_rows_send_stop(struct task_rows *x, const char *target_id, const char *task_id)
{
    struct error why;
    enum err err = x->outbox->ops->stop(x->outbox, target_id, task_id, &why);
    (void)is_lost(err, "stop", target_id, &why);
}
