/* SPDX-License-Identifier: Apache-2.0 */
/* The first item of the queue is under way. Disk work runs as a work step of the loop for as long
 * as there is some; requests go out whenever the job has credit for them. */
#include "transfer.h"

#include <sodium.h>
#include <string.h>

#include "log.h"
#include "transfer_job.h"
#include "transfer_window.h"
#include "transfer_wire.h"

enum {
    STALL_MS = 20000,
    RETRY_MS = 500,
    RETRY_MAX_MS = 60000,
    REFUSALS_MAX = 20, /* in a row, of requests that may be tried again */
    PROGRESS_MS = 500,
    TURN_MESSAGES_MAX = 4,
    QUEUE_MESSAGES = WINDOW_SLOTS,
    MESSAGE_BYTES_MAX = SEALED_MAX + 4096,
    LINGER_MS = 0,
};

struct item {
    struct transfer_job *job;
    struct item *next;
};

struct transfer {
    struct dealer_config config;
    struct loop *loop;
    struct item *items;
    struct dealer *dealer; /* NULL: nothing to fetch */
    struct loop_work work;
    struct loop_timer stall_timer;
    struct loop_timer retry_timer; /* started: ask nothing before */
    struct loop_timer progress_timer;
    int64_t retry_ms;
    int refusals;
    struct transfer_wire wire;
    bool is_waiting;
};

static const struct dealer_limits limits = {
    .queue_messages = QUEUE_MESSAGES,
    .message_bytes_max = MESSAGE_BYTES_MAX,
    .messages_per_turn = TURN_MESSAGES_MAX,
};

static void ask(struct transfer *t);
static void on_retry(void *arg);

static void close_dealer(struct transfer *t)
{
    dealer_close(t->dealer, LINGER_MS);
    t->dealer = NULL;
    transfer_wire_forget(&t->wire);
    loop_timer_stop(&t->stall_timer);
    loop_timer_stop(&t->retry_timer);
}

/* Progress */

static void tell_progress(struct transfer *t)
{
    if (t->items == NULL)
        return;
    const struct transfer_request *r = transfer_job_request(t->items->job);
    if (r->progress == NULL)
        return;
    struct transfer_progress p;
    transfer_job_progress(t->items->job, &p);
    p.is_waiting = t->is_waiting;
    r->progress(r->arg, &p);
}

static void on_progress(void *arg)
{
    tell_progress(arg);
}

static void set_waiting(struct transfer *t, bool is_waiting)
{
    if (t->is_waiting == is_waiting)
        return;
    t->is_waiting = is_waiting;
    loop_timer_start(t->loop, &t->progress_timer, 0, on_progress, t);
}

/* The queue */

static bool on_work(void *arg);

static void start_first(struct transfer *t)
{
    loop_timer_stop(&t->progress_timer);
    transfer_wire_forget(&t->wire);
    t->refusals = 0;
    t->retry_ms = RETRY_MS;
    t->is_waiting = false;
    if (t->items != NULL)
        loop_work_start(t->loop, &t->work, on_work, t);
    else
        close_dealer(t);
}

/* Out of the queue first: done may add and cancel. */
static void finish(struct transfer *t, const struct error *failure)
{
    tell_progress(t);
    struct item *item = t->items;
    t->items = item->next;
    loop_work_stop(&t->work);
    loop_timer_stop(&t->stall_timer);
    loop_timer_stop(&t->retry_timer);
    struct transfer_job *job = item->job;
    free(item);
    start_first(t);
    const struct transfer_request *r = transfer_job_request(job);
    r->done(r->arg, failure);
    transfer_job_free(job);
}

static bool on_work(void *arg)
{
    struct transfer *t = arg;
    struct transfer_job *job = t->items->job;
    struct error e = {0};
    bool more;
    enum err err = transfer_job_step(job, &more, &e);
    if (err != ERR_OK || transfer_job_is_whole(job)) {
        finish(t, err != ERR_OK ? &e : NULL);
        return loop_work_is_started(&t->work);
    }
    if (!loop_timer_is_started(&t->progress_timer))
        loop_timer_start(t->loop, &t->progress_timer, PROGRESS_MS, on_progress, t);
    ask(t);
    return more && loop_work_is_started(&t->work);
}

/* Requests */

static void retry_later(struct transfer *t)
{
    transfer_job_lost(t->items->job);
    int64_t delay_ms = t->retry_ms / 2 + (int64_t)randombytes_uniform((uint32_t)t->retry_ms);
    t->retry_ms = 2 * t->retry_ms < RETRY_MAX_MS ? 2 * t->retry_ms : RETRY_MAX_MS;
    loop_timer_start(t->loop, &t->retry_timer, delay_ms, on_retry, t);
    set_waiting(t, true);
}

/* A connection that is up and silent is made anew. */
static void on_stall(void *arg)
{
    struct transfer *t = arg;
    if (t->items == NULL || !transfer_wire_is_under_way(&t->wire))
        return;
    log_warn("transfer: the manager sends nothing; connecting again");
    close_dealer(t);
    retry_later(t);
}

static void open_dealer(struct transfer *t);

