/* SPDX-License-Identifier: Apache-2.0 */
/* transfer_wire: what a job asks for and gets, as messages of the bulk connection, and which
 * requests are under way: a few, each with one answer per piece. Thread: the loop's. */
#ifndef TRANSFER_WIRE_H
#define TRANSFER_WIRE_H

#include "limits.h"
#include "transfer_job.h"

/* Zero-initialised has nothing under way. */
struct transfer_wire {
    uint32_t last_id;
    struct {
        uint32_t id;
        uint32_t left; /* answers; 0: none under way */
    } calls[BULK_REQUESTS_MAX];
};

bool transfer_wire_may_ask(const struct transfer_wire *w);
bool transfer_wire_is_under_way(const struct transfer_wire *w);
/* What is under way will not come, or is for nobody any more. */
void transfer_wire_forget(struct transfer_wire *w);
/* Only when it may. */
MUST_CHECK enum err transfer_wire_ask(struct transfer_wire *w, struct dealer *d,
                                      const struct transfer_job *j, const struct transfer_ask *a,
                                      struct error *e);
/* Whether m answers a request under way; counts it. */
bool transfer_wire_is_awaited(struct transfer_wire *w, const struct rpc_message *m);
/* A response that is no failure. */
MUST_CHECK enum err transfer_wire_answer(struct transfer_job *j, struct rpc_message *m,
                                         struct error *e);

#endif
