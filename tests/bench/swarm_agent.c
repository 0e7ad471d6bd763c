/* SPDX-License-Identifier: Apache-2.0 */
#include "swarm_agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "hivecast/v1/agent.pb-c.h"
#include "hivecast/v1/manager.pb-c.h"
#include "rpc.h"

enum { OUTPUT_BYTES = 80 };

static char text_empty[] = "";
static char text_arch[] = "amd64";
static char text_os[] = "linux";
static char text_tag[] = "simulated"; /* as registered: tags that are no longer advertised go */
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

void swarm_agent_start(struct swarm_agent *a, const struct swarm_config *c)
{
    a->next_seq = 1;
    a->next_call = 1;
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

static void send_logs(struct swarm_agent *a, unsigned count)
{
    static char output[OUTPUT_BYTES + 1] =
        "position 50.7753 6.0839 altitude 42.0 battery 0.87 mode search neighbours 12 ok";
    Hivecast__V1__LogLine *lines = calloc(count, sizeof(*lines));
    Hivecast__V1__LogLine **list = calloc(count, sizeof(*list));
    if (lines == NULL || list == NULL)
        must(ERR_NO_MEMORY, &(struct error){.text = "no memory for log lines"});
    int64_t now_ms = clock_wall_ms();
    for (unsigned i = 0; i < count; i++) {
        hivecast__v1__log_line__init(&lines[i]);
        lines[i].time_ms = now_ms;
        lines[i].output = output;
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
    free(list);
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

unsigned swarm_agent_handle(struct swarm_agent *a, const struct swarm_config *c)
{
    unsigned handled = 0;
    struct error e;
    for (;; handled++) {
        zmq_msg_t frames[3];
        size_t count;
        enum err err = rpc_receive(a->socket, frames, 3, CONTROL_MESSAGE_MAX, &count, &e);
        if (err == ERR_UNAVAILABLE)
            return handled;
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

void swarm_agent_tick(struct swarm_agent *a, const struct swarm_config *c, int64_t now_ms)
{
    (void)c;
    if (!a->is_connected || now_ms < a->next_heartbeat_ms)
        return;
    Hivecast__V1__HeartbeatRequest beat = HIVECAST__V1__HEARTBEAT_REQUEST__INIT;
    call(a, "Heartbeat", &beat.base);
    a->next_heartbeat_ms = now_ms + a->heartbeat_ms;
}
