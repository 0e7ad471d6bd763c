/* SPDX-License-Identifier: Apache-2.0 */
#include "swarm_agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "hivecast/v1/agent.pb-c.h"
#include "hivecast/v1/manager.pb-c.h"
#include "rpc.h"

enum { OUTPUT_SIZE = 112, LINES_MAX = 2000 };

static char text_empty[] = "";
static char text_arch[] = "amd64";
static char text_os[] = "linux";
static char text_tag[] = "simulated";
static char text_version[] = "swarm";
static char text_command[] = "while true; do work; done";

static void must(enum err err, const struct error *e)
{
    if (err != ERR_OK) {
        fprintf(stderr, "swarm: %s\n", e->text);
        _exit(1);
    }
}

static void call(struct swarm_agent *a, const char *method, const ProtobufCMessage *body)
{
    struct error e;
    struct rpc_head head = {
        .call_id = a->next_call++,
        .kind = RPC_REQUEST,
        .service = RPC_MANAGER,
        .method = rpc_method(RPC_MANAGER, method),
    };
    zmq_msg_t frames[3];
    size_t count;
    must(rpc_pack(&head, body, NULL, frames, &count, &e), &e);
    must(rpc_send(a->socket, frames, count, &e), &e);
}

static void say_hello(struct swarm_agent *a)
{
    uint32_t version = 1;
    char *tags[] = {text_arch, text_os, text_tag};
    Hivecast__V1__Advertisement advertisement = HIVECAST__V1__ADVERTISEMENT__INIT;
    advertisement.id = a->id;
    advertisement.n_tags = 3;
    advertisement.tags = tags;
    advertisement.architecture = text_arch;
    advertisement.os = text_os;
    Hivecast__V1__HelloRequest hello = HIVECAST__V1__HELLO_REQUEST__INIT;
    hello.n_protocol_versions = 1;
    hello.protocol_versions = &version;
    hello.agent_version = text_version;
    hello.boot_id = text_empty;
    hello.advertisement = &advertisement;
    hello.stream_id = a->stream_id;
    call(a, "Hello", &hello.base);
}

static void watch_connection(struct swarm_agent *a, const struct swarm_config *c)
{
    char address[64];
    snprintf(address, sizeof(address), "inproc://monitor-%s", a->id);
    a->monitor = zmq_socket(c->context, ZMQ_PAIR);
    if (a->monitor == NULL || zmq_socket_monitor(a->socket, address, ZMQ_EVENT_DISCONNECTED) != 0 ||
        zmq_connect(a->monitor, address) != 0) {
        fprintf(stderr, "swarm: monitor of %s: %s\n", a->id, zmq_strerror(zmq_errno()));
        _exit(1);
    }
}

void swarm_agent_start(struct swarm_agent *a, const struct swarm_config *c)
{
    a->next_seq = 1;
    a->next_call = 1;
    a->noise = a->stream_id * UINT64_C(0x9e3779b97f4a7c15);
    a->socket = zmq_socket(c->context, ZMQ_DEALER);
    int patience_ms = 120000, linger = 0, interval_ms = 100, most_ms = 2000, depth = 16;
    bool ok =
        a->socket != NULL &&
        zmq_setsockopt(a->socket, ZMQ_CURVE_SERVERKEY, c->server_key, KEY_BYTES) == 0 &&
        zmq_setsockopt(a->socket, ZMQ_CURVE_PUBLICKEY, a->keys.public_key, KEY_BYTES) == 0 &&
        zmq_setsockopt(a->socket, ZMQ_CURVE_SECRETKEY, a->keys.secret_key, KEY_BYTES) == 0 &&
        zmq_setsockopt(a->socket, ZMQ_HANDSHAKE_IVL, &patience_ms, sizeof(patience_ms)) == 0 &&
        zmq_setsockopt(a->socket, ZMQ_LINGER, &linger, sizeof(linger)) == 0 &&
        zmq_setsockopt(a->socket, ZMQ_RECONNECT_IVL, &interval_ms, sizeof(interval_ms)) == 0 &&
        zmq_setsockopt(a->socket, ZMQ_RECONNECT_IVL_MAX, &most_ms, sizeof(most_ms)) == 0 &&
        zmq_setsockopt(a->socket, ZMQ_SNDHWM, &depth, sizeof(depth)) == 0 &&
        zmq_connect(a->socket, c->control) == 0;
    if (!ok) {
        fprintf(stderr, "swarm: %s: %s\n", a->id, zmq_strerror(zmq_errno()));
        _exit(1);
    }
    watch_connection(a, c);
    a->next_heartbeat_ms = clock_monotonic_ms() + patience_ms;
    say_hello(a);
}

