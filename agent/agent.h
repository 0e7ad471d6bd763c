/* SPDX-License-Identifier: Apache-2.0 */
/* agent: the running agent: makes the parts, joins them, turns the loop and ends in order.
 * Thread: main, the only one that does work. */
#ifndef AGENT_H
#define AGENT_H

#include <stdint.h>

#include "err.h"

struct agent_config {
    const char *data_dir;
    uint64_t spool_bytes;        /* bound of unsent reports */
    uint64_t ring_bytes;         /* bound of output kept for requests */
    uint64_t disk_reserve_bytes; /* left free when a task is assessed */
    int64_t grace_ms;            /* between SIGTERM and SIGKILL of what is stopped */
    const char *ready_file;      /* NULL: none */
};

/* Until SIGTERM or SIGINT; what was deployed is stopped then and starts again with the next run. */
MUST_CHECK enum err agent_run(const struct agent_config *config, struct error *e);

#endif
