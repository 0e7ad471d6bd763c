/* SPDX-License-Identifier: Apache-2.0 */
/* registry: the targets we know, the tags that select them, and who is connected now.
 * Thread: core only. All targets are in memory; every change goes to the store first. */
#ifndef REGISTRY_H
#define REGISTRY_H

#include "event_hub.h"
#include "store.h"

struct registry;
/* Borrows both; loads all targets. */
MUST_CHECK enum err registry_new(struct store *store, struct event_hub *events,
                                 struct registry **out, struct error *e);
void registry_free(struct registry *r);
AUTO_DEFINE(struct registry *, registry_free)
/* After a turn failed to commit: back to what the store says; who is online is kept. */
MUST_CHECK enum err registry_reload(struct registry *r, struct error *e);

/* ERR_CONFLICT when the id or the key is already registered. */
MUST_CHECK enum err registry_add(struct registry *r, const struct target *t, struct error *e);
/* Borrowed until the next registry call; NULL when unknown. */
const struct target *registry_find(const struct registry *r, const char *id);
const struct target *registry_find_key(const struct registry *r,
                                       const uint8_t key[static KEY_BYTES]);
/* ERR_NOT_FOUND. location NULL: unchanged; tags NULL: unchanged. */
MUST_CHECK enum err registry_update(struct registry *r, const char *id, const struct tags *tags,
                                    const struct location *location, struct error *e);
MUST_CHECK enum err registry_remove(struct registry *r, const char *id, struct error *e);

/* Remembers how far the reports of a stream are stored. */
MUST_CHECK enum err registry_set_stored(struct registry *r, const char *id, uint64_t stream_id,
                                        uint64_t seq, struct error *e);

/* The agent is there. Against what it advertised last, tags it brings anew are added and tags it
 * dropped are removed; an operator's edits of the others stay. Its location is taken unless an
 * operator fixed one (registry_update with a location that is not known lifts that). A new stream
 * id starts the numbering of reports again. Writes to the store only what changed. */
MUST_CHECK enum err registry_connected(struct registry *r, const char *id,
                                       const struct advertisement *a, int64_t now_ms,
                                       struct error *e);
/* A sign of life; who was given up is online again. Unknown ids are ignored. */
void registry_seen(struct registry *r, const char *id, uint64_t disk_free_bytes, int64_t now_ms);
MUST_CHECK enum err registry_disconnected(struct registry *r, const char *id, int64_t now_ms,
                                          struct error *e);
/* Marks as offline who was not seen since before_ms; returns how many. Inside a request: when they
 * were seen is stored. */
size_t registry_expire(struct registry *r, int64_t before_ms);
/* The wall clock was set by so much: when those online were seen is told by the new one. */
void registry_clock_set(struct registry *r, int64_t by_ms);
size_t registry_online_count(const struct registry *r);
size_t registry_count(const struct registry *r);

/* Grows with every change, so that a failed request can tell whether it left one behind. */
uint64_t registry_changes(const struct registry *r);

enum target_sort { TARGET_SORT_ID, TARGET_SORT_REGISTERED, TARGET_SORT_LAST_SEEN };
struct target_query {
    const char *id;   /* part of it; NULL: any */
    struct tags tags; /* all of them; empty: any */
    bool has_online;
    bool is_online;
    enum target_sort sort;
    bool is_descending;
    struct page page;
};
/* Calls fn for the targets of the page; *total counts all matches. */
MUST_CHECK enum err registry_query(const struct registry *r, const struct target_query *q,
                                   uint64_t *total, store_target_fn *fn, void *arg,
                                   struct error *e);
/* Every target that the selector matches, ordered by id. fn must not change the registry. */
void registry_match(const struct registry *r, const struct selector *s, store_target_fn *fn,
                    void *arg);

#endif
