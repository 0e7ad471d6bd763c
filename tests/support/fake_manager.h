/* SPDX-License-Identifier: Apache-2.0 */
/* fake_manager: one ROUTER with CURVE that answers an agent's calls as a test wants, served by the
 * test's own loop. Every method of the Manager service, control and bulk on the same socket. */
#ifndef FAKE_MANAGER_H
#define FAKE_MANAGER_H

#include "dealer.h"
#include "sample_package.h"

enum { FAKE_METHODS = 8 };

struct fake_manager {
    void *zmq;
    struct loop *loop;
    void *router;
    struct loop_watch watch;
    char endpoint[64];
    struct key_pair keys;
    zmq_msg_t route; /* of the agent that was heard last */
    uint32_t last_call_id;
    unsigned counts[FAKE_METHODS]; /* requests by method */

    /* What a test sets. */
    const struct sample_package *package;
    uint32_t heartbeat_ms;
    uint32_t protocol_version;
    uint64_t stored_seq;     /* what Hello and Report answer */
    bool is_silent;          /* answers nothing */
    enum err failure;        /* with which the next failures requests are answered */
    uint32_t failure_method; /* 0: any */
    int failures;
    uint64_t damaged_chunk; /* its next damages answers have a wrong byte */
    int damages;
    long chunks_until_cut; /* the connection is cut after so many; -1: never */

    /* What it saw. */
    uint64_t chunks_sent;
    unsigned chunk_requests_max; /* chunks in one request */
    char agent_id[65];
    unsigned status_count; /* task statuses in the last Hello or Heartbeat */
    uint64_t first_seq;
    size_t report_count;
    enum err answer; /* of the agent to the last call */
    unsigned answers;
};

/* Asserts instead of failing. */
void fake_manager_start(struct fake_manager *m, void *zmq, struct loop *loop);
void fake_manager_stop(struct fake_manager *m);
/* Closes the socket; and opens one at the same place, with the same key. */
void fake_manager_cut(struct fake_manager *m);
void fake_manager_return(struct fake_manager *m);
void fake_manager_config(const struct fake_manager *m, const struct key_pair *keys,
                         struct dealer_config *out);
unsigned fake_manager_count(const struct fake_manager *m, const char *method);
/* Calls the agent that was heard last. */
void fake_manager_call(struct fake_manager *m, enum rpc_kind kind, const char *method,
                       const ProtobufCMessage *body);

#endif
