/* SPDX-License-Identifier: Apache-2.0 */
/* Messages travel over an inproc DEALER and ROUTER; hostile ones are made frame by frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <hivecast/v1/agent.pb-c.h>
#include <hivecast/v1/manager.pb-c.h>

#include "rpc.h"

struct fixture {
    void *context;
    void *router;
    void *dealer;
};

static struct fixture fixture;

static int setup(void **state)
{
    *state = &fixture;
    fixture.context = zmq_ctx_new();
    fixture.router = zmq_socket(fixture.context, ZMQ_ROUTER);
    fixture.dealer = zmq_socket(fixture.context, ZMQ_DEALER);
    int on = 1;
    zmq_setsockopt(fixture.router, ZMQ_ROUTER_MANDATORY, &on, sizeof(on));
    return zmq_bind(fixture.router, "inproc://rpc") != 0 ||
           zmq_connect(fixture.dealer, "inproc://rpc") != 0;
}

static int teardown(void **state)
{
    (void)state;
    int linger = 0;
    zmq_setsockopt(fixture.router, ZMQ_LINGER, &linger, sizeof(linger));
    zmq_setsockopt(fixture.dealer, ZMQ_LINGER, &linger, sizeof(linger));
    return zmq_close(fixture.router) + zmq_close(fixture.dealer) + zmq_ctx_term(fixture.context);
}

static void frame_of(zmq_msg_t *frame, const void *data, size_t size)
{
    assert_int_equal(zmq_msg_init_size(frame, size), 0);
    if (size > 0)
        memcpy(zmq_msg_data(frame), data, size);
}

/* Parses an envelope of these bytes with an empty body. */
static enum err parse_envelope(const void *data, size_t size, struct rpc_message *out)
{
    zmq_msg_t frames[2];
    frame_of(&frames[0], data, size);
    frame_of(&frames[1], "", 0);
    enum err err = rpc_parse(frames, 2, out, NULL);
    zmq_msg_close(&frames[0]);
    zmq_msg_close(&frames[1]);
    return err;
}

static void methods_are_numbered_by_their_place(void **state)
{
    (void)state;
    assert_int_equal(rpc_method(RPC_MANAGER, "Hello"), 1);
    assert_int_equal(rpc_method(RPC_MANAGER, "FetchChunks"), 7);
    assert_int_equal(rpc_method(RPC_AGENT, "Announce"), 1);
    assert_string_equal(rpc_method_name(RPC_AGENT, 2), "Stop");
    assert_string_equal(rpc_method_name(RPC_AGENT, 0), "?");
    assert_string_equal(rpc_method_name(RPC_AGENT, 99), "?");
    assert_null(rpc_input((enum rpc_service)3, 1));
    assert_ptr_equal(rpc_input(RPC_MANAGER, 1), &hivecast__v1__hello_request__descriptor);
    assert_ptr_equal(rpc_output(RPC_MANAGER, 1), &hivecast__v1__hello_response__descriptor);
}

