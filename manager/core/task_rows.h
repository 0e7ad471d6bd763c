/* SPDX-License-Identifier: Apache-2.0 */
/* task_rows: what task_manager and task_reconcile do to a row: store and publish it, move it as an
 * agent says, tell the target. Thread: core only. */
#ifndef TASK_ROWS_H
#define TASK_ROWS_H

#include "event_hub.h"
#include "outbox.h"
#include "row_list.h"
#include "task_cache.h"

/* Borrows store, events and outbox. */
struct task_rows {
    struct store *store;
    struct event_hub *events;
    struct outbox *outbox;
    struct task_cache cache;
    struct row_list list; /* scratch of one call */
};
void task_rows_clear(struct task_rows *x);

MUST_CHECK enum err task_rows_save(struct task_rows *x, const struct task_target *row,
                                   struct error *e);
/* As task_state_apply; saves the row if that changed anything. */
MUST_CHECK enum err task_rows_apply(struct task_rows *x, struct task_target *row,
                                    const struct acknowledgement *a, int64_t time_ms,
                                    struct error *e);
/* Hints: what cannot be sent now is sent when the target comes back. False when it was not sent. */
bool task_rows_announce(struct task_rows *x, const char *target_id, const struct task *task);
void task_rows_send_stop(struct task_rows *x, const char *target_id, const char *task_id);

#endif
