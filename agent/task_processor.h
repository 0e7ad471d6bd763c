/* SPDX-License-Identifier: Apache-2.0 */
/* task_processor: every task of this target from its announcement to its end, and which release of
 * an app is active. It decides; what takes time is done by its host, which tells it the outcome.
 * Each state is on disk before it is acted upon, and acted upon again at boot.
 * Thread: the loop's. */
#ifndef TASK_PROCESSOR_H
#define TASK_PROCESSOR_H

#include "agent_model.h"
#include "assess.h"

/* What a package is fetched for; borrowed for the call. */
struct transfer_order {
    const struct task *task;
    const char *manifest_path;
    const char *tree_path;
    const struct task *old_task; /* active release whose content can be reused, or NULL */
    const char *old_manifest_path;
    const char *old_tree_path;
};

/* What the processor needs done. Nothing here calls back before it returns. A failure to start
 * fails the task, except where told. */
struct task_host {
    void (*acknowledge)(void *arg, const struct acknowledgement *a);
    /* What people should read beside the output of commands; stage agent. */
    void (*event)(void *arg, const char *task_id, bool is_error, const char *text);
    /* -> task_processor_fetched. ERR_UNAVAILABLE: asked again when the manager is back. */
    enum err (*fetch_task)(void *arg, const char *task_id, struct error *e);
    /* -> task_processor_transferred */
    enum err (*transfer)(void *arg, const struct transfer_order *order, struct error *e);
    /* No call follows. */
    void (*cancel_transfer)(void *arg, const char *task_id);
    /* Runs the install commands, then syncs the tree. -> task_processor_installed */
    enum err (*install)(void *arg, const struct task *task, const char *tree_path, struct error *e);
    /* task_processor_installed follows nevertheless. */
    void (*cancel_install)(void *arg, const char *task_id);
    /* All run commands are executing when it returns ERR_OK; none is left when it fails.
     * -> task_processor_run_changed when that changes by itself */
    enum err (*run)(void *arg, const struct task *task, const char *tree_path, struct error *e);
    /* -> task_processor_run_ended */
    void (*stop_run)(void *arg, const char *task_id);
    /* Removes a tree in the background; nobody waits for it. */
    void (*remove_tree)(void *arg, const char *path);
    uint64_t disk_reserve_bytes; /* to be left free for others */
    void *arg;
};

struct task_processor;
/* Borrows data_dir and host; reads the jobs of before. */
MUST_CHECK enum err task_processor_new(const char *data_dir, const struct task_host *host,
                                       struct task_processor **out, struct error *e);
void task_processor_free(struct task_processor *p);
AUTO_DEFINE(struct task_processor *, task_processor_free)
/* Once, when the host is ready: starts what ran, goes on with what was under way, removes what
 * belongs to nobody. */
void task_processor_boot(struct task_processor *p);
/* Nothing new is started from here on; the agent is about to end. */
void task_processor_shut(struct task_processor *p);

/* From the manager. Repeated announcements and stops of unknown tasks change nothing. */
void task_processor_announce(struct task_processor *p, const struct announcement *a);
/* task_id "": every task. */
void task_processor_stop(struct task_processor *p, const char *task_id);
/* The manager can be asked again. */
void task_processor_connected(struct task_processor *p);

/* Outcomes; failure is NULL for success. Late ones of tasks that are gone are ignored. */
void task_processor_fetched(struct task_processor *p, const char *task_id,
                            const struct error *failure, const void *data, size_t size);
/* Of the package's content size, on disk already. */
void task_processor_progress(struct task_processor *p, const char *task_id, uint64_t content_done);
void task_processor_transferred(struct task_processor *p, const char *task_id,
                                const struct error *failure);
void task_processor_installed(struct task_processor *p, const char *task_id,
                              const struct error *failure);
void task_processor_run_changed(struct task_processor *p, const char *task_id, enum run_state state,
                                int32_t exit_status);
void task_processor_run_ended(struct task_processor *p, const char *task_id);

/* Every task, oldest first; *more is not to be kept. */
typedef void task_status_fn(void *arg, const struct task_status *s, const char *app,
                            bool is_active);
void task_processor_each(const struct task_processor *p, task_status_fn *fn, void *arg);
size_t task_processor_count(const struct task_processor *p);

#endif
