/* SPDX-License-Identifier: Apache-2.0 */
/* task_manager: tasks and their state on every matching target; who must be told what.
 * Thread: core only. The store holds the truth: a row per task and target; messages are hints. */
#ifndef TASK_MANAGER_H
#define TASK_MANAGER_H

#include "outbox.h"
#include "registry.h"

struct task_manager;
/* Borrows everything. */
MUST_CHECK enum err task_manager_new(struct store *store, struct registry *registry,
                                     struct event_hub *events, struct outbox *outbox,
                                     task_encode_fn *encode, struct task_manager **out,
                                     struct error *e);
void task_manager_free(struct task_manager *m);
AUTO_DEFINE(struct task_manager *, task_manager_free)

/* What can be said of a draft before its package is made (has_package tells that there will be
 * one): fields and limits, at least one command or package, matching targets. ERR_INVALID names the
 * field ("deploy.target: no registered target matches"). */
MUST_CHECK enum err task_manager_check(struct task_manager *m, const struct task *draft,
                                       struct error *e);
/* Checks again, gives id, version and time, stores the task with a pending row per matching target
 * and announces it to those connected. Rows of older tasks for the same app that have not begun are
 * closed as superseded; those that have begun end by the agent's word. A task with a build gets no
 * rows: its artifacts must be built first, by a later version. Fills draft->id and more. */
MUST_CHECK enum err task_manager_create(struct task_manager *m, struct task *draft,
                                        struct error *e);
/* Idempotent. Rows that never reached the target become stopped at once, others stop_wanted. */
MUST_CHECK enum err task_manager_stop(struct task_manager *m, const char *task_id, struct error *e);
/* Every task of a target. */
MUST_CHECK enum err task_manager_stop_target(struct task_manager *m, const char *target_id,
                                             struct error *e);
/* ERR_CONFLICT while a row is not final or its processes run (starting, up, backing-off). */
MUST_CHECK enum err task_manager_delete(struct task_manager *m, const char *task_id,
                                        struct error *e);

/* From an agent. Moves the row along the table of task_state.c; a pair that is not listed is
 * refused (ERR_CONFLICT) and changes nothing; the same state again only updates run state and
 * message. A success that does not tell the digest of the task's package is stored as a failure. */
MUST_CHECK enum err task_manager_acknowledge(struct task_manager *m, const char *target_id,
                                             const struct acknowledgement *a, int64_t time_ms,
                                             struct error *e);
/* The bytes an agent fetches; ERR_NOT_FOUND unless the task has a live row for this target. */
MUST_CHECK enum err task_manager_fetch(struct task_manager *m, const char *target_id,
                                       const char *task_id, struct bytes *out, struct error *e);
/* Compares what we want of a target with what it has, and sends what is missing: announcements of
 * outstanding rows it does not know, stops that were not confirmed; takes over states whose
 * acknowledgement got lost. Called at Hello and with every heartbeat. */
MUST_CHECK enum err task_manager_reconcile(struct task_manager *m, const char *target_id,
                                           const struct task_status *tasks, size_t count,
                                           struct error *e);

#endif
