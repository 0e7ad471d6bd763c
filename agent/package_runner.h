/* SPDX-License-Identifier: Apache-2.0 */
/* package_runner: the run commands of one release, all in parallel, supervised and restarted with
 * backoff where the task says so. Thread: the loop's. */
#ifndef PACKAGE_RUNNER_H
#define PACKAGE_RUNNER_H

#include "process.h"
#include "response_collector.h"

/* Zero members take the defaults. */
struct package_runner_timing {
    int64_t backoff_first_ms; /* 1 s, doubled with each restart */
    int64_t backoff_max_ms;   /* 60 s */
    int64_t steady_ms;        /* 10 s: up for as long, backoff starts anew */
    int64_t grace_ms;         /* PROCESS_GRACE_MS */
};

struct package_runner_order {
    const struct task *task; /* borrowed until the end */
    const char *directory;   /* the others are copied */
    const char *app_data;
    struct package_runner_timing timing;
    /* The state of all commands together changed; never from within a call of the owner's. The
     * worst counts: backing-off, starting (restarted, not up for steady_ms yet), exited (one has
     * ended for good; with the status of the one that ended last), up. */
    void (*changed)(void *arg, enum run_state state, int32_t exit_status);
    /* Once after package_runner_stop: nothing of it runs. The runner is freed after the call. */
    void (*stopped)(void *arg);
    void *arg;
};

struct package_runner;
/* All commands are executing when it returns ERR_OK (state up, or none without commands); else none
 * is left. */
MUST_CHECK enum err package_runner_start(struct loop *loop, struct process_table *processes,
                                         struct response_collector *collector,
                                         const struct package_runner_order *order,
                                         struct package_runner **out, struct error *e);
/* The last status that was reported is in *exit_status (may be NULL). */
enum run_state package_runner_state(const struct package_runner *r, int32_t *exit_status);
/* stopped follows, changed does not. */
void package_runner_stop(struct package_runner *r);
/* Kills what runs; nothing is called. NULL is fine. */
void package_runner_free(struct package_runner *r);

#endif
