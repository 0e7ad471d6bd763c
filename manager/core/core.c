/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

#include "log.h"

/* Of events for replay: some thousand changes of rows, or a minute of busy logs. */
enum { EVENTS_KEEP_BYTES = 4 * 1024 * 1024 };

static enum err make_parts(struct core *c, task_encode_fn *encode, const uint8_t *token_key,
                           struct error *e)
{
    c->events = event_hub_new(EVENTS_KEEP_BYTES);
    c->mailbox = mailbox_new();
    if (c->events == NULL || c->mailbox == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for the core");
    enum err err = registry_new(c->store, c->events, &c->registry, e);
    if (err != ERR_OK)
        return err;
    err = task_manager_new(c->store, c->registry, c->events, c->outbox, encode, &c->tasks, e);
    if (err != ERR_OK)
        return err;
    c->logs = log_manager_new(c->store, c->registry, c->events, c->tasks);
    c->tokens = token_keeper_new(c->store, token_key);
    if (c->logs == NULL || c->tokens == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for the core");
    return ERR_OK;
}

enum err core_init(struct core *c, struct store *take_store, struct outbox *outbox,
                   task_encode_fn *encode, const uint8_t token_key[static KEY_BYTES],
                   struct error *e)
{
    *c = (struct core){.store = take_store, .outbox = outbox};
    enum err err = make_parts(c, encode, token_key, e);
    if (err != ERR_OK)
        core_clear(c);
    return err;
}

void core_clear(struct core *c)
{
    token_keeper_free(c->tokens);
    log_manager_free(c->logs);
    task_manager_free(c->tasks);
    registry_free(c->registry);
    mailbox_free(c->mailbox);
    event_hub_free(c->events);
    if (c->store != NULL)
        store_close(c->store);
    *c = (struct core){0};
}

static enum err reload(struct core *c, struct error *e)
{
    enum err err = registry_reload(c->registry, e);
    c->is_stale = err != ERR_OK;
    return err;
}

static enum err open_turn(struct core *c, struct error *e)
{
    if (c->is_stale) {
        enum err err = reload(c, e);
        if (err != ERR_OK)
            return err;
    }
    if (c->is_open)
        return ERR_OK;
    enum err err = store_begin(c->store, e);
    c->is_open = err == ERR_OK;
    return err;
}

/* The memory of the registry follows the store back; events of the request were never told. */
static void undo(struct core *c, size_t event_mark, uint64_t changes_before)
{
    store_undo(c->store);
    event_hub_undo(c->events, event_mark);
    if (registry_changes(c->registry) == changes_before)
        return;
    struct error why;
    if (reload(c, &why) != ERR_OK)
        log_error("after a failed request: %s", why.text);
}

enum err core_request(struct core *c, mailbox_fn *fn, void *arg, struct error *e)
{
    enum err err = open_turn(c, e);
    if (err != ERR_OK)
        return err;
    err = store_mark(c->store, e);
    if (err != ERR_OK)
        return err;
    size_t event_mark = event_hub_mark(c->events);
    uint64_t changes_before = registry_changes(c->registry);
    err = fn(arg, e);
    if (err == ERR_OK)
        err = store_keep(c->store, e);
    if (err != ERR_OK)
        undo(c, event_mark, changes_before);
    return err;
}

static enum err around(void *arg, mailbox_fn *fn, void *fn_arg, struct error *e)
{
    return core_request(arg, fn, fn_arg, e);
}

size_t core_run_mailbox(struct core *c, size_t max)
{
    return mailbox_run(c->mailbox, max, around, c);
}

static enum err commit(struct core *c, struct error *e)
{
    if (!c->is_open)
        return ERR_OK;
    c->is_open = false;
    enum err err = store_commit(c->store, e);
    if (err == ERR_OK)
        return ERR_OK;
    store_rollback(c->store);
    event_hub_discard(c->events);
    struct error why;
    if (reload(c, &why) != ERR_OK)
        log_error("after a failed commit: %s", why.text);
    return err;
}

enum err core_end_turn(struct core *c, struct error *e)
{
    struct error why = {0};
    enum err err = commit(c, &why);
    if (err != ERR_OK && e != NULL)
        *e = why;
    if (err == ERR_OK)
        event_hub_release(c->events);
    mailbox_finish(c->mailbox, err, &why);
    return err;
}
