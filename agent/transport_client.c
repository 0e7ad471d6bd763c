/* SPDX-License-Identifier: Apache-2.0 */
/* offline --(handshake)--> greeting --(Hello accepted)--> online
 *    ^                        | ^                           |
 *    +----(connection lost)---+ +--("say Hello first")------+
 * A manager that leaves three beats unanswered is taken for dead and the connection is made anew.
 */
#include "transport_client.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "limits.h"
#include "log.h"
#include "report_sender.h"
#include "transport_calls.h"

enum {
    PROTOCOL_VERSION = 1,
    BEATS_MISSED_MAX = 3,
    BEAT_MIN_MS = 100,
    BEAT_MAX_MS = 3600 * 1000,
    HELLO_TIMEOUT_MS = 30000,
    HELLO_JITTER_MS = 500,
    HELLO_RETRY_MS = 500,
    HELLO_RETRY_MAX_MS = 64000,
    GOODBYE_LINGER_MS = 500,
    TURN_MESSAGES_MAX = 16,
    QUEUE_MESSAGES = 256,
};

struct transport_client {
    struct transport_options options;
    struct loop *loop;
    struct dealer *dealer; /* NULL: not started */
    struct transport_status status;
    struct transport_calls calls;
    struct report_sender reports;
    struct loop_timer hello_timer;
    struct loop_timer beat_timer;
    int64_t beat_ms;
    int64_t hello_retry_ms;
    int beats_unanswered;
    bool was_online; /* since the start of the program */
};

static const struct dealer_limits limits = {
    .queue_messages = QUEUE_MESSAGES,
    .message_bytes_max = CONTROL_MESSAGE_MAX,
    .messages_per_turn = TURN_MESSAGES_MAX,
};

static void say_hello(void *arg);
static void beat(void *arg);

static void set_state(struct transport_client *c, enum transport_state state, const char *why)
{
    bool was_up = c->status.state == TRANSPORT_ONLINE;
    if (c->status.state != state)
        c->status.since_ms = clock_wall_ms();
    c->status.state = state;
    snprintf(c->status.why, sizeof(c->status.why), "%s", why);
    bool is_up = state == TRANSPORT_ONLINE;
    if (was_up != is_up)
        c->options.host->connection(c->options.host->arg, is_up);
}

static void stop_timers(struct transport_client *c)
{
    loop_timer_stop(&c->hello_timer);
    loop_timer_stop(&c->beat_timer);
    report_sender_stop(&c->reports);
}

/* Whoever comes again comes at a random moment: thousands may do so together. */
static void greet_within(struct transport_client *c, int64_t max_ms)
{
    int64_t delay_ms = max_ms > 0 ? (int64_t)randombytes_uniform((uint32_t)max_ms) : 0;
    loop_timer_stop(&c->beat_timer);
    report_sender_stop(&c->reports);
    loop_timer_start(c->loop, &c->hello_timer, delay_ms, say_hello, c);
}

static void greet_again(struct transport_client *c, const char *why)
{
    set_state(c, TRANSPORT_GREETING, why);
    greet_within(c, c->hello_retry_ms);
    c->hello_retry_ms *= c->hello_retry_ms < HELLO_RETRY_MAX_MS ? 2 : 1;
}

static enum err call(struct transport_client *c, const char *method, const ProtobufCMessage *body,
                     int64_t timeout_ms, transport_reply_fn *fn, struct error *e)
{
    return transport_client_call(c, method, body, timeout_ms, fn, c, e);
}

/* Hello */

static void on_hello(void *arg, const struct error *failure, const ProtobufCMessage *body)
{
    struct transport_client *c = arg;
    const Hivecast__V1__HelloResponse *r = (const Hivecast__V1__HelloResponse *)body;
    if (failure != NULL) {
        log_warn("hello: %s", failure->text);
        if (c->status.state != TRANSPORT_OFFLINE)
            greet_again(c, failure->text);
        return;
    }
    if (r->protocol_version != PROTOCOL_VERSION) {
        log_error("hello: the manager speaks protocol version %u, not %d", r->protocol_version,
                  PROTOCOL_VERSION);
        greet_again(c, "the manager speaks another protocol version");
        return;
    }
    c->beat_ms = r->heartbeat_interval_ms;
    c->beat_ms = c->beat_ms < BEAT_MIN_MS ? BEAT_MIN_MS : c->beat_ms;
    c->beat_ms = c->beat_ms > BEAT_MAX_MS ? BEAT_MAX_MS : c->beat_ms;
    c->status.clock_ahead_ms = r->time_ms - clock_wall_ms();
    c->beats_unanswered = 0;
    c->was_online = true;
    loop_timer_start(c->loop, &c->beat_timer, c->beat_ms, beat, c);
    c->options.reports->confirm(c->options.reports->arg, r->stored_seq);
    set_state(c, TRANSPORT_ONLINE, "");
    report_sender_start(&c->reports, c->dealer);
}