static void acknowledge(struct swarm_agent *a, const Hivecast__V1__TaskState *states, size_t count)
{
    Hivecast__V1__Acknowledgement acks[3];
    Hivecast__V1__Report reports[3];
    Hivecast__V1__Report *list[3];
    for (size_t i = 0; i < count; i++) {
        hivecast__v1__acknowledgement__init(&acks[i]);
        acks[i].task_id = a->task_id;
        acks[i].state = states[i];
        if (states[i] == HIVECAST__V1__TASK_STATE__TASK_STATE_SUCCEEDED)
            acks[i].run_state = HIVECAST__V1__RUN_STATE__RUN_STATE_NONE;
        hivecast__v1__report__init(&reports[i]);
        reports[i].time_ms = clock_wall_ms();
        reports[i].what_case = HIVECAST__V1__REPORT__WHAT_ACKNOWLEDGEMENT;
        reports[i].acknowledgement = &acks[i];
        list[i] = &reports[i];
    }
    Hivecast__V1__ReportRequest request = HIVECAST__V1__REPORT_REQUEST__INIT;
    request.stream_id = a->stream_id;
    request.first_seq = a->next_seq;
    request.n_reports = count;
    request.reports = list;
    call(a, "Report", &request.base);
    a->next_seq += count;
    a->unconfirmed += count;
    a->task_reports += (unsigned)count;
}

/* What a drone might say: about 80 bytes, words of very different frequency. */
static void write_line(struct swarm_agent *a, char out[static OUTPUT_SIZE])
{
    static const char *const modes[] = {"search", "search", "search", "search",
                                        "search", "search", "return", "hover"};
    static const char *const notes[] = {"ok",       "ok",          "ok",
                                        "gps lost", "battery low", "collision avoided"};
    /* xorshift64, Marsaglia 2003: fast and repeatable. */
    a->noise ^= a->noise << 13;
    a->noise ^= a->noise >> 7;
    a->noise ^= a->noise << 17;
    unsigned r = (unsigned)(a->noise >> 32);
    unsigned note = r % 1000 < 995 ? r % 3 : 3 + r % 3;
    snprintf(out, OUTPUT_SIZE,
             "position 50.%04u 6.%04u altitude %u.%u mode %s waypoint w%u neighbours %u %s",
             r % 10000, r / 7 % 10000, r % 120, r % 10, modes[r / 16 % 8], r / 64 % 500, r % 9,
             notes[note]);
}

static void send_logs(struct swarm_agent *a, unsigned count)
{
    static char outputs[LINES_MAX][OUTPUT_SIZE];
    if (count > LINES_MAX)
        count = LINES_MAX;
    Hivecast__V1__LogLine *lines = calloc(count, sizeof(*lines));
    static Hivecast__V1__LogLine *list[LINES_MAX];
    if (lines == NULL)
        must(ERR_NO_MEMORY, &(struct error){.text = "no memory for log lines"});
    int64_t now_ms = clock_wall_ms();
    for (unsigned i = 0; i < count; i++) {
        hivecast__v1__log_line__init(&lines[i]);
        lines[i].time_ms = now_ms;
        write_line(a, outputs[i]);
        lines[i].output = outputs[i];
        list[i] = &lines[i];
    }
    Hivecast__V1__Log log = HIVECAST__V1__LOG__INIT;
    log.stage = HIVECAST__V1__STAGE__STAGE_TERMINAL;
    log.command = text_command;
    log.n_lines = count;
    log.lines = list;
    Hivecast__V1__Report report = HIVECAST__V1__REPORT__INIT;
    report.time_ms = now_ms;
    report.what_case = HIVECAST__V1__REPORT__WHAT_LOG;
    report.log = &log;
    Hivecast__V1__Report *reports[] = {&report};
    Hivecast__V1__ReportRequest request = HIVECAST__V1__REPORT_REQUEST__INIT;
    request.stream_id = a->stream_id;
    request.first_seq = a->next_seq++;
    request.n_reports = 1;
    request.reports = reports;
    call(a, "Report", &request.base);
    a->unconfirmed++;
    free(lines);
}

