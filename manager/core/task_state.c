/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   pending -> announced -> accepted -> transferring -+-> installing -> activating --+
 *                                                     |                              |
 *                                                     +-> building -> collecting ----+-> succeeded
 *
 *   From each state on the way also to rejected, failed, stopped and timed-out, and forward past
 *   states that were not told (messages come in batches, and reconciliation tells only the last).
 *   Never back, never out of a final state, with one exception: what the manager closed as
 *   superseded, on a guess that the target had not begun, is succeeded when the agent says so.
 */
#include "task_state.h"

#include <stdio.h>

#include "text.h"

#define BIT(state) (1U << (state))

enum {
    ENDS = BIT(TASK_REJECTED) | BIT(TASK_FAILED) | BIT(TASK_STOPPED) | BIT(TASK_TIMED_OUT),
    DONE = BIT(TASK_SUCCEEDED) | ENDS,
    WORK = BIT(TASK_INSTALLING) | BIT(TASK_ACTIVATING) | BIT(TASK_BUILDING) | BIT(TASK_COLLECTING),
};

static const unsigned followers[TASK_STATE_COUNT] = {
    [TASK_PENDING] =
        BIT(TASK_ANNOUNCED) | BIT(TASK_ACCEPTED) | BIT(TASK_TRANSFERRING) | WORK | DONE,
    [TASK_ANNOUNCED] = BIT(TASK_ACCEPTED) | BIT(TASK_TRANSFERRING) | WORK | DONE,
    [TASK_ACCEPTED] = BIT(TASK_TRANSFERRING) | WORK | DONE,
    [TASK_TRANSFERRING] = WORK | DONE,
    [TASK_INSTALLING] = BIT(TASK_ACTIVATING) | DONE,
    [TASK_ACTIVATING] = DONE,
    [TASK_BUILDING] = BIT(TASK_COLLECTING) | DONE,
    [TASK_COLLECTING] = DONE,
};

bool task_state_may_follow(enum task_state from, enum task_state to)
{
    if ((unsigned)from >= TASK_STATE_COUNT || (unsigned)to >= TASK_STATE_COUNT)
        return false;
    return (followers[from] & BIT(to)) != 0;
}

static bool is_wrong_guess(const struct task_target *row, enum task_state to)
{
    return row->state == TASK_STOPPED && row->code == ERR_SUPERSEDED && to == TASK_SUCCEEDED;
}

/* The agent has confirmed: nothing of the task is left to stop. */
static bool is_at_rest(const struct task_target *row)
{
    if (row->state == TASK_SUCCEEDED)
        return row->run_state == RUN_STOPPED || row->run_state == RUN_NONE;
    return task_state_is_final(row->state);
}

enum err task_state_apply(struct task_target *row, const struct acknowledgement *a, int64_t time_ms,
                          struct error *e)
{
    if (task_state_name(a->state) == NULL || run_state_name(a->run_state) == NULL)
        return error_set(e, ERR_INVALID, "task %s: no such state", row->task_id);
    if (a->state != row->state) {
        if (!task_state_may_follow(row->state, a->state) && !is_wrong_guess(row, a->state))
            return error_set(e, ERR_CONFLICT, "task %s on %s is %s and cannot become %s",
                             row->task_id, row->target_id, task_state_name(row->state),
                             task_state_name(a->state));
        row->state = a->state;
        row->since_ms = time_ms;
    }
    row->run_state = a->run_state;
    row->exit_status = a->exit_status;
    row->code = a->code;
    text_clean(a->message, row->message, sizeof(row->message));
    if (is_at_rest(row))
        row->stop_wanted = false;
    return ERR_OK;
}

bool task_state_is_stoppable(const struct task_target *row)
{
    return !is_at_rest(row);
}

void task_state_stop(struct task_target *row, enum err code, const char *message, int64_t time_ms)
{
    row->stop_wanted = false;
    if (row->state == TASK_SUCCEEDED) {
        row->run_state = RUN_STOPPED;
        return;
    }
    if (task_state_is_final(row->state))
        return;
    row->state = TASK_STOPPED;
    row->run_state = RUN_STOPPED;
    row->since_ms = time_ms;
    row->code = code;
    (void)snprintf(row->message, sizeof(row->message), "%s", message);
}
