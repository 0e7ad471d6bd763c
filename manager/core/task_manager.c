/* SPDX-License-Identifier: Apache-2.0 */
#include "task_manager.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "task_check.h"
#include "task_id.h"
#include "task_reconcile.h"
#include "task_rows.h"
#include "task_state.h"

enum {
    ID_ATTEMPTS_MAX = 32,
    /* Room for what surrounds a task in a message. */
    SIGNED_TASK_MAX = CONTROL_MESSAGE_MAX - 4096,
};

struct task_manager {
    struct store *store; /* the same as in rows */
    struct registry *registry;
    task_encode_fn *encode;
    struct task_rows rows;
};

enum err task_manager_new(struct store *store, struct registry *registry, struct event_hub *events,
                          struct outbox *outbox, task_encode_fn *encode, struct task_manager **out,
                          struct error *e)
{
    struct task_manager *m = calloc(1, sizeof(*m));
    if (m == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for the task manager");
    m->store = store;
    m->registry = registry;
    m->encode = encode;
    m->rows = (struct task_rows){.store = store, .events = events, .outbox = outbox};
    *out = m;
    return ERR_OK;
}

void task_manager_free(struct task_manager *m)
{
    if (m == NULL)
        return;
    task_rows_clear(&m->rows);
    free(m);
}

static void publish_task(struct task_manager *m, const char *id, bool is_removed)
{
    struct task_target whole = {0};
    (void)snprintf(whole.task_id, sizeof(whole.task_id), "%s", id);
    event_hub_row(m->rows.events, &whole, is_removed);
}

static bool stop_at_first(void *arg, const struct target *t)
{
    (void)t;
    *(bool *)arg = true;
    return false;
}

enum err task_manager_check(struct task_manager *m, const struct task *draft, struct error *e)
{
    enum err err = task_check(draft, e);
    if (err != ERR_OK || !draft->has_deploy)
        return err;
    bool is_matched = false;
    registry_match(m->registry, &draft->selector, stop_at_first, &is_matched);
    if (!is_matched)
        return error_set(e, ERR_INVALID, "deploy.target: no registered target matches");
    return ERR_OK;
}

static enum err choose_id(struct task_manager *m, char out[static TASK_ID_SIZE], struct error *e)
{
    for (unsigned attempt = 0; attempt < ID_ATTEMPTS_MAX; attempt++) {
        task_id_make(attempt, out);
        struct task taken = {0};
        enum err err = store_task_get(m->store, out, &taken, e);
        task_clear(&taken);
        if (err == ERR_NOT_FOUND)
            return ERR_OK;
        if (err != ERR_OK)
            return err;
    }
    return error_set(e, ERR_INTERNAL, "no free task id was found");
}

static enum err name_draft(struct task_manager *m, struct task *draft, struct error *e)
{
    uint64_t last_version;
    enum err err = store_task_last_version(m->store, &last_version, e);
    if (err != ERR_OK)
        return err;
    err = choose_id(m, draft->id, e);
    if (err != ERR_OK)
        return err;
    draft->version = last_version + 1;
    draft->created_ms = clock_wall_ms();
    draft->is_stopped = false;
    bytes_clear(&draft->signed_task);
    err = m->encode(draft, &draft->signed_task, e);
    if (err == ERR_OK && draft->signed_task.size > SIGNED_TASK_MAX)
        return error_set(e, ERR_TOO_LARGE, "deploy: the task has %zu bytes, at most %d fit",
                         draft->signed_task.size, (int)SIGNED_TASK_MAX);
    return err;
}

/* A target that has not begun will not begin: the newer task is what it gets. Those that have begun
 * say themselves how they ended. */
static enum err supersede(struct task_manager *m, const char *target_id, const struct task *newer,
                          struct error *e)
{
    enum err err = row_list_outstanding(&m->rows.list, m->store, target_id, e);
    char message[MESSAGE_TEXT_SIZE];
    (void)snprintf(message, sizeof(message), "superseded by %s", newer->id);
    for (size_t i = 0; err == ERR_OK && i < m->rows.list.count; i++) {
        struct task_target *row = &m->rows.list.items[i];
        bool has_begun = row->state != TASK_PENDING && row->state != TASK_ANNOUNCED;
        if (has_begun || task_state_is_final(row->state) || strcmp(row->app, newer->app) != 0)
            continue;
        task_state_stop(row, ERR_SUPERSEDED, message, newer->created_ms);
        err = task_rows_save(&m->rows, row, e);
    }
    return err;
}

struct creation {
    struct task_manager *m;
    const struct task *task;
    enum err err;
    struct error *e;
};

/* A row whose announcement then is undone with the request leaves a hint behind that leads to
 * nothing: the agent is told ERR_NOT_FOUND when it fetches. */
static bool create_row(void *arg, const struct target *t)
{
    struct creation *c = arg;
    const struct task *task = c->task;
    c->err = supersede(c->m, t->id, task, c->e);
    if (c->err != ERR_OK)
        return false;
    bool is_announced = t->is_online && task_rows_announce(&c->m->rows, t->id, task);
    struct task_target row = {
        .version = task->version,
        .state = is_announced ? TASK_ANNOUNCED : TASK_PENDING,
        .since_ms = task->created_ms,
    };
    memcpy(row.task_id, task->id, sizeof(row.task_id));
    memcpy(row.target_id, t->id, sizeof(row.target_id));
    memcpy(row.app, task->app, sizeof(row.app));
    c->err = store_row_put(c->m->store, &row, c->e);
    return c->err == ERR_OK;
}

enum err task_manager_create(struct task_manager *m, struct task *draft, struct error *e)
{
    enum err err = task_manager_check(m, draft, e);
    if (err != ERR_OK)
        return err;
    err = name_draft(m, draft, e);
    if (err != ERR_OK)
        return err;
    err = store_task_insert(m->store, draft, e);
    if (err != ERR_OK)
        return err;
    /* Artifacts must be built before they can be deployed. */
    if (draft->has_deploy && !draft->has_build) {
        struct creation c = {.m = m, .task = draft, .err = ERR_OK, .e = e};
        registry_match(m->registry, &draft->selector, create_row, &c);
        if (c.err != ERR_OK)
            return c.err;
    }
    publish_task(m, draft->id, false);
    return ERR_OK;
}

/* Whether the target must be told is left in row->stop_wanted. */
static enum err stop_row(struct task_manager *m, struct task_target *row, struct error *e)
{
    if (row->state == TASK_PENDING)
        task_state_stop(row, ERR_STOPPED, "stopped before the target was told", clock_wall_ms());
    else if (row->stop_wanted)
        return ERR_OK;
    else
        row->stop_wanted = true;
    return task_rows_save(&m->rows, row, e);
}

static enum err stop_rows(struct task_manager *m, struct error *e)
{
    for (size_t i = 0; i < m->rows.list.count; i++) {
        struct task_target *row = &m->rows.list.items[i];
        if (!task_state_is_stoppable(row))
            continue;
        enum err err = stop_row(m, row, e);
        if (err != ERR_OK)
            return err;
        if (row->stop_wanted)
            task_rows_send_stop(&m->rows, row->target_id, row->task_id);
    }
    return ERR_OK;
}

enum err task_manager_stop(struct task_manager *m, const char *task_id, struct error *e)
{
    enum err err = store_task_set_stopped(m->store, task_id, e);
    if (err != ERR_OK)
        return err;
    bool more = true;
    for (uint32_t page = 1; more; page++) {
        err = row_list_page(&m->rows.list, m->store, task_id, page, &more, e);
        if (err != ERR_OK)
            return err;
        err = stop_rows(m, e);
        if (err != ERR_OK)
            return err;
    }
    publish_task(m, task_id, false);
    return ERR_OK;
}

enum err task_manager_stop_target(struct task_manager *m, const char *target_id, struct error *e)
{
    if (registry_find(m->registry, target_id) == NULL)
        return error_set(e, ERR_NOT_FOUND, "target %s is not registered", target_id);
    enum err err = row_list_stoppable(&m->rows.list, m->store, target_id, e);
    for (size_t i = 0; err == ERR_OK && i < m->rows.list.count; i++)
        err = stop_row(m, &m->rows.list.items[i], e);
    if (err == ERR_OK)
        task_rows_send_stop(&m->rows, target_id, "");
    return err;
}

static uint64_t unfinished(const struct task_counts *counts)
{
    uint64_t sum = 0;
    for (unsigned s = 0; s < TASK_STATE_COUNT; s++)
        sum += task_state_is_final(s) ? 0 : counts->states[s];
    return sum;
}

enum err task_manager_delete(struct task_manager *m, const char *task_id, struct error *e)
{
    const struct task *task;
    enum err err = task_cache_get(&m->rows.cache, m->store, task_id, &task, e);
    if (err != ERR_OK)
        return err;
    struct task_counts counts;
    err = store_row_counts(m->store, task_id, &counts, e);
    if (err != ERR_OK)
        return err;
    uint64_t at_work = unfinished(&counts);
    uint64_t up = counts.runs[RUN_STARTING] + counts.runs[RUN_UP] + counts.runs[RUN_BACKING_OFF];
    if (at_work + up > 0)
        return error_set(e, ERR_CONFLICT,
                         "task %s is under way on %llu targets and runs on %llu: stop it first",
                         task_id, (unsigned long long)at_work, (unsigned long long)up);
    err = store_task_delete(m->store, task_id, e);
    if (err != ERR_OK)
        return err;
    publish_task(m, task_id, true);
    task_cache_drop(&m->rows.cache, task_id);
    return ERR_OK;
}

/* Success is the word of the agent and the digest of what it activated. */
static enum err check_release(struct task_manager *m, const struct acknowledgement *a,
                              struct acknowledgement *checked, struct error *e)
{
    const struct task *task;
    enum err err = task_cache_get(&m->rows.cache, m->store, a->task_id, &task, e);
    if (err != ERR_OK || !task->has_package)
        return err;
    if (a->has_digest && memcmp(a->digest, task->package.digest, DIGEST_BYTES) == 0)
        return ERR_OK;
    checked->state = TASK_FAILED;
    checked->code = ERR_CORRUPT;
    (void)snprintf(checked->message, sizeof(checked->message), "%s",
                   a->has_digest ? "the target activated another release than was sent"
                                 : "the target did not tell which release it activated");
    return ERR_OK;
}

enum err task_manager_acknowledge(struct task_manager *m, const char *target_id,
                                  const struct acknowledgement *a, int64_t time_ms, struct error *e)
{
    struct task_target row;
    enum err err = store_row_get(m->store, a->task_id, target_id, &row, e);
    if (err != ERR_OK)
        return err;
    struct acknowledgement checked = *a;
    if (a->state == TASK_SUCCEEDED && row.state != TASK_SUCCEEDED) {
        err = check_release(m, a, &checked, e);
        if (err != ERR_OK)
            return err;
    }
    return task_rows_apply(&m->rows, &row, &checked, time_ms, e);
}

enum err task_manager_fetch(struct task_manager *m, const char *target_id, const char *task_id,
                            struct bytes *out, struct error *e)
{
    struct task_target row;
    enum err err = store_row_get(m->store, task_id, target_id, &row, e);
    if (err != ERR_OK)
        return err;
    if (row.state != TASK_SUCCEEDED && (row.stop_wanted || task_state_is_final(row.state)))
        return error_set(e, ERR_NOT_FOUND, "task %s has ended on %s", task_id, target_id);
    const struct task *task;
    err = task_cache_get(&m->rows.cache, m->store, task_id, &task, e);
    if (err != ERR_OK)
        return err;
    return bytes_append(out, task->signed_task.data, task->signed_task.size, e);
}

enum err task_manager_reconcile(struct task_manager *m, const char *target_id,
                                const struct task_status *tasks, size_t count, struct error *e)
{
    return task_reconcile(&m->rows, target_id, tasks, count, e);
}