static void on_announce(struct swarm_agent *a, const struct rpc_message *m)
{
    struct error e;
    ProtobufCMessage *body;
    must(rpc_body(m, &body, &e), &e);
    const Hivecast__V1__AnnounceRequest *announce = (const Hivecast__V1__AnnounceRequest *)body;
    if (announce->announcement != NULL &&
        strcmp(a->task_id, announce->announcement->task_id) != 0) {
        snprintf(a->task_id, sizeof(a->task_id), "%s", announce->announcement->task_id);
        static const Hivecast__V1__TaskState accepted[] = {
            HIVECAST__V1__TASK_STATE__TASK_STATE_ACCEPTED};
        acknowledge(a, accepted, 1);
        Hivecast__V1__FetchTaskRequest fetch = HIVECAST__V1__FETCH_TASK_REQUEST__INIT;
        fetch.task_id = a->task_id;
        call(a, "FetchTask", &fetch.base);
    }
    protobuf_c_message_free_unpacked(body, NULL);
}

static void on_hello(struct swarm_agent *a, const struct swarm_config *c,
                     const struct rpc_message *m)
{
    struct error e;
    ProtobufCMessage *body;
    must(rpc_body(m, &body, &e), &e);
    const Hivecast__V1__HelloResponse *hello = (const Hivecast__V1__HelloResponse *)body;
    a->heartbeat_ms = hello->heartbeat_interval_ms;
    a->next_heartbeat_ms = clock_monotonic_ms() + a->heartbeat_ms;
    a->next_seq = hello->stored_seq + 1;
    a->unconfirmed = 0;
    protobuf_c_message_free_unpacked(body, NULL);
    if (!a->is_connected)
        c->totals->connected++;
    a->is_connected = true;
    if (a->wants_logs)
        send_logs(a, c->lines_per_batch);
}

static void on_report(struct swarm_agent *a, const struct swarm_config *c)
{
    a->unconfirmed = 0;
    if (a->wants_logs) {
        c->totals->lines += c->lines_per_batch;
        send_logs(a, c->lines_per_batch);
    } else if (a->task_reports >= 4) {
        c->totals->succeeded++;
        a->task_reports = 0;
    }
}

static void on_response(struct swarm_agent *a, const struct swarm_config *c,
                        const struct rpc_message *m)
{
    const char *method = rpc_method_name(RPC_MANAGER, m->method);
    if (m->failure.code != ERR_OK) {
        /* The manager was restarted: introduce ourselves again. */
        if (m->failure.code == ERR_UNAUTHENTICATED)
            say_hello(a);
        else
            must(m->failure.code, &m->failure);
    } else if (strcmp(method, "Hello") == 0) {
        on_hello(a, c, m);
    } else if (strcmp(method, "Report") == 0) {
        on_report(a, c);
    } else if (strcmp(method, "FetchTask") == 0) {
        static const Hivecast__V1__TaskState done[] = {
            HIVECAST__V1__TASK_STATE__TASK_STATE_INSTALLING,
            HIVECAST__V1__TASK_STATE__TASK_STATE_ACTIVATING,
            HIVECAST__V1__TASK_STATE__TASK_STATE_SUCCEEDED,
        };
        acknowledge(a, done, 3);
    }
}

/* The connection was lost: Hello waits in the socket until ZeroMQ has made a new one. */
static void handle_monitor(struct swarm_agent *a, const struct swarm_config *c)
{
    bool is_lost = false;
    char ignored[256];
    while (zmq_recv(a->monitor, ignored, sizeof(ignored), ZMQ_DONTWAIT) >= 0)
        is_lost = true;
    if (!is_lost)
        return;
    c->totals->connected -= a->is_connected;
    a->is_connected = false;
    say_hello(a);
}

void swarm_agent_handle(struct swarm_agent *a, const struct swarm_config *c)
{
    handle_monitor(a, c);
    for (;;) {
        struct error e;
        zmq_msg_t frames[3];
        size_t count;
        enum err err = rpc_receive(a->socket, frames, 3, CONTROL_MESSAGE_MAX, &count, &e);
        if (err == ERR_UNAVAILABLE)
            return;
        must(err, &e);
        struct rpc_message m;
        must(rpc_parse(frames, count, &m, &e), &e);
        if (m.kind == RPC_RESPONSE)
            on_response(a, c, &m);
        else if (m.service == RPC_AGENT && m.method == rpc_method(RPC_AGENT, "Announce"))
            on_announce(a, &m);
        rpc_message_clear(&m);
    }
}

void swarm_agent_tick(struct swarm_agent *a, int64_t now_ms)
{
    if (!a->is_connected || now_ms < a->next_heartbeat_ms)
        return;
    Hivecast__V1__HeartbeatRequest beat = HIVECAST__V1__HEARTBEAT_REQUEST__INIT;
    call(a, "Heartbeat", &beat.base);
    a->next_heartbeat_ms = now_ms + a->heartbeat_ms;
}
