/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <hivecast/v1/agent.pb-c.h>
#include <hivecast/v1/manager.pb-c.h>

#include "clock.h"
#include "fake_manager.h"

enum { FRAMES_MAX = 4, LONGEST_MESSAGE = 2 * 1024 * 1024 };

static void on_request(void *arg, short events);

static void bind_router(struct fake_manager *m, const char *endpoint)
{
    const int on = 1;
    const int none = 0;
    m->router = zmq_socket(m->zmq, ZMQ_ROUTER);
    assert_non_null(m->router);
    assert_int_equal(zmq_setsockopt(m->router, ZMQ_LINGER, &none, sizeof(none)), 0);
    assert_int_equal(zmq_setsockopt(m->router, ZMQ_CURVE_SERVER, &on, sizeof(on)), 0);
    assert_int_equal(zmq_setsockopt(m->router, ZMQ_CURVE_SECRETKEY, m->keys.secret_key, KEY_BYTES),
                     0);
    /* The last socket frees the address in the background. */
    int64_t end_ms = clock_monotonic_ms() + 10000;
    while (zmq_bind(m->router, endpoint) != 0)
        assert_true(zmq_errno() == EADDRINUSE && clock_monotonic_ms() < end_ms);
    size_t size = sizeof(m->endpoint);
    assert_int_equal(zmq_getsockopt(m->router, ZMQ_LAST_ENDPOINT, m->endpoint, &size), 0);
    assert_int_equal(
        loop_watch_socket(m->loop, &m->watch, m->router, ZMQ_POLLIN, on_request, m, NULL), ERR_OK);
}

void fake_manager_start(struct fake_manager *m, void *zmq, struct loop *loop)
{
    *m = (struct fake_manager){
        .zmq = zmq,
        .loop = loop,
        .heartbeat_ms = 60000,
        .protocol_version = 1,
        .chunks_until_cut = -1,
        .answer = ERR_INTERNAL,
    };
    char public_key[KEY_Z85_SIZE];
    char secret_key[KEY_Z85_SIZE];
    assert_int_equal(zmq_curve_keypair(public_key, secret_key), 0);
    assert_non_null(zmq_z85_decode(m->keys.public_key, public_key));
    assert_non_null(zmq_z85_decode(m->keys.secret_key, secret_key));
    zmq_msg_init(&m->route);
    bind_router(m, "tcp://127.0.0.1:*");
}

void fake_manager_cut(struct fake_manager *m)
{
    loop_watch_stop(&m->watch);
    zmq_close(m->router);
    m->router = NULL;
}

void fake_manager_return(struct fake_manager *m)
{
    char endpoint[sizeof(m->endpoint)];
    memcpy(endpoint, m->endpoint, sizeof(endpoint));
    bind_router(m, endpoint);
}

void fake_manager_stop(struct fake_manager *m)
{
    if (m->router != NULL)
        fake_manager_cut(m);
    zmq_msg_close(&m->route);
}

void fake_manager_config(const struct fake_manager *m, const struct key_pair *keys,
                         struct dealer_config *out)
{
    *out = (struct dealer_config){
        .zmq = m->zmq,
        .loop = m->loop,
        .endpoint = m->endpoint,
        .server_key = m->keys.public_key,
        .keys = keys,
    };
}

unsigned fake_manager_count(const struct fake_manager *m, const char *method)
{
    return m->counts[rpc_method(RPC_MANAGER, method)];
}

static void send_message(struct fake_manager *m, const struct rpc_head *head,
                         const ProtobufCMessage *body, const struct bytes *raw)
{
    zmq_msg_t frames[FRAMES_MAX];
    zmq_msg_t data;
    size_t count;
    zmq_msg_init(&frames[0]);
    assert_int_equal(zmq_msg_copy(&frames[0], &m->route), 0);
    if (raw != NULL) {
        assert_int_equal(zmq_msg_init_size(&data, raw->size), 0);
        if (raw->size > 0)
            memcpy(zmq_msg_data(&data), raw->data, raw->size);
    }
    assert_int_equal(rpc_pack(head, body, raw != NULL ? &data : NULL, frames + 1, &count, NULL),
                     ERR_OK);
    assert_int_equal(rpc_send(m->router, frames, 1 + count, NULL), ERR_OK);
}