static void say_hello(void *arg)
{
    struct transport_client *c = arg;
    const Hivecast__V1__Advertisement *ad = c->options.host->advertisement(c->options.host->arg);
    uint32_t versions[] = {PROTOCOL_VERSION};
    Hivecast__V1__HelloRequest hello = HIVECAST__V1__HELLO_REQUEST__INIT;
    hello.protocol_versions = versions;
    hello.n_protocol_versions = 1;
    /* protobuf-c knows no const; packing does not write. */
    hello.agent_version = (char *)(uintptr_t)c->options.agent_version;
    hello.boot_id = (char *)(uintptr_t)c->options.boot_id;
    hello.advertisement = (Hivecast__V1__Advertisement *)(uintptr_t)ad;
    hello.stream_id = c->options.reports->stream_id(c->options.reports->arg);
    struct error e = {0};
    if (call(c, "Hello", &hello.base, HELLO_TIMEOUT_MS, on_hello, &e) != ERR_OK)
        greet_again(c, e.text);
}

/* Heartbeats */

static void reopen(struct transport_client *c, const char *why);

/* Answers that mean: this manager has not heard our Hello (it was started anew). */
static bool must_greet(void *arg, const struct error *failure)
{
    struct transport_client *c = arg;
    if (failure->code != ERR_UNAUTHENTICATED && failure->code != ERR_CONFLICT)
        return false;
    if (c->status.state == TRANSPORT_ONLINE) {
        log_info("%s; saying Hello again", failure->text);
        greet_again(c, failure->text);
    }
    return true;
}

static void on_beat(void *arg, const struct error *failure, const ProtobufCMessage *body)
{
    struct transport_client *c = arg;
    if (failure != NULL) {
        if (!must_greet(c, failure))
            log_debug("heartbeat: %s", failure->text);
        return;
    }
    const Hivecast__V1__HeartbeatResponse *r = (const Hivecast__V1__HeartbeatResponse *)body;
    c->beats_unanswered = 0;
    c->hello_retry_ms = HELLO_RETRY_MS;
    c->status.clock_ahead_ms = r->time_ms - clock_wall_ms();
}

static void beat(void *arg)
{
    struct transport_client *c = arg;
    if (c->beats_unanswered >= BEATS_MISSED_MAX) {
        reopen(c, "the manager does not answer");
        return;
    }
    const Hivecast__V1__Advertisement *ad = c->options.host->advertisement(c->options.host->arg);
    Hivecast__V1__HeartbeatRequest request = HIVECAST__V1__HEARTBEAT_REQUEST__INIT;
    request.n_tasks = ad->n_tasks;
    request.tasks = ad->tasks;
    request.disk_free_bytes = ad->disk_free_bytes;
    c->beats_unanswered++;
    struct error e = {0};
    if (call(c, "Heartbeat", &request.base, BEATS_MISSED_MAX * c->beat_ms, on_beat, &e) != ERR_OK)
        log_debug("heartbeat: %s", e.text);
    loop_timer_start(c->loop, &c->beat_timer, c->beat_ms, beat, c);
}

/* What the manager calls */

static enum err handle(struct transport_client *c, const struct rpc_message *m, struct error *e)
{
    const struct transport_host *host = c->options.host;
    const struct transport_handler *handler = NULL;
    for (size_t i = 0; i < host->handler_count && m->service == RPC_AGENT; i++) {
        if (rpc_method(RPC_AGENT, host->handlers[i].method) == m->method)
            handler = &host->handlers[i];
    }
    if (handler == NULL)
        return error_set(e, ERR_UNSUPPORTED, "agents do not serve this method");
    ProtobufCMessage *body;
    enum err err = rpc_body(m, &body, e);
    if (err != ERR_OK)
        return err;
    err = handler->fn(host->arg, body, e);
    protobuf_c_message_free_unpacked(body, NULL);
    return err;
}

