/* SPDX-License-Identifier: Apache-2.0 */
/* swarm_agent: one simulated agent: the real wire protocol (docs/protocol.md), nothing executed,
 * nothing on disk. Thousands live in one process and one loop. */
#ifndef SWARM_AGENT_H
#define SWARM_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "keys.h"
#include "limits.h"

struct swarm_totals {
    unsigned connected; /* agents whose Hello was answered */
    unsigned succeeded; /* tasks reported as succeeded and confirmed */
    uint64_t lines;     /* log lines confirmed */
};

struct swarm_agent {
    char id[ID_SIZE];
    struct key_pair keys;
    void *socket;
    void *monitor; /* tells when the connection ended */
    uint64_t stream_id;
    uint64_t next_seq;
    uint64_t unconfirmed; /* reports under way */
    uint32_t next_call;
    uint64_t noise; /* of the lines it logs */
    bool is_connected;
    bool wants_logs; /* keeps one batch of log lines under way */
    char task_id[48];
    unsigned task_reports; /* of the present task still to be confirmed */
    int64_t heartbeat_ms;
    int64_t next_heartbeat_ms;
};

struct swarm_config {
    void *context;
    const char *control;
    uint8_t server_key[KEY_BYTES];
    unsigned lines_per_batch; /* of agents that log */
    struct swarm_totals *totals;
};

/* Connects and says Hello. Failures end the process: a benchmark that lost an agent measures
 * nothing. */
void swarm_agent_start(struct swarm_agent *a, const struct swarm_config *c);
/* Handles all that waits on the socket and its monitor. */
void swarm_agent_handle(struct swarm_agent *a, const struct swarm_config *c);
/* Heartbeat when it is time. */
void swarm_agent_tick(struct swarm_agent *a, int64_t now_ms);

#endif
