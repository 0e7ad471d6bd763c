/* SPDX-License-Identifier: Apache-2.0 */
/* event: making and counting references of one event. Part of event_hub: other code sees only
 * struct event and event_release. Thread: any; the count is atomic, the rest never changes. */
#ifndef EVENT_H
#define EVENT_H

#include "event_hub.h"

/* Copies, all in one allocation; NULL: no memory. seq and time_ms are the caller's to set. */
struct event *event_of_target(enum event_topic topic, const struct target *t, bool is_removed);
struct event *event_of_row(const struct task_target *row, bool is_removed);
struct event *event_of_log(const struct log_batch *log);
/* event_release takes one reference back. */
void event_retain(struct event *event);
/* Memory it takes. */
size_t event_bytes(const struct event *event);

#endif