static void on_message(void *arg, struct rpc_message *m)
{
    struct transport_client *c = arg;
    if (m->kind == RPC_RESPONSE) {
        transport_calls_answer(&c->calls, m);
        return;
    }
    struct error e = {0};
    enum err err = handle(c, m, &e);
    if (err != ERR_OK)
        log_debug("%s: %s", rpc_method_name(m->service, m->method), e.text);
    /* Responses of the Agent service have no content: an empty body is the message. */
    const struct rpc_head head = {
        .call_id = m->call_id,
        .kind = RPC_RESPONSE,
        .service = m->service,
        .method = m->method,
        .failure = err != ERR_OK ? &e : NULL,
    };
    struct error failure = {0};
    if (m->kind == RPC_REQUEST && dealer_send(c->dealer, &head, NULL, &failure) != ERR_OK)
        log_debug("answer: %s", failure.text);
}

/* Connection */

static void on_up(void *arg)
{
    struct transport_client *c = arg;
    set_state(c, TRANSPORT_GREETING, "");
    greet_within(c, c->was_online ? HELLO_JITTER_MS : 0);
}

static void on_down(void *arg, const char *why)
{
    struct transport_client *c = arg;
    if (strcmp(why, c->status.why) != 0)
        log_info("offline: %s", why);
    stop_timers(c);
    set_state(c, TRANSPORT_OFFLINE, why);
    struct error e = {0};
    error_set(&e, ERR_UNAVAILABLE, "%s", why);
    transport_calls_fail(&c->calls, &e);
}

static const struct dealer_events events = {
    .up = on_up,
    .down = on_down,
    .message = on_message,
};

static void reopen(struct transport_client *c, const char *why)
{
    dealer_close(c->dealer, 0);
    c->dealer = NULL;
    on_down(c, why);
    struct error e = {0};
    if (transport_client_start(c, &e) == ERR_OK)
        return;
    log_error("%s", e.text);
    loop_timer_start(c->loop, &c->beat_timer, HELLO_RETRY_MAX_MS, beat, c);
}

enum err transport_client_new(const struct transport_options *options,
                              struct transport_client **out, struct error *e)
{
    struct transport_client *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for the transport client");
    c->options = *options;
    c->loop = options->dealer.loop;
    c->calls.loop = c->loop;
    report_sender_init(&c->reports, &c->calls, options->reports, must_greet, c);
    c->hello_retry_ms = HELLO_RETRY_MS;
    c->status.since_ms = clock_wall_ms();
    *out = c;
    return ERR_OK;
}

void transport_client_free(struct transport_client *c)
{
    if (c == NULL)
        return;
    dealer_close(c->dealer, 0);
    transport_calls_clear(&c->calls);
    stop_timers(c);
    free(c);
}

enum err transport_client_start(struct transport_client *c, struct error *e)
{
    return dealer_open(&c->options.dealer, &limits, &events, c, &c->dealer, e);
}

void transport_client_stop(struct transport_client *c)
{
    Hivecast__V1__GoodbyeRequest goodbye = HIVECAST__V1__GOODBYE_REQUEST__INIT;
    const struct rpc_head head = {
        .kind = RPC_NOTICE,
        .service = RPC_MANAGER,
        .method = rpc_method(RPC_MANAGER, "Goodbye"),
    };
    struct error e = {0};
    if (dealer_is_up(c->dealer) && dealer_send(c->dealer, &head, &goodbye.base, &e) != ERR_OK)
        log_debug("goodbye: %s", e.text);
    dealer_close(c->dealer, GOODBYE_LINGER_MS);
    c->dealer = NULL;
    stop_timers(c);
    transport_calls_clear(&c->calls);
    c->status.state = TRANSPORT_OFFLINE;
}

const struct transport_status *transport_client_status(const struct transport_client *c)
{
    return &c->status;
}

enum err transport_client_call(struct transport_client *c, const char *method,
                               const ProtobufCMessage *body, int64_t timeout_ms,
                               transport_reply_fn *fn, void *arg, struct error *e)
{
    struct rpc_head head = {
        .kind = RPC_REQUEST,
        .service = RPC_MANAGER,
        .method = rpc_method(RPC_MANAGER, method),
    };
    enum err err =
        transport_calls_add(&c->calls, head.method, timeout_ms, fn, arg, &head.call_id, e);
    if (err != ERR_OK)
        return err;
    err = dealer_send(c->dealer, &head, body, e);
    if (err != ERR_OK)
        transport_calls_remove(&c->calls, head.call_id);
    return err;
}

void transport_client_forget(struct transport_client *c, const void *arg)
{
    transport_calls_forget(&c->calls, arg);
}

void transport_client_report(struct transport_client *c)
{
    report_sender_wake(&c->reports);
}

void transport_client_beat(struct transport_client *c)
{
    if (c->status.state == TRANSPORT_ONLINE && c->beats_unanswered < BEATS_MISSED_MAX)
        loop_timer_start(c->loop, &c->beat_timer, 0, beat, c);
}