static void reply(struct fake_manager *m, const struct rpc_message *to,
                  const ProtobufCMessage *body, const struct bytes *raw)
{
    const struct rpc_head head = {
        .call_id = to->call_id,
        .kind = RPC_RESPONSE,
        .service = RPC_MANAGER,
        .method = to->method,
    };
    send_message(m, &head, body, raw);
}

static void on_hello(struct fake_manager *m, const struct rpc_message *q,
                     const ProtobufCMessage *body)
{
    const Hivecast__V1__HelloRequest *hello = (const Hivecast__V1__HelloRequest *)body;
    snprintf(m->agent_id, sizeof(m->agent_id), "%s", hello->advertisement->id);
    m->status_count = (unsigned)hello->advertisement->n_tasks;
    Hivecast__V1__HelloResponse r = HIVECAST__V1__HELLO_RESPONSE__INIT;
    r.protocol_version = m->protocol_version;
    r.heartbeat_interval_ms = m->heartbeat_ms;
    r.time_ms = clock_wall_ms() + 5000;
    r.stored_seq = m->stored_seq;
    reply(m, q, &r.base, NULL);
}

static void on_heartbeat(struct fake_manager *m, const struct rpc_message *q,
                         const ProtobufCMessage *body)
{
    m->status_count = (unsigned)((const Hivecast__V1__HeartbeatRequest *)body)->n_tasks;
    Hivecast__V1__HeartbeatResponse r = HIVECAST__V1__HEARTBEAT_RESPONSE__INIT;
    r.time_ms = clock_wall_ms();
    reply(m, q, &r.base, NULL);
}

static void on_report(struct fake_manager *m, const struct rpc_message *q,
                      const ProtobufCMessage *body)
{
    const Hivecast__V1__ReportRequest *report = (const Hivecast__V1__ReportRequest *)body;
    m->first_seq = report->first_seq;
    m->report_count = report->n_reports;
    m->stored_seq = report->first_seq + report->n_reports - 1;
    Hivecast__V1__ReportResponse r = HIVECAST__V1__REPORT_RESPONSE__INIT;
    r.stored_seq = m->stored_seq;
    reply(m, q, &r.base, NULL);
}

static void on_fetch_task(struct fake_manager *m, const struct rpc_message *q,
                          const ProtobufCMessage *body)
{
    (void)body;
    Hivecast__V1__FetchTaskResponse r = HIVECAST__V1__FETCH_TASK_RESPONSE__INIT;
    reply(m, q, &r.base, NULL);
}

static void on_goodbye(struct fake_manager *m, const struct rpc_message *q,
                       const ProtobufCMessage *body)
{
    (void)m;
    (void)body;
    assert_int_equal(q->kind, RPC_NOTICE);
}

static void on_fetch_manifest(struct fake_manager *m, const struct rpc_message *q,
                              const ProtobufCMessage *body)
{
    uint64_t offset = ((const Hivecast__V1__FetchManifestRequest *)body)->offset;
    assert_true(offset < m->package->manifest.size);
    size_t left = m->package->manifest.size - offset;
    const struct bytes piece = {
        .data = m->package->manifest.data + offset,
        .size = left < MANIFEST_PIECE ? left : MANIFEST_PIECE,
    };
    Hivecast__V1__FetchManifestResponse r = HIVECAST__V1__FETCH_MANIFEST_RESPONSE__INIT;
    r.offset = offset;
    r.total_size = m->package->manifest.size;
    reply(m, q, &r.base, &piece);
}