static void a_request_arrives_as_it_was_sent(void **state)
{
    struct fixture *f = *state;
    Hivecast__V1__FetchTaskRequest request = HIVECAST__V1__FETCH_TASK_REQUEST__INIT;
    char id[] = "brave-otter";
    request.task_id = id;
    struct rpc_head head = {.call_id = 7,
                            .kind = RPC_REQUEST,
                            .service = RPC_MANAGER,
                            .method = rpc_method(RPC_MANAGER, "FetchTask")};
    zmq_msg_t frames[4];
    size_t count = 0;
    assert_int_equal(rpc_pack(&head, &request.base, NULL, frames, &count, NULL), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(rpc_send(f->dealer, frames, count, NULL), ERR_OK);

    assert_int_equal(rpc_receive(f->router, frames, 4, 1000, &count, NULL), ERR_OK);
    assert_int_equal(count, 3);
    struct rpc_message m;
    assert_int_equal(rpc_parse(frames + 1, count - 1, &m, NULL), ERR_OK);
    assert_int_equal(m.call_id, 7);
    assert_int_equal(m.kind, RPC_REQUEST);
    assert_int_equal(m.failure.code, ERR_OK);
    assert_int_equal(zmq_msg_size(&m.raw), 0);
    ProtobufCMessage *body = NULL;
    assert_int_equal(rpc_body(&m, &body, NULL), ERR_OK);
    assert_string_equal(((Hivecast__V1__FetchTaskRequest *)body)->task_id, "brave-otter");
    protobuf_c_message_free_unpacked(body, NULL);
    rpc_message_clear(&m);
    rpc_message_clear(&m);
    for (size_t i = 0; i < count; i++)
        zmq_msg_close(&frames[i]);
}

static void a_response_carries_raw_data(void **state)
{
    (void)state;
    Hivecast__V1__FetchChunksResponse response = HIVECAST__V1__FETCH_CHUNKS_RESPONSE__INIT;
    response.index = 3;
    struct rpc_head head = {.kind = RPC_RESPONSE, .service = RPC_MANAGER, .method = 7};
    zmq_msg_t raw;
    frame_of(&raw, "sealed", 6);
    zmq_msg_t frames[3];
    size_t count = 0;
    assert_int_equal(rpc_pack(&head, &response.base, &raw, frames, &count, NULL), ERR_OK);
    assert_int_equal(count, 3);
    struct rpc_message m;
    assert_int_equal(rpc_parse(frames, count, &m, NULL), ERR_OK);
    assert_int_equal(zmq_msg_size(&m.raw), 6);
    assert_memory_equal(zmq_msg_data(&m.raw), "sealed", 6);
    ProtobufCMessage *body = NULL;
    assert_int_equal(rpc_body(&m, &body, NULL), ERR_OK);
    assert_int_equal(((Hivecast__V1__FetchChunksResponse *)body)->index, 3);
    protobuf_c_message_free_unpacked(body, NULL);
    rpc_message_clear(&m);
    zmq_msg_close(&raw);
}

static void a_failure_travels_with_code_and_sentence(void **state)
{
    (void)state;
    struct error failure;
    error_set(&failure, ERR_FORBIDDEN, "no target of\n this \xff name");
    struct rpc_head head = {
        .kind = RPC_RESPONSE, .service = RPC_AGENT, .method = 2, .failure = &failure};
    zmq_msg_t frames[3];
    size_t count = 0;
    assert_int_equal(rpc_pack(&head, NULL, NULL, frames, &count, NULL), ERR_OK);
    struct rpc_message m;
    assert_int_equal(rpc_parse(frames, count, &m, NULL), ERR_OK);
    assert_int_equal(m.failure.code, ERR_FORBIDDEN);
    assert_string_equal(m.failure.text, "no target of? this ? name");
    rpc_message_clear(&m);
}

static void a_failure_with_an_unknown_code_is_still_a_failure(void **state)
{
    (void)state;
    struct rpc_message m;
    assert_int_equal(parse_envelope("\x10\x02\x18\x01\x20\x01\x2a\x02\x08\x63", 10, &m), ERR_OK);
    assert_int_equal(m.failure.code, ERR_INTERNAL);
    rpc_message_clear(&m);
    assert_int_equal(parse_envelope("\x10\x02\x18\x01\x20\x01\x2a\x00", 8, &m), ERR_OK);
    assert_int_equal(m.failure.code, ERR_INTERNAL);
    rpc_message_clear(&m);
}

static void envelopes_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        size_t size;
    } bad[] = {
        {"", 0},                                 /* no kind */
        {"\xff\xff\xff", 3},                     /* no protobuf */
        {"\x10\x04\x18\x01\x20\x01", 6},         /* kind 4 */
        {"\x10\x01\x18\x03\x20\x01", 6},         /* service 3 */
        {"\x10\x01\x20\x01", 4},                 /* no service */
        {"\x10\x01\x18\x01\x20\x01\x2a\x00", 8}, /* a request that failed */
    };
    struct rpc_message m;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(parse_envelope(bad[i].data, bad[i].size, &m), ERR_INVALID);
    static const char huge[2000] = {0x08, 0x01};
    assert_int_equal(parse_envelope(huge, sizeof(huge), &m), ERR_INVALID);
}

