/* SPDX-License-Identifier: Apache-2.0 */
/* event_hub: facts as they happen, numbered, kept for a while, and handed to bounded queues of
 * readers. Published on the core thread (held back until the turn is committed: event_hub_release,
 * or dropped: event_hub_discard); read on any thread. One leaf lock. Events are immutable and
 * reference-counted. */
#ifndef EVENT_HUB_H
#define EVENT_HUB_H

#include "model.h"

enum event_topic {
    EVENT_LOGS = 1 << 0,
    EVENT_TARGET_ADDED = 1 << 1,
    EVENT_TARGET_UPDATED = 1 << 2,
    EVENT_TASK_UPDATED = 1 << 3,
};
enum { EVENT_ALL = 15 };

/* Names as in the API: "logs", "targetAdded", "targetUpdated", "taskUpdated". 0 when unknown. */
const char *event_topic_name(enum event_topic topic);
enum event_topic event_topic_from_name(const char *name);

struct event {
    uint64_t seq; /* 1, 2, ... since the manager started */
    int64_t time_ms;
    enum event_topic topic;
    bool is_removed; /* targetUpdated and taskUpdated: it is gone */
    /* One of these is set; all are owned by the event. */
    const struct target *target;   /* targetAdded, targetUpdated */
    const struct task_target *row; /* taskUpdated; target_id "" when the task as a whole changed */
    const struct log_batch *log;   /* logs */
};

struct event_hub;
/* Keeps at most keep_bytes of events for replay. */
struct event_hub *event_hub_new(size_t keep_bytes);
void event_hub_free(struct event_hub *h);
AUTO_DEFINE(struct event_hub *, event_hub_free)

/* Core. Copies what it is given. A failure to allocate drops the event, which readers see as a gap.
 */
void event_hub_target(struct event_hub *h, enum event_topic topic, const struct target *t,
                      bool is_removed);
void event_hub_row(struct event_hub *h, const struct task_target *row, bool is_removed);
void event_hub_log(struct event_hub *h, const struct log_batch *log);
void event_hub_release(struct event_hub *h);
void event_hub_discard(struct event_hub *h);
/* What a failing request published since mark is dropped. */
size_t event_hub_mark(const struct event_hub *h);
void event_hub_undo(struct event_hub *h, size_t mark);

struct event_filter {
    unsigned topics;            /* of enum event_topic */
    char target_id[ID_SIZE];    /* logs only; "": any */
    char task_id[TASK_ID_SIZE]; /* logs only; "": any */
};

/* A reader's place among the kept events, which are its bounded queue. since: replay what is kept
 * after it (a number never given, as from before a restart: all that is kept, told as a miss);
 * UINT64_MAX: only new events. */
struct event_reader;
struct event_reader *event_reader_new(struct event_hub *h, const struct event_filter *f,
                                      uint64_t since);
void event_reader_free(struct event_reader *r);
AUTO_DEFINE(struct event_reader *, event_reader_free)
/* Waits up to timeout_ms for an event; NULL when none came or the hub is closed. *missed is the
 * number of events, of any topic, that went by before the returned one (too old for since, or the
 * reader was too slow): 0 means that nothing was lost. Release with event_release. */
struct event *event_reader_next(struct event_reader *r, int timeout_ms, uint64_t *missed);
void event_release(struct event *event);
/* Wakes all readers for good: event_reader_next returns NULL at once. */
void event_hub_close(struct event_hub *h);
bool event_hub_is_closed(struct event_hub *h);
uint64_t event_hub_last_seq(struct event_hub *h);

#endif
