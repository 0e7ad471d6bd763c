/* SPDX-License-Identifier: Apache-2.0 */
/* process_sweep: finds processes by the marks that the agent puts into the environment of what it
 * starts; thus also those that left their group or outlived the agent. */
#ifndef PROCESS_SWEEP_H
#define PROCESS_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "err.h"

enum { PROCESS_MARK_SIZE = 17 };

/* The HIVECAST_AGENT of the agent with this data directory: differs from that of every other, also
 * of one with the same path in another container. */
MUST_CHECK enum err process_sweep_mark(const char *data_dir, char out[static PROCESS_MARK_SIZE],
                                       struct error *e);

/* Whether the process found is to be signalled; process_id is its HIVECAST_PROCESS. */
typedef bool process_sweep_fn(void *arg, const char *process_id);

/* Sends the signal to each process whose HIVECAST_AGENT is agent and that fn chooses (NULL: all),
 * except the caller; returns how many. Zombies are not seen. */
size_t process_sweep(const char *agent, int signal, process_sweep_fn *fn, void *arg);
/* Ends all of the agent: SIGTERM, SIGKILL after a second. Blocks until none is seen; returns how
 * many there were. */
size_t process_sweep_leftovers(const char *agent);
/* SIGKILL to those that fn chooses, again until none is seen: who forks meanwhile does not escape.
 * Blocks for milliseconds, at most half a second. */
void process_sweep_kill(const char *agent, process_sweep_fn *fn, void *arg);

#endif
