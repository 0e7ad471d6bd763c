/* SPDX-License-Identifier: Apache-2.0 */
/* agent_model: the agent's plain facts: states, tasks and acknowledgements, as its parts exchange
 * them. Values of the enums are those of proto/hivecast/v1/task.proto, so they cast to the wire.
 * What holds heap memory has a _clear. Times are milliseconds since 1970 UTC. */
#ifndef AGENT_MODEL_H
#define AGENT_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "limits.h"
#include "manifest.h"
#include "strlist.h"

enum { TASK_ID_SIZE = ID_SIZE };

enum task_state {
    TASK_NONE = 0,
    TASK_ANNOUNCED = 2,
    TASK_ACCEPTED,
    TASK_TRANSFERRING,
    TASK_INSTALLING,
    TASK_ACTIVATING,
    TASK_SUCCEEDED,
    TASK_REJECTED = 10,
    TASK_FAILED,
    TASK_STOPPED,
};

enum run_state {
    RUN_UNKNOWN,
    RUN_NONE, /* no run commands */
    RUN_STARTING,
    RUN_UP,
    RUN_EXITED,
    RUN_BACKING_OFF,
    RUN_STOPPED,
};

enum stage { STAGE_NONE, STAGE_BUILD, STAGE_INSTALL, STAGE_RUN, STAGE_TERMINAL, STAGE_AGENT };

/* "announced", "up", "install" as in the API; "unknown" for other values. */
const char *task_state_name(enum task_state s);
const char *run_state_name(enum run_state s);
const char *stage_name(enum stage s);
/* succeeded, rejected, failed, stopped. */
bool task_state_is_final(enum task_state s);

/* What an announcement tells. */
struct announcement {
    char task_id[TASK_ID_SIZE];
    char app[ID_SIZE];
    uint64_t version;
    bool has_package;
    struct package_info package;
    char architecture[32]; /* "": any */
    uint64_t memory_bytes; /* 0: not stated */
};

/* What is executed. Zero-initialised is empty. */
struct task {
    char id[TASK_ID_SIZE];
    char app[ID_SIZE];
    uint64_t version;
    bool debug;
    bool has_package;
    struct package_info package;
    struct strlist install_commands;
    struct strlist run_commands;
    bool auto_restart;
};
void task_clear(struct task *t);

/* One change of a task's state on this target. */
struct acknowledgement {
    char task_id[TASK_ID_SIZE];
    enum task_state state;
    enum run_state run_state;
    int32_t exit_status; /* of the run command that ended last; 128 + n for signal n */
    enum err code;
    char message[MESSAGE_TEXT_SIZE];
    bool has_digest;
    uint8_t digest[DIGEST_BYTES];
};

/* What Hello and Heartbeat list. */
struct task_status {
    char task_id[TASK_ID_SIZE];
    enum task_state state;
    enum run_state run_state;
};

#endif
