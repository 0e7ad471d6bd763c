/* SPDX-License-Identifier: Apache-2.0 */
/* core: everything that lives on the core thread, in one place for the edges (api, transport) to
 * reach, and the turn: the group commit in which requests are carried out. */
#ifndef CORE_H
#define CORE_H

#include "event_hub.h"
#include "log_manager.h"
#include "mailbox.h"
#include "registry.h"
#include "store.h"
#include "task_manager.h"
#include "token.h"

struct core {
    struct store *store;
    struct event_hub *events;
    struct registry *registry;
    struct task_manager *tasks;
    struct log_manager *logs;
    struct token_keeper *tokens;
    struct mailbox *mailbox;
    struct outbox *outbox; /* borrowed */
    bool is_open;          /* a turn has begun in the store */
    bool is_stale;         /* a reload of the registry failed and must be repeated */
};

/* Takes store, borrows outbox and encode. */
MUST_CHECK enum err core_init(struct core *c, struct store *take_store, struct outbox *outbox,
                              task_encode_fn *encode, const uint8_t token_key[static KEY_BYTES],
                              struct error *e);
void core_clear(struct core *c);

/* A turn: begin, any number of core_request (and calls of the mailbox), end. The transaction is
 * opened by the first request. core_request runs fn between marks of the store: what a failing fn
 * wrote is undone, its events too, the turn goes on. core_end_turn commits, releases events (or
 * discards them and reloads the registry when the commit failed) and wakes the callers of the
 * mailbox; only after ERR_OK may replies leave. */
MUST_CHECK enum err core_request(struct core *c, mailbox_fn *fn, void *arg, struct error *e);
size_t core_run_mailbox(struct core *c, size_t max);
MUST_CHECK enum err core_end_turn(struct core *c, struct error *e);

#endif
