/* SPDX-License-Identifier: Apache-2.0 */
/* process: commands as supervised process groups. Each gets a session of its own, a clean
 * environment with the HIVECAST_* variables, /dev/null as input, and its output read as lines.
 * Every child of the agent is started here: unknown ones (orphans that were left to us) are reaped.
 * Thread: the loop's. */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "agent_model.h"
#include "loop.h"

/* All processes of one agent; owns SIGCHLD and finds leftovers by their environment. */
struct process_table;
/* data_dir names the agent for HIVECAST_AGENT (a hash of its real path); target_id may be "".
 * Start it before ZeroMQ makes threads (SIGCHLD is blocked here). */
MUST_CHECK enum err process_table_new(struct loop *loop, const char *data_dir,
                                      const char *target_id, struct process_table **out,
                                      struct error *e);
/* Kills what still runs, without a word to its owners. */
void process_table_free(struct process_table *t);
AUTO_DEFINE(struct process_table *, process_table_free)
/* Kills every process that an earlier life of this agent started; returns how many. Once, at the
 * start of the agent, before anything is started. */
size_t process_table_kill_leftovers(struct process_table *t);
/* Stops and resumes reading output everywhere; who writes is then held by a full pipe. */
void process_table_pause_output(struct process_table *t, bool is_paused);
size_t process_table_count(const struct process_table *t);

/* Where a command runs and what it is told; borrowed for the call, NULL leaves a variable out. */
struct process_place {
    const char *directory;
    const char *task_id;  /* HIVECAST_TASK */
    const char *app;      /* HIVECAST_APP */
    const char *app_data; /* HIVECAST_APP_DATA */
};

struct process_events {
    /* A line of output, made harmless (see line_splitter.h); may be NULL. Does not kill it. */
    void (*line)(void *arg, const char *text, size_t size, bool is_error);
    /* Once, after the last line, when the whole group is gone: status of the command, 128 + n when
     * signal n ended it. The process is freed after the call. May be NULL. */
    void (*ended)(void *arg, int exit_status);
};

struct process;
/* /bin/sh -c command. events are borrowed until the end; none is called from here. Errors of
 * changing to the directory and of exec are returned. */
MUST_CHECK enum err process_start(struct process_table *t, const char *command,
                                  const struct process_place *place,
                                  const struct process_events *events, void *arg,
                                  struct process **out, struct error *e);
/* The same for a program without a shell; argv[0] is its path, the list ends with NULL. */
MUST_CHECK enum err process_start_program(struct process_table *t, const char *const *argv,
                                          const struct process_place *place,
                                          const struct process_events *events, void *arg,
                                          struct process **out, struct error *e);
/* SIGTERM to the group, SIGKILL after grace_ms (< 0: PROCESS_GRACE_MS), then to descendants that
 * left the group. ended follows. Again: a shorter grace counts. */
enum { PROCESS_GRACE_MS = 10000 };
void process_stop(struct process *p, int64_t grace_ms);
/* Kills at once; no event follows. NULL is fine. */
void process_kill(struct process *p);

#endif
