/* SPDX-License-Identifier: Apache-2.0 */
/* transport_calls: the calls that wait for an answer. Each ends exactly once: answered, timed out
 * or broken off. Thread: the loop's. */
#ifndef TRANSPORT_CALLS_H
#define TRANSPORT_CALLS_H

#include "loop.h"
#include "transport_client.h"

struct transport_call;

/* Zero-initialised is empty, but for loop. */
struct transport_calls {
    struct loop *loop;
    struct loop_timer timer;
    struct transport_call *first;
    uint32_t last_id;
};

/* Enters a call; *id is what its request carries. */
MUST_CHECK enum err transport_calls_add(struct transport_calls *c, uint32_t method,
                                        int64_t timeout_ms, transport_reply_fn *fn, void *arg,
                                        uint32_t *id, struct error *e);
/* The request could not be sent: out again, without calling. */
void transport_calls_remove(struct transport_calls *c, uint32_t id);
/* A response arrived; one that nobody waits for is ignored. */
void transport_calls_answer(struct transport_calls *c, const struct rpc_message *m);
/* All that were entered before now end with failure. */
void transport_calls_fail(struct transport_calls *c, const struct error *failure);
void transport_calls_forget(struct transport_calls *c, const void *arg);
/* Forgets all. */
void transport_calls_clear(struct transport_calls *c);

#endif