static void an_unknown_method_can_be_answered(void **state)
{
    (void)state;
    struct rpc_message m = {0};
    assert_int_equal(parse_envelope("\x08\x2a\x10\x01\x18\x01\x20\x63", 8, &m), ERR_UNSUPPORTED);
    assert_int_equal(m.call_id, 42);
    assert_int_equal(m.kind, RPC_REQUEST);
    assert_int_equal(m.service, RPC_MANAGER);
    assert_int_equal(m.method, 99);
}

static void a_wrong_number_of_frames_is_refused(void **state)
{
    (void)state;
    zmq_msg_t frames[4];
    struct rpc_message m;
    for (size_t i = 0; i < 4; i++)
        frame_of(&frames[i], "\x10\x01\x18\x01\x20\x01", 6);
    assert_int_equal(rpc_parse(frames, 0, &m, NULL), ERR_INVALID);
    assert_int_equal(rpc_parse(frames, 1, &m, NULL), ERR_INVALID);
    assert_int_equal(rpc_parse(frames, 4, &m, NULL), ERR_INVALID);
    for (size_t i = 0; i < 4; i++)
        zmq_msg_close(&frames[i]);
}

static void a_body_that_does_not_parse_is_refused_by_name(void **state)
{
    (void)state;
    struct error e;
    zmq_msg_t frames[2];
    struct rpc_message m;
    frame_of(&frames[0], "\x10\x01\x18\x01\x20\x01", 6);
    frame_of(&frames[1], "\x22\x7f", 2);
    assert_int_equal(rpc_parse(frames, 2, &m, NULL), ERR_OK);
    ProtobufCMessage *body = NULL;
    assert_int_equal(rpc_body(&m, &body, &e), ERR_INVALID);
    assert_string_equal(e.text, "the body is no HelloRequest");
    rpc_message_clear(&m);
}

static void receiving_without_a_message_does_not_wait(void **state)
{
    struct fixture *f = *state;
    zmq_msg_t frames[4];
    size_t count = 0;
    assert_int_equal(rpc_receive(f->router, frames, 4, 1000, &count, NULL), ERR_UNAVAILABLE);
}

static void send_words(void *socket, int words, size_t size)
{
    static const char zeros[4096];
    for (int i = 0; i < words; i++)
        assert_int_equal(zmq_send(socket, zeros, size, i + 1 < words ? ZMQ_SNDMORE : 0), size);
}

static void too_many_frames_or_bytes_are_drained_and_the_next_message_is_read(void **state)
{
    struct fixture *f = *state;
    zmq_msg_t frames[4];
    size_t count = 0;
    send_words(f->dealer, 40, 1);
    send_words(f->dealer, 1, 2000);
    send_words(f->dealer, 3, 600);
    send_words(f->dealer, 2, 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(rpc_receive(f->router, frames, 4, 1000, &count, NULL), ERR_INVALID);
    assert_int_equal(rpc_receive(f->router, frames, 4, 1000, &count, NULL), ERR_OK);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++)
        zmq_msg_close(&frames[i]);
}

static void sending_to_an_unknown_peer_is_unavailable(void **state)
{
    struct fixture *f = *state;
    zmq_msg_t frames[2];
    frame_of(&frames[0], "nobody", 6);
    frame_of(&frames[1], "x", 1);
    assert_int_equal(rpc_send(f->router, frames, 2, NULL), ERR_UNAVAILABLE);
}

#define ON_SOCKETS(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods_are_numbered_by_their_place),
        ON_SOCKETS(a_request_arrives_as_it_was_sent),
        cmocka_unit_test(a_response_carries_raw_data),
        cmocka_unit_test(a_failure_travels_with_code_and_sentence),
        cmocka_unit_test(a_failure_with_an_unknown_code_is_still_a_failure),
        cmocka_unit_test(envelopes_that_make_no_sense_are_refused),
        cmocka_unit_test(an_unknown_method_can_be_answered),
        cmocka_unit_test(a_wrong_number_of_frames_is_refused),
        cmocka_unit_test(a_body_that_does_not_parse_is_refused_by_name),
        ON_SOCKETS(receiving_without_a_message_does_not_wait),
        ON_SOCKETS(too_many_frames_or_bytes_are_drained_and_the_next_message_is_read),
        ON_SOCKETS(sending_to_an_unknown_peer_is_unavailable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