/* The connection is made when the first request would go out. */
static void ask(struct transfer *t)
{
    if (loop_timer_is_started(&t->retry_timer) || (t->dealer != NULL && !dealer_is_up(t->dealer)))
        return;
    struct transfer_ask a;
    while (transfer_wire_may_ask(&t->wire) && transfer_job_ask(t->items->job, &a)) {
        if (t->dealer == NULL) {
            transfer_job_lost(t->items->job);
            open_dealer(t);
            return;
        }
        struct error e = {0};
        if (transfer_wire_ask(&t->wire, t->dealer, t->items->job, &a, &e) != ERR_OK) {
            log_debug("transfer: %s", e.text);
            retry_later(t);
            return;
        }
        if (!loop_timer_is_started(&t->stall_timer))
            loop_timer_start(t->loop, &t->stall_timer, STALL_MS, on_stall, t);
    }
}

static void on_retry(void *arg)
{
    struct transfer *t = arg;
    if (t->items != NULL)
        ask(t);
}

/* Answers */

static bool may_try_again(enum err code)
{
    switch (code) {
    case ERR_UNAUTHENTICATED:
    case ERR_THROTTLED:
    case ERR_NO_MEMORY:
    case ERR_IO:
    case ERR_TIMEOUT:
    case ERR_UNAVAILABLE:
    case ERR_INTERNAL:
        return true;
    default:
        return false;
    }
}

static void refused(struct transfer *t, const struct error *failure)
{
    if (!may_try_again(failure->code) || ++t->refusals > REFUSALS_MAX) {
        struct error e = *failure;
        finish(t, &e);
        return;
    }
    log_info("transfer: %s; trying again", failure->text);
    if (!loop_timer_is_started(&t->retry_timer))
        retry_later(t);
}

static void on_message(void *arg, struct rpc_message *m)
{
    struct transfer *t = arg;
    if (t->items == NULL || !transfer_wire_is_awaited(&t->wire, m))
        return;
    if (m->failure.code != ERR_OK) {
        refused(t, &m->failure);
        return;
    }
    t->refusals = 0;
    t->retry_ms = RETRY_MS;
    set_waiting(t, false);
    loop_timer_start(t->loop, &t->stall_timer, STALL_MS, on_stall, t);
    struct error e = {0};
    if (transfer_wire_answer(t->items->job, m, &e) != ERR_OK) {
        finish(t, &e);
        return;
    }
    /* All requests were answered: what did not come with them will not come. */
    if (!transfer_wire_is_under_way(&t->wire))
        transfer_job_lost(t->items->job);
    loop_work_start(t->loop, &t->work, on_work, t);
}

/* Connection */

static void on_up(void *arg)
{
    struct transfer *t = arg;
    if (t->items != NULL)
        ask(t);
}

static void on_down(void *arg, const char *why)
{
    struct transfer *t = arg;
    log_debug("transfer: %s", why);
    loop_timer_stop(&t->stall_timer);
    transfer_wire_forget(&t->wire);
    if (t->items == NULL)
        return;
    transfer_job_lost(t->items->job);
    set_waiting(t, true);
}

static const struct dealer_events events = {
    .up = on_up,
    .down = on_down,
    .message = on_message,
};

static void open_dealer(struct transfer *t)
{
    struct error e = {0};
    if (dealer_open(&t->config, &limits, &events, t, &t->dealer, &e) == ERR_OK)
        return;
    log_error("transfer: %s", e.text);
    retry_later(t);
}

enum err transfer_new(const struct dealer_config *bulk, struct transfer **out, struct error *e)
{
    struct transfer *t = calloc(1, sizeof(*t));
    if (t == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for transfers");
    t->config = *bulk;
    t->loop = bulk->loop;
    t->retry_ms = RETRY_MS;
    *out = t;
    return ERR_OK;
}

static void drop_first(struct transfer *t)
{
    struct item *item = t->items;
    t->items = item->next;
    loop_work_stop(&t->work);
    transfer_job_free(item->job);
    free(item);
}

void transfer_free(struct transfer *t)
{
    if (t == NULL)
        return;
    while (t->items != NULL)
        drop_first(t);
    loop_timer_stop(&t->progress_timer);
    close_dealer(t);
    free(t);
}

static struct item **find(struct transfer *t, const char *task_id)
{
    struct item **place = &t->items;
    while (*place != NULL && strcmp(transfer_job_request((*place)->job)->task_id, task_id) != 0)
        place = &(*place)->next;
    return place;
}

enum err transfer_add(struct transfer *t, const struct transfer_request *r, struct error *e)
{
    struct item **place = find(t, r->task_id);
    if (*place != NULL)
        return error_set(e, ERR_CONFLICT, "task %s is being transferred", r->task_id);
    AUTO(transfer_job_free) struct transfer_job *job = NULL;
    enum err err = transfer_job_new(r, &job, e);
    if (err != ERR_OK)
        return err;
    struct item *item = calloc(1, sizeof(*item));
    if (item == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for a transfer");
    item->job = TAKE(job);
    *place = item;
    if (t->items == item)
        start_first(t);
    return ERR_OK;
}

void transfer_cancel(struct transfer *t, const char *task_id)
{
    struct item **place = find(t, task_id);
    struct item *item = *place;
    if (item == NULL)
        return;
    if (item == t->items) {
        drop_first(t);
        loop_timer_stop(&t->stall_timer);
        loop_timer_stop(&t->retry_timer);
        start_first(t);
        return;
    }
    *place = item->next;
    transfer_job_free(item->job);
    free(item);
}

void transfer_hurry(struct transfer *t)
{
    if (t->items == NULL || !t->is_waiting)
        return;
    close_dealer(t);
    t->retry_ms = RETRY_MS;
    transfer_job_lost(t->items->job);
    ask(t);
}
