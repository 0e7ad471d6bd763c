/* SPDX-License-Identifier: Apache-2.0 */
/* agent_parts: the inside of agent: its parts, and the files that join them. Included by agent*.c
 * only. Thread: the loop's. */
#ifndef AGENT_PARTS_H
#define AGENT_PARTS_H

#include "advertisement.h"
#include "agent.h"
#include "identity.h"
#include "package_installer.h"
#include "package_runner.h"
#include "status_socket.h"
#include "task_processor.h"
#include "terminal.h"
#include "transfer.h"
#include "transport_client.h"

/* Work under way for one task: one of fetching it, transferring, installing, running. */
struct unit {
    struct agent *agent;
    char task_id[TASK_ID_SIZE];
    char *tree_path;
    struct package_installer *installer;
    struct package_runner *runner;
    struct process *sync;
    struct unit *next;
};

struct agent {
    const struct agent_config *config;
    struct identity identity;
    struct key_pair keys;
    char program[4096]; /* our own path, for internal-* children */
    char boot_id[40];
    struct loop *loop;
    struct process_table *processes;
    struct spool *spool;
    struct output_ring *ring;
    struct response_collector *collector;
    struct terminal *terminal;
    void *zmq;
    struct transport_client *transport;
    struct transfer *transfer;
    struct task_processor *tasks;
    struct advertisement *advertisement;
    struct status_socket *status;
    struct unit *units;
    struct loop_signal sigterm, sigint;
    struct loop_timer leave;
    uint32_t trash_count;
    bool is_ending;
};

/* agent_work.c: what task_processor has done. */
extern const struct task_host agent_work_host; /* arg is to be set */
bool agent_work_is_done(const struct agent *a);
/* Ends commands in order; agent_check_end is called as they go. */
void agent_work_stop(struct agent *a);
/* Kills what is left. */
void agent_work_free(struct agent *a);

/* agent_children.c: `hivecast-agent COMMAND PATH` as a child; events must log its output. */
MUST_CHECK enum err agent_children_start(struct agent *a, const char *command, const char *path,
                                         const struct process_events *events, void *arg,
                                         struct process **out, struct error *e);
void agent_children_log(void *arg, const char *text, size_t size, bool is_error);
/* Out of sight at once, by a rename, so that nobody takes it for a release meanwhile; then removed
 * in a child. arg is the agent. */
void agent_children_remove(void *arg, const char *path);
/* Removes what earlier removals did not finish. */
void agent_children_empty_trash(struct agent *a);

/* agent_calls.c: what the manager calls, and what it is told. */
extern const struct transport_handler agent_calls_handlers[];
extern const size_t agent_calls_count;

/* agent.c: leaves the loop when nothing is left to wait for. */
void agent_check_end(struct agent *a);

#endif
