/* SPDX-License-Identifier: Apache-2.0 */
/* task_state: which states of a task on a target may follow which, as data, and what a stop or an
 * acknowledgement makes of a row. Plain functions of a row: nothing is stored here. */
#ifndef TASK_STATE_H
#define TASK_STATE_H

#include "model.h"

/* Whether the table lists from -> to. The same state again is not a transition. */
bool task_state_may_follow(enum task_state from, enum task_state to);
/* Moves the row as the acknowledgement says: along the table, or within its state (run state, code
 * and message). ERR_CONFLICT, and nothing changed, for a pair that is not listed; ERR_INVALID for
 * states that do not exist. */
MUST_CHECK enum err task_state_apply(struct task_target *row, const struct acknowledgement *a,
                                     int64_t time_ms, struct error *e);
/* Whether a stop has anything to do: work under way, or processes that run or would run again. */
bool task_state_is_stoppable(const struct task_target *row);
/* Ends the row without the agent's word: not final becomes stopped, a succeeded one keeps its state
 * and gets the run state stopped. */
void task_state_stop(struct task_target *row, enum err code, const char *message, int64_t time_ms);

#endif
