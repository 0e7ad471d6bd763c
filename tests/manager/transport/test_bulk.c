/* SPDX-License-Identifier: Apache-2.0 */
/* Who is sent manifests and chunks, how many at a time, and that one peer does not hold up another.
 */
#include "server_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "fake_packages.h"

struct bulk {
    struct device device;
    struct wire_client client;
    char task_id[TASK_ID_SIZE];
};

static struct bulk make_bulk(struct fixture *f, const char *id, const char *package_id)
{
    struct bulk b = {.device = fixture_register(f, id)};
    fixture_deploy(f, id, package_id, b.task_id);
    fixture_connect_bulk(f, &b.device, &b.client);
    return b;
}

static uint32_t ask_chunks(struct bulk *b, uint64_t first, uint32_t count)
{
    Hivecast__V1__FetchChunksRequest request = HIVECAST__V1__FETCH_CHUNKS_REQUEST__INIT;
    request.task_id = b->task_id;
    request.first = first;
    request.count = count;
    return wire_client_send(&b->client, "FetchChunks", &request.base);
}

static void expect_chunk(struct bulk *b, uint32_t call_id, uint64_t index)
{
    struct rpc_message m;
    assert_true(wire_client_receive(&b->client, &m, WIRE_WAIT_MS));
    assert_int_equal(m.failure.code, ERR_OK);
    assert_int_equal(m.call_id, call_id);
    ProtobufCMessage *body = NULL;
    assert_int_equal(rpc_body(&m, &body, NULL), ERR_OK);
    assert_int_equal(((const Hivecast__V1__FetchChunksResponse *)(const void *)body)->index, index);
    protobuf_c_message_free_unpacked(body, NULL);
    assert_int_equal(zmq_msg_size(&m.raw), FAKE_CHUNK_BYTES);
    const uint8_t *bytes = zmq_msg_data(&m.raw);
    assert_int_equal(bytes[0], fake_chunk_byte(index));
    assert_int_equal(bytes[FAKE_CHUNK_BYTES - 1], fake_chunk_byte(index));
    rpc_message_clear(&m);
}

static void expect_failure(struct bulk *b, uint32_t call_id, enum err code)
{
    struct rpc_message m;
    assert_true(wire_client_receive(&b->client, &m, WIRE_WAIT_MS));
    assert_int_equal(m.call_id, call_id);
    assert_int_equal(m.failure.code, code);
    rpc_message_clear(&m);
}

static void chunks_come_one_by_one(void **state)
{
    struct fixture *f = *state;
    struct bulk b = make_bulk(f, "drone-1", "package");
    uint32_t first = ask_chunks(&b, 3, 16);
    uint32_t second = ask_chunks(&b, 900, 2);
    for (uint64_t i = 0; i < 16; i++)
        expect_chunk(&b, first, 3 + i);
    expect_chunk(&b, second, 900);
    expect_chunk(&b, second, 901);
    wire_client_close(&b.client);
}

static void a_manifest_comes_in_pieces(void **state)
{
    struct fixture *f = *state;
    struct bulk b = make_bulk(f, "drone-1", "package");
    Hivecast__V1__FetchManifestRequest request = HIVECAST__V1__FETCH_MANIFEST_REQUEST__INIT;
    request.task_id = b.task_id;
    request.offset = MANIFEST_PIECE;
    uint32_t call_id = wire_client_send(&b.client, "FetchManifest", &request.base);
    struct rpc_message m;
    assert_true(wire_client_receive(&b.client, &m, WIRE_WAIT_MS));
    assert_int_equal(m.call_id, call_id);
    assert_int_equal(zmq_msg_size(&m.raw), FAKE_MANIFEST_BYTES - MANIFEST_PIECE);
    rpc_message_clear(&m);
    request.offset = 1;
    call_id = wire_client_send(&b.client, "FetchManifest", &request.base);
    expect_failure(&b, call_id, ERR_INVALID);
    request.offset = MANIFEST_PIECE * 100;
    call_id = wire_client_send(&b.client, "FetchManifest", &request.base);
    expect_failure(&b, call_id, ERR_NOT_FOUND);
    wire_client_close(&b.client);
}

static void requests_beyond_the_limits_are_refused(void **state)
{
    struct fixture *f = *state;
    struct bulk b = make_bulk(f, "drone-1", "package");
    expect_failure(&b, ask_chunks(&b, 0, 0), ERR_INVALID);
    expect_failure(&b, ask_chunks(&b, 0, CHUNK_REQUEST_MAX + 1), ERR_INVALID);
    expect_failure(&b, ask_chunks(&b, UINT64_MAX, 2), ERR_INVALID);
    uint32_t call_id = ask_chunks(&b, FAKE_CHUNKS - 1, 2);
    expect_chunk(&b, call_id, FAKE_CHUNKS - 1);
    expect_failure(&b, call_id, ERR_NOT_FOUND);
    Hivecast__V1__HeartbeatRequest heartbeat = HIVECAST__V1__HEARTBEAT_REQUEST__INIT;
    assert_int_equal(wire_client_call(&b.client, "Heartbeat", &heartbeat.base, NULL),
                     ERR_UNSUPPORTED);
    expect_chunk(&b, ask_chunks(&b, 0, 1), 0);
    wire_client_close(&b.client);
}

