/* SPDX-License-Identifier: Apache-2.0 */
/* process_spawn: the one place that forks: a child in its own session with clean environment,
 * signals and descriptors. Used by process.c. */
#ifndef PROCESS_SPAWN_H
#define PROCESS_SPAWN_H

#include <sys/types.h>

#include "process.h"

enum { PROCESS_ID_SIZE = 33 };

/* Values of HIVECAST_AGENT, HIVECAST_TARGET and HIVECAST_PROCESS. */
struct process_marks {
    const char *agent;
    const char *target_id;
    const char *process_id;
};

/* What the parent holds of a new child; the descriptors do not block. */
struct process_child {
    pid_t pid;
    int output;
    int errors;
};

/* Returns when the program is executing, or with the reason why it is not. */
MUST_CHECK enum err process_spawn(const char *const *argv, const struct process_place *place,
                                  const struct process_marks *marks, struct process_child *out,
                                  struct error *e);

#endif
