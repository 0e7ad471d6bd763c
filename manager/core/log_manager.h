/* SPDX-License-Identifier: Apache-2.0 */
/* log_manager: reports of agents, stored once and in order: acknowledgements go on to task_manager,
 * output to the store and the event hub. Thread: core only. */
#ifndef LOG_MANAGER_H
#define LOG_MANAGER_H

#include "task_manager.h"

struct log_manager;
struct log_manager *log_manager_new(struct store *store, struct registry *registry,
                                    struct event_hub *events, struct task_manager *tasks);
void log_manager_free(struct log_manager *m);
AUTO_DEFINE(struct log_manager *, log_manager_free)

/* Reports number first_seq, first_seq + 1, ... of a stream. */
struct report_batch {
    uint64_t stream_id;
    uint64_t first_seq;
    const struct report *reports; /* borrowed */
    size_t count;
};
/* Those already stored are skipped; a gap (first_seq beyond stored + 1) is ERR_CONFLICT, and so is
 * another stream than the advertised one. A report that cannot be applied (unknown task, refused
 * transition) is skipped and logged, never the reason to block the stream. *stored_seq is the
 * highest stored. */
MUST_CHECK enum err log_manager_report(struct log_manager *m, const char *target_id,
                                       const struct report_batch *batch, uint64_t *stored_seq,
                                       struct error *e);

#endif
