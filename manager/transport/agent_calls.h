/* SPDX-License-Identifier: Apache-2.0 */
/* agent_calls: core's outbox: calls of the Agent service on connected targets. They leave with the
 * turn (outgoing.h); so do cuts. Thread: core. */
#ifndef AGENT_CALLS_H
#define AGENT_CALLS_H

#include "outbox.h"
#include "outgoing.h"
#include "sessions.h"

struct agent_calls {
    struct outbox outbox; /* first: what core knows */
    const struct sessions *sessions;
    struct outgoing *outgoing;
    uint32_t last_call_id;
    struct strlist cuts;          /* target ids, done when the turn is committed */
    char announced[TASK_ID_SIZE]; /* the task that announcement is of */
    struct parcel *announcement;  /* packed once per turn and task; NULL: none yet */
};

/* Borrows both. */
void agent_calls_init(struct agent_calls *a, const struct sessions *sessions,
                      struct outgoing *outgoing);
/* At the end of every turn, and at the end: forgets its cuts and the announcement. */
void agent_calls_reset(struct agent_calls *a);

#endif
