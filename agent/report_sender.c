/* SPDX-License-Identifier: Apache-2.0 */
#include "report_sender.h"

#include "limits.h"
#include "log.h"

enum { TIMEOUT_MS = 30000, RETRY_MS = 1000 };

static void send_next(void *arg);

/* A batch that the manager refuses as such would block all others: its reports are tried one by
 * one, and the one at fault is given up, aloud. */
static void refused(struct report_sender *s, const struct error *failure)
{
    if (s->first < s->last) {
        s->bytes = 1;
        return;
    }
    log_error("report %llu is refused and given up: %s", (unsigned long long)s->first,
              failure->text);
    s->source->confirm(s->source->arg, s->first);
    s->bytes = REPORT_BATCH_BYTES;
}

static void on_report(void *arg, const struct error *failure, const ProtobufCMessage *body)
{
    struct report_sender *s = arg;
    s->is_under_way = false;
    bool is_stored = false;
    if (failure == NULL) {
        uint64_t stored_seq = ((const Hivecast__V1__ReportResponse *)body)->stored_seq;
        is_stored = stored_seq >= s->last;
        s->source->confirm(s->source->arg, stored_seq);
    } else if (s->must_greet(s->arg, failure)) {
        return;
    } else if (failure->code == ERR_INVALID || failure->code == ERR_TOO_LARGE) {
        refused(s, failure);
        is_stored = true;
    }
    if (s->dealer == NULL)
        return;
    if (is_stored)
        send_next(s);
    else
        loop_timer_start(s->calls->loop, &s->timer, RETRY_MS, send_next, s);
}

static void send_batch(struct report_sender *s, const struct bytes *batch, struct error *e)
{
    Hivecast__V1__ReportRequest request = HIVECAST__V1__REPORT_REQUEST__INIT;
    request.stream_id = s->source->stream_id(s->source->arg);
    request.first_seq = s->first;
    struct rpc_head head = {
        .kind = RPC_REQUEST,
        .service = RPC_MANAGER,
        .method = rpc_method(RPC_MANAGER, "Report"),
    };
    enum err err =
        transport_calls_add(s->calls, head.method, TIMEOUT_MS, on_report, s, &head.call_id, e);
    if (err != ERR_OK)
        return;
    err = dealer_send_bytes(s->dealer, &head, &request.base, batch->data, batch->size, e);
    s->is_under_way = err == ERR_OK;
    if (err != ERR_OK)
        transport_calls_remove(s->calls, head.call_id);
}

static void send_next(void *arg)
{
    struct report_sender *s = arg;
    if (s->is_under_way || s->dealer == NULL)
        return;
    loop_timer_stop(&s->timer);
    const struct transport_reports *source = s->source;
    struct bytes batch = {0};
    size_t count = 0;
    struct error e = {0};
    enum err err = source->peek(source->arg, s->bytes, &batch, &s->first, &count, &e);
    if (err == ERR_OK && count > 0) {
        s->last = s->first + count - 1;
        send_batch(s, &batch, &e);
    }
    bytes_clear(&batch);
    if (e.code == ERR_OK)
        return;
    log_warn("reports: %s", e.text);
    loop_timer_start(s->calls->loop, &s->timer, RETRY_MS, send_next, s);
}

void report_sender_init(struct report_sender *s, struct transport_calls *calls,
                        const struct transport_reports *source, report_sender_fn *must_greet,
                        void *arg)
{
    *s = (struct report_sender){
        .calls = calls,
        .source = source,
        .must_greet = must_greet,
        .arg = arg,
    };
}

void report_sender_start(struct report_sender *s, struct dealer *dealer)
{
    s->dealer = dealer;
    s->bytes = REPORT_BATCH_BYTES;
    send_next(s);
}

void report_sender_stop(struct report_sender *s)
{
    s->dealer = NULL;
    s->is_under_way = false;
    transport_calls_forget(s->calls, s);
    loop_timer_stop(&s->timer);
}

void report_sender_wake(struct report_sender *s)
{
    if (!loop_timer_is_started(&s->timer))
        send_next(s);
}