static void send_chunk(struct fake_manager *m, const struct rpc_message *q, uint64_t index)
{
    struct bytes sealed = {0};
    const struct bytes *from = &m->package->sealed[index];
    assert_int_equal(bytes_append(&sealed, from->data, from->size, NULL), ERR_OK);
    if (index == m->damaged_chunk && m->damages > 0) {
        m->damages--;
        sealed.data[sealed.size / 2] ^= 1;
    }
    Hivecast__V1__FetchChunksResponse r = HIVECAST__V1__FETCH_CHUNKS_RESPONSE__INIT;
    r.index = index;
    reply(m, q, &r.base, &sealed);
    bytes_clear(&sealed);
    m->chunks_sent++;
}

static void on_fetch_chunks(struct fake_manager *m, const struct rpc_message *q,
                            const ProtobufCMessage *body)
{
    const Hivecast__V1__FetchChunksRequest *r = (const Hivecast__V1__FetchChunksRequest *)body;
    assert_true(r->first + r->count <= m->package->chunk_count);
    assert_true(r->count <= CHUNK_REQUEST_MAX);
    if (r->count > m->chunk_requests_max)
        m->chunk_requests_max = r->count;
    for (uint32_t i = 0; i < r->count && m->router != NULL; i++) {
        if (m->chunks_until_cut == 0) {
            m->chunks_until_cut = -1;
            fake_manager_cut(m);
            return;
        }
        m->chunks_until_cut -= m->chunks_until_cut > 0 ? 1 : 0;
        send_chunk(m, q, r->first + i);
    }
}

typedef void method_fn(struct fake_manager *m, const struct rpc_message *q,
                       const ProtobufCMessage *body);
static method_fn *const methods[] = {
    on_hello,   on_heartbeat,      on_report,       on_fetch_task,
    on_goodbye, on_fetch_manifest, on_fetch_chunks,
};

static bool fails(struct fake_manager *m, const struct rpc_message *q)
{
    if (m->failures == 0 || (m->failure_method != 0 && m->failure_method != q->method))
        return false;
    m->failures--;
    struct error e = {.code = m->failure, .text = "the test wants it so"};
    const struct rpc_head head = {
        .call_id = q->call_id,
        .kind = RPC_RESPONSE,
        .service = RPC_MANAGER,
        .method = q->method,
        .failure = &e,
    };
    send_message(m, &head, NULL, NULL);
    return true;
}

static void handle(struct fake_manager *m, const struct rpc_message *q)
{
    if (q->kind == RPC_RESPONSE) {
        m->answer = q->failure.code;
        m->answers++;
        return;
    }
    assert_int_equal(q->service, RPC_MANAGER);
    m->counts[q->method]++;
    if (m->is_silent || fails(m, q))
        return;
    ProtobufCMessage *body;
    assert_int_equal(rpc_body(q, &body, NULL), ERR_OK);
    methods[q->method - 1](m, q, body);
    protobuf_c_message_free_unpacked(body, NULL);
}

static void on_request(void *arg, short events)
{
    (void)events;
    struct fake_manager *m = arg;
    zmq_msg_t frames[FRAMES_MAX];
    size_t count;
    if (rpc_receive(m->router, frames, FRAMES_MAX, LONGEST_MESSAGE, &count, NULL) != ERR_OK)
        return;
    struct rpc_message q;
    assert_int_equal(rpc_parse(frames + 1, count - 1, &q, NULL), ERR_OK);
    assert_int_equal(zmq_msg_copy(&m->route, &frames[0]), 0);
    for (size_t i = 0; i < count; i++)
        zmq_msg_close(&frames[i]);
    handle(m, &q);
    rpc_message_clear(&q);
}

void fake_manager_call(struct fake_manager *m, enum rpc_kind kind, const char *method,
                       const ProtobufCMessage *body)
{
    const struct rpc_head head = {
        .call_id = ++m->last_call_id,
        .kind = kind,
        .service = RPC_AGENT,
        .method = rpc_method(RPC_AGENT, method),
    };
    send_message(m, &head, body, NULL);
}