static void only_entitled_targets_are_served(void **state)
{
    struct fixture *f = *state;
    struct bulk owner = make_bulk(f, "drone-1", "package");
    struct bulk other = make_bulk(f, "drone-2", NULL);
    expect_failure(&other, ask_chunks(&other, 0, 1), ERR_NOT_FOUND); /* a task without files */
    memcpy(other.task_id, owner.task_id, sizeof(other.task_id));
    expect_failure(&other, ask_chunks(&other, 0, 1), ERR_FORBIDDEN);
    expect_chunk(&owner, ask_chunks(&owner, 0, 1), 0);
    fixture_stop_task(f, owner.task_id);
    expect_failure(&owner, ask_chunks(&owner, 0, 1), ERR_FORBIDDEN);
    wire_client_close(&owner.client);
    wire_client_close(&other.client);
}

static void too_many_requests_at_once_are_throttled(void **state)
{
    struct fixture *f = *state;
    struct bulk b = make_bulk(f, "drone-1", "package");
    enum { REQUESTS = 16 };
    for (int i = 0; i < REQUESTS; i++)
        (void)ask_chunks(&b, 0, CHUNK_REQUEST_MAX);
    size_t throttled = 0;
    size_t chunks = 0;
    while (chunks + throttled * CHUNK_REQUEST_MAX < REQUESTS * CHUNK_REQUEST_MAX) {
        struct rpc_message m;
        assert_true(wire_client_receive(&b.client, &m, WIRE_WAIT_MS));
        if (m.failure.code == ERR_OK)
            chunks++;
        else
            throttled++;
        assert_true(m.failure.code == ERR_OK || m.failure.code == ERR_THROTTLED);
        rpc_message_clear(&m);
    }
    assert_true(throttled > 0);
    assert_int_equal(chunks % CHUNK_REQUEST_MAX, 0);
    wire_client_close(&b.client);
}

static void peers_that_do_not_read_hold_up_nobody(void **state)
{
    struct fixture *f = *state;
    enum { SLEEPERS = 20, ROUNDS = 20 };
    struct bulk sleepers[SLEEPERS];
    for (int i = 0; i < SLEEPERS; i++) {
        char id[ID_SIZE];
        (void)snprintf(id, sizeof(id), "sleeper-%d", i);
        sleepers[i] = make_bulk(f, id, "package");
        for (int k = 0; k < 4; k++)
            (void)ask_chunks(&sleepers[i], 0, CHUNK_REQUEST_MAX);
    }
    struct bulk b = make_bulk(f, "drone-1", "package");
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t call_id = ask_chunks(&b, (uint64_t)i * 16, 16);
        for (uint64_t k = 0; k < 16; k++)
            expect_chunk(&b, call_id, (uint64_t)i * 16 + k);
    }
    for (int i = 0; i < SLEEPERS; i++)
        wire_client_close(&sleepers[i].client);
    wire_client_close(&b.client);
}

static void garbage_and_giants_leave_the_server_serving(void **state)
{
    struct fixture *f = *state;
    struct bulk b = make_bulk(f, "drone-1", "package");
    static const uint8_t garbage[] = {0xff, 0xff, 0xff, 0xff};
    static const char giant[64 * 1024];
    wire_client_send_bytes(&b.client, garbage, sizeof(garbage), garbage, sizeof(garbage));
    wire_client_send_bytes(&b.client, "", 0, "", 0);
    assert_int_equal(zmq_send(b.client.socket, "one", 3, 0), 3);
    expect_chunk(&b, ask_chunks(&b, 5, 1), 5);
    assert_int_equal(zmq_send(b.client.socket, giant, sizeof(giant), 0), (int)sizeof(giant));
    assert_true(wire_client_wait_event(&b.client, ZMQ_EVENT_DISCONNECTED, WIRE_WAIT_MS));
    expect_chunk(&b, ask_chunks(&b, 6, 1), 6);
    wire_client_close(&b.client);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(chunks_come_one_by_one),
        TEST(a_manifest_comes_in_pieces),
        TEST(requests_beyond_the_limits_are_refused),
        TEST(only_entitled_targets_are_served),
        TEST(too_many_requests_at_once_are_throttled),
        TEST(peers_that_do_not_read_hold_up_nobody),
        TEST(garbage_and_giants_leave_the_server_serving),
    };
    return cmocka_run_group_tests_name("bulk", tests, NULL, NULL);
}
