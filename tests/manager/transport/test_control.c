/* SPDX-License-Identifier: Apache-2.0 */
/* What a target may say on the control socket, and what it is told. */
#include "server_fixture.h"

#include <stdlib.h>
#include <string.h>

enum { QUIET_MS = 100 };

static enum err heartbeat(struct wire_client *c)
{
    Hivecast__V1__HeartbeatRequest request = HIVECAST__V1__HEARTBEAT_REQUEST__INIT;
    return wire_client_call(c, "Heartbeat", &request.base, NULL);
}

static void requests_before_hello_are_told_to_say_hello(void **state)
{
    struct fixture *f = *state;
    struct device d = fixture_register(f, "drone-1");
    struct wire_client c;
    fixture_connect(f, &d, &c);
    assert_int_equal(heartbeat(&c), ERR_UNAUTHENTICATED);
    assert_int_equal(fixture_hello(&c, "drone-1", NULL), ERR_OK);
    assert_int_equal(heartbeat(&c), ERR_OK);
    wire_client_close(&c);
}

static void the_id_of_another_target_is_forbidden(void **state)
{
    struct fixture *f = *state;
    struct device d = fixture_register(f, "drone-1");
    (void)fixture_register(f, "drone-2");
    struct wire_client c;
    fixture_connect(f, &d, &c);
    assert_int_equal(fixture_hello(&c, "drone-2", NULL), ERR_FORBIDDEN);
    assert_false(fixture_is_online(f, "drone-1"));
    assert_false(fixture_is_online(f, "drone-2"));
    wire_client_close(&c);
}

static void an_unknown_protocol_version_is_unsupported(void **state)
{
    struct fixture *f = *state;
    struct device d = fixture_register(f, "drone-1");
    struct wire_client c;
    uint32_t versions[] = {7, 8};
    Hivecast__V1__HelloRequest hello = HIVECAST__V1__HELLO_REQUEST__INIT;
    hello.protocol_versions = versions;
    hello.n_protocol_versions = 2;
    fixture_connect(f, &d, &c);
    assert_int_equal(wire_client_call(&c, "Hello", &hello.base, NULL), ERR_UNSUPPORTED);
    versions[1] = 1;
    assert_int_equal(wire_client_call(&c, "Hello", &hello.base, NULL), ERR_INVALID);
    wire_client_close(&c);
}

static void bad_places_and_tags_are_invalid(void **state)
{
    struct fixture *f = *state;
    struct device d = fixture_register(f, "drone-1");
    struct wire_client c;
    fixture_connect(f, &d, &c);
    uint32_t versions[] = {1};
    char id[] = "drone-1";
    char tag[] = "a,b";
    char *tags[] = {tag};
    Hivecast__V1__Location nowhere = HIVECAST__V1__LOCATION__INIT;
    nowhere.latitude = 91;
    Hivecast__V1__Advertisement advertisement = HIVECAST__V1__ADVERTISEMENT__INIT;
    advertisement.id = id;
    advertisement.location = &nowhere;
    Hivecast__V1__HelloRequest hello = HIVECAST__V1__HELLO_REQUEST__INIT;
    hello.protocol_versions = versions;
    hello.n_protocol_versions = 1;
    hello.advertisement = &advertisement;
    assert_int_equal(wire_client_call(&c, "Hello", &hello.base, NULL), ERR_INVALID);
    advertisement.location = NULL;
    advertisement.tags = tags;
    advertisement.n_tags = 1;
    assert_int_equal(wire_client_call(&c, "Hello", &hello.base, NULL), ERR_INVALID);
    advertisement.n_tags = 0;
    assert_int_equal(wire_client_call(&c, "Hello", &hello.base, NULL), ERR_OK);
    wire_client_close(&c);
}

static void expect_failure(struct wire_client *c, uint32_t call_id, enum err code)
{
    struct rpc_message m;
    assert_true(wire_client_receive(c, &m, WIRE_WAIT_MS));
    assert_int_equal(m.kind, RPC_RESPONSE);
    assert_int_equal(m.call_id, call_id);
    assert_int_equal(m.failure.code, code);
    assert_true(m.failure.text[0] != '\0');
    rpc_message_clear(&m);
}

static void unknown_methods_are_unsupported(void **state)
{
    struct fixture *f = *state;
    struct device d = fixture_register(f, "drone-1");
    struct wire_client c;
    fixture_join(f, &d, &c);
    /* call 5, request, manager, method 99 */
    static const uint8_t unknown[] = {0x08, 5, 0x10, 1, 0x18, 1, 0x20, 99};
    wire_client_send_bytes(&c, unknown, sizeof(unknown), "", 0);
    uint32_t call_id = 5;
    struct rpc_message m;
    zmq_pollitem_t item = {.socket = c.socket, .events = ZMQ_POLLIN};
    assert_int_equal(zmq_poll(&item, 1, WIRE_WAIT_MS), 1);
    zmq_msg_t frames[3];
    size_t count = 0;
    assert_int_equal(rpc_receive(c.socket, frames, 3, CONTROL_MESSAGE_MAX, &count, NULL), ERR_OK);
    assert_int_equal(rpc_parse(frames, count, &m, NULL), ERR_UNSUPPORTED);
    assert_int_equal(m.call_id, call_id);
    assert_int_equal(m.kind, RPC_RESPONSE);
    for (size_t i = 0; i < count; i++)
        (void)zmq_msg_close(&frames[i]);

    Hivecast__V1__FetchChunksRequest bulk = HIVECAST__V1__FETCH_CHUNKS_REQUEST__INIT;
    assert_int_equal(wire_client_call(&c, "FetchChunks", &bulk.base, NULL), ERR_UNSUPPORTED);
    struct rpc_head head = {.call_id = 6, .kind = RPC_REQUEST, .service = RPC_AGENT, .method = 1};
    wire_client_send_head(&c, &head, NULL);
    expect_failure(&c, 6, ERR_UNSUPPORTED);
    wire_client_close(&c);
}

static void garbage_is_dropped_and_the_next_request_works(void **state)
{
    struct fixture *f = *state;
    struct device d = fixture_register(f, "drone-1");
    struct wire_client c;
    fixture_join(f, &d, &c);
    static const uint8_t garbage[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    wire_client_send_bytes(&c, garbage, sizeof(garbage), garbage, sizeof(garbage));
    wire_client_send_bytes(&c, "", 0, "", 0);
    assert_int_equal(zmq_send(c.socket, "one", 3, 0), 3);
    for (int i = 0; i < 9; i++)
        assert_int_equal(zmq_send(c.socket, "many", 4, ZMQ_SNDMORE), 4);
    assert_int_equal(zmq_send(c.socket, "many", 4, 0), 4);
    /* a fine envelope (Heartbeat, call 3) around a body that is none */
    static const uint8_t envelope[] = {0x08, 3, 0x10, 1, 0x18, 1, 0x20, 2};
    wire_client_send_bytes(&c, envelope, sizeof(envelope), garbage, sizeof(garbage));
    expect_failure(&c, 3, ERR_INVALID);
    assert_int_equal(heartbeat(&c), ERR_OK);
    wire_client_close(&c);
}

static void a_giant_frame_ends_the_connection(void **state)
{
    struct fixture *f = *state;
    struct device d = fixture_register(f, "drone-1");
    struct wire_client c;
    fixture_join(f, &d, &c);
    size_t size = 2 * CONTROL_MESSAGE_MAX;
    char *giant = calloc(1, size);
    assert_non_null(giant);
    assert_int_equal(zmq_send(c.socket, giant, size, 0), (int)size);
    free(giant);
    assert_true(wire_client_wait_event(&c, ZMQ_EVENT_DISCONNECTED, WIRE_WAIT_MS));
    assert_int_equal(fixture_hello(&c, "drone-1", NULL), ERR_OK);
    wire_client_close(&c);
}

static void pouring_in_what_is_no_message_ends_the_connection(void **state)
{
    struct fixture *f = *state;
    struct device d = fixture_register(f, "drone-1");
    struct device other = fixture_register(f, "drone-2");
    struct wire_client flood;
    struct wire_client c;
    fixture_join(f, &other, &c);
    fixture_connect(f, &d, &flood);
    size_t size = 1000 * 1000;
    char *piece = calloc(1, size);
    assert_non_null(piece);
    for (int i = 0; i < 40; i++)
        assert_int_equal(zmq_send(flood.socket, piece, size, ZMQ_SNDMORE), (int)size);
    assert_int_equal(zmq_send(flood.socket, piece, size, 0), (int)size);
    free(piece);
    assert_true(wire_client_wait_event(&flood, ZMQ_EVENT_DISCONNECTED, WIRE_WAIT_MS));
    assert_int_equal(heartbeat(&c), ERR_OK);
    wire_client_close(&flood);
    wire_client_close(&c);
}

static void a_closed_connection_makes_the_target_offline_at_once(void **state)
{
    struct fixture *f = *state;
    struct device d = fixture_register(f, "drone-1");
    struct wire_client c;
    fixture_join(f, &d, &c);
    assert_true(fixture_is_online(f, "drone-1"));
    wire_client_close(&c);
    assert_true(fixture_wait_online(f, "drone-1", false));
}

static void goodbye_makes_the_target_offline(void **state)
{
    struct fixture *f = *state;
    struct device d = fixture_register(f, "drone-1");
    struct wire_client c;
    fixture_join(f, &d, &c);
    Hivecast__V1__GoodbyeRequest goodbye = HIVECAST__V1__GOODBYE_REQUEST__INIT;
    struct rpc_head head = {
        .kind = RPC_NOTICE, .service = RPC_MANAGER, .method = rpc_method(RPC_MANAGER, "Goodbye")};
    wire_client_send_head(&c, &head, &goodbye.base);
    assert_true(fixture_wait_online(f, "drone-1", false));
    assert_int_equal(heartbeat(&c), ERR_UNAUTHENTICATED);
    wire_client_close(&c);
}

static void a_silent_target_goes_offline_and_comes_back_with_a_heartbeat(void **state)
{
    struct fixture *f = *state;
    struct device d = fixture_register(f, "drone-1");
    struct wire_client c;
    fixture_join(f, &d, &c);
    assert_true(fixture_wait_online(f, "drone-1", false));
    assert_int_equal(heartbeat(&c), ERR_OK);
    assert_true(fixture_is_online(f, "drone-1"));
    wire_client_close(&c);
}

static void a_task_is_announced_and_fetched(void **state)
{
    struct fixture *f = *state;
    struct device d = fixture_register(f, "drone-1");
    (void)fixture_register(f, "drone-2");
    struct wire_client c;
    fixture_join(f, &d, &c);
    char task_id[TASK_ID_SIZE];
    fixture_deploy(f, "drone-1", "package", task_id);
    ProtobufCMessage *body = NULL;
    assert_true(wire_client_expect(&c, "Announce", &body, WIRE_WAIT_MS));
    const Hivecast__V1__AnnounceRequest *announce = (const void *)body;
    assert_string_equal(announce->announcement->task_id, task_id);
    assert_string_equal(announce->announcement->app, "default");
    assert_int_equal(announce->announcement->package->chunk_count, 1000);
    protobuf_c_message_free_unpacked(body, NULL);

    Hivecast__V1__FetchTaskRequest fetch = HIVECAST__V1__FETCH_TASK_REQUEST__INIT;
    fetch.task_id = task_id;
    assert_int_equal(wire_client_call(&c, "FetchTask", &fetch.base, &body), ERR_OK);
    const Hivecast__V1__FetchTaskResponse *response = (const void *)body;
    Hivecast__V1__Task *task = hivecast__v1__task__unpack(NULL, response->signed_task->task.len,
                                                          response->signed_task->task.data);
    assert_non_null(task);
    assert_string_equal(task->id, task_id);
    assert_int_equal(task->run->n_commands, 1);
    assert_string_equal(task->run->commands[0], "true");
    hivecast__v1__task__free_unpacked(task, NULL);
    protobuf_c_message_free_unpacked(body, NULL);

    fixture_deploy(f, "drone-2", NULL, task_id);
    assert_int_equal(wire_client_call(&c, "FetchTask", &fetch.base, NULL), ERR_NOT_FOUND);
    wire_client_close(&c);
}

static void who_was_away_hears_of_its_tasks_after_hello(void **state)
{
    struct fixture *f = *state;
    struct device d = fixture_register(f, "drone-1");
    char task_id[TASK_ID_SIZE];
    fixture_deploy(f, "drone-1", NULL, task_id);
    struct wire_client c;
    fixture_connect(f, &d, &c);
    assert_int_equal(fixture_hello(&c, "drone-1", NULL), ERR_OK);
    assert_true(wire_client_expect(&c, "Announce", NULL, WIRE_WAIT_MS));
    /* The hint got lost: it comes again. */
    assert_int_equal(heartbeat(&c), ERR_OK);
    assert_true(wire_client_expect(&c, "Announce", NULL, WIRE_WAIT_MS));
    wire_client_close(&c);
}

static Hivecast__V1__Report *reports_of(const char *task_id, size_t count)
{
    static Hivecast__V1__Report reports[200];
    static Hivecast__V1__Log log = HIVECAST__V1__LOG__INIT;
    static Hivecast__V1__LogLine line = HIVECAST__V1__LOG_LINE__INIT;
    static Hivecast__V1__LogLine *lines[] = {&line};
    static char id[TASK_ID_SIZE];
    static char output[] = "counting";
    (void)snprintf(id, sizeof(id), "%s", task_id);
    line.output = output;
    log.task_id = id;
    log.stage = HIVECAST__V1__STAGE__STAGE_RUN;
    log.lines = lines;
    log.n_lines = 1;
    for (size_t i = 0; i < count; i++) {
        hivecast__v1__report__init(&reports[i]);
        reports[i].what_case = HIVECAST__V1__REPORT__WHAT_LOG;
        reports[i].log = &log;
    }
    return reports;
}

static enum err send_reports(struct wire_client *c, uint64_t stream_id, uint64_t first_seq,
                             Hivecast__V1__Report *reports, size_t count, uint64_t *stored_seq)
{
    Hivecast__V1__Report *pointers[200];
    Hivecast__V1__ReportRequest request = HIVECAST__V1__REPORT_REQUEST__INIT;
    for (size_t i = 0; i < count; i++)
        pointers[i] = &reports[i];
    request.stream_id = stream_id;
    request.first_seq = first_seq;
    request.reports = pointers;
    request.n_reports = count;
    ProtobufCMessage *body = NULL;
    enum err err = wire_client_call(c, "Report", &request.base, &body);
    if (err == ERR_OK)
        *stored_seq = ((const Hivecast__V1__ReportResponse *)(const void *)body)->stored_seq;
    if (body != NULL)
        protobuf_c_message_free_unpacked(body, NULL);
    return err;
}

static void reports_are_stored_once(void **state)
{
    struct fixture *f = *state;
    struct device d = fixture_register(f, "drone-1");
    struct wire_client c;
    char task_id[TASK_ID_SIZE];
    uint64_t stored = 0;
    fixture_join(f, &d, &c);
    fixture_deploy(f, "drone-1", NULL, task_id);
    Hivecast__V1__Report *reports = reports_of(task_id, 150);
    assert_int_equal(send_reports(&c, 1, 1, reports, 150, &stored), ERR_OK);
    assert_int_equal(stored, 150);
    assert_int_equal(send_reports(&c, 1, 1, reports, 150, &stored), ERR_OK);
    assert_int_equal(send_reports(&c, 1, 101, reports, 100, &stored), ERR_OK);
    assert_int_equal(stored, 200);
    assert_int_equal(fixture_log_count(f), 200);
    assert_int_equal(send_reports(&c, 1, 300, reports, 1, &stored), ERR_CONFLICT);
    assert_int_equal(send_reports(&c, 2, 201, reports, 1, &stored), ERR_CONFLICT);
    assert_int_equal(send_reports(&c, 1, 0, reports, 1, &stored), ERR_INVALID);
    assert_int_equal(fixture_log_count(f), 200);

    Hivecast__V1__HelloResponse *response = NULL;
    assert_int_equal(fixture_hello(&c, "drone-1", &response), ERR_OK);
    assert_int_equal(response->stored_seq, 200);
    hivecast__v1__hello_response__free_unpacked(response, NULL);
    wire_client_close(&c);
}

static void acknowledgements_move_the_task_on(void **state)
{
    struct fixture *f = *state;
    struct device d = fixture_register(f, "drone-1");
    struct wire_client c;
    char task_id[TASK_ID_SIZE];
    char why[] = "no space";
    uint64_t stored = 0;
    fixture_join(f, &d, &c);
    fixture_deploy(f, "drone-1", NULL, task_id);
    Hivecast__V1__Acknowledgement a = HIVECAST__V1__ACKNOWLEDGEMENT__INIT;
    a.task_id = task_id;
    a.state = HIVECAST__V1__TASK_STATE__TASK_STATE_REJECTED;
    a.code = HIVECAST__V1__ERROR_CODE__ERROR_CODE_NO_SPACE;
    a.message = why;
    Hivecast__V1__Report report = HIVECAST__V1__REPORT__INIT;
    report.what_case = HIVECAST__V1__REPORT__WHAT_ACKNOWLEDGEMENT;
    report.acknowledgement = &a;
    report.time_ms = 1;
    assert_int_equal(send_reports(&c, 1, 1, &report, 1, &stored), ERR_OK);
    struct task_target row = fixture_row(f, task_id, "drone-1");
    assert_int_equal(row.state, TASK_REJECTED);
    assert_int_equal(row.code, ERR_NO_SPACE);
    assert_string_equal(row.message, "no space");
    wire_client_close(&c);
}

static void senseless_reports_do_not_block_the_stream(void **state)
{
    struct fixture *f = *state;
    struct device d = fixture_register(f, "drone-1");
    struct wire_client c;
    uint64_t stored = 0;
    char task_id[] = "no-such-task";
    fixture_join(f, &d, &c);
    Hivecast__V1__Report reports[3];
    Hivecast__V1__Acknowledgement a = HIVECAST__V1__ACKNOWLEDGEMENT__INIT;
    for (int i = 0; i < 3; i++)
        hivecast__v1__report__init(&reports[i]);
    a.task_id = task_id;
    a.state = (Hivecast__V1__TaskState)77;
    reports[1].what_case = HIVECAST__V1__REPORT__WHAT_ACKNOWLEDGEMENT;
    reports[1].acknowledgement = &a;
    Hivecast__V1__Log log = HIVECAST__V1__LOG__INIT;
    log.stage = (Hivecast__V1__Stage)-5;
    reports[2].what_case = HIVECAST__V1__REPORT__WHAT_LOG;
    reports[2].log = &log;
    assert_int_equal(send_reports(&c, 1, 1, reports, 3, &stored), ERR_OK);
    assert_int_equal(stored, 3);
    assert_int_equal(fixture_log_count(f), 0);
    wire_client_close(&c);
}

static void calls_of_core_reach_the_agent(void **state)
{
    struct fixture *f = *state;
    struct device d = fixture_register(f, "drone-1");
    struct wire_client c;
    char task_id[TASK_ID_SIZE];
    fixture_join(f, &d, &c);
    fixture_deploy(f, "drone-1", NULL, task_id);
    assert_true(wire_client_expect(&c, "Announce", NULL, WIRE_WAIT_MS));
    fixture_stop_task(f, task_id);
    ProtobufCMessage *body = NULL;
    assert_true(wire_client_expect(&c, "Stop", &body, WIRE_WAIT_MS));
    assert_string_equal(((const Hivecast__V1__StopRequest *)(const void *)body)->task_id, task_id);
    protobuf_c_message_free_unpacked(body, NULL);
    wire_client_close(&c);
}

static void responses_nobody_waits_for_are_passed_over(void **state)
{
    struct fixture *f = *state;
    struct device d = fixture_register(f, "drone-1");
    struct wire_client c;
    fixture_join(f, &d, &c);
    struct error failure = {.code = ERR_CONFLICT, .text = "not now"};
    struct rpc_head head = {.call_id = 9,
                            .kind = RPC_RESPONSE,
                            .service = RPC_AGENT,
                            .method = rpc_method(RPC_AGENT, "RunCommand"),
                            .failure = &failure};
    wire_client_send_head(&c, &head, NULL);
    assert_int_equal(heartbeat(&c), ERR_OK);
    struct rpc_message m;
    assert_false(wire_client_receive(&c, &m, QUIET_MS));
    wire_client_close(&c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(requests_before_hello_are_told_to_say_hello),
        TEST(the_id_of_another_target_is_forbidden),
        TEST(an_unknown_protocol_version_is_unsupported),
        TEST(bad_places_and_tags_are_invalid),
        TEST(unknown_methods_are_unsupported),
        TEST(garbage_is_dropped_and_the_next_request_works),
        TEST(a_giant_frame_ends_the_connection),
        TEST(pouring_in_what_is_no_message_ends_the_connection),
        TEST(a_closed_connection_makes_the_target_offline_at_once),
        TEST(goodbye_makes_the_target_offline),
        TEST(a_silent_target_goes_offline_and_comes_back_with_a_heartbeat),
        TEST(a_task_is_announced_and_fetched),
        TEST(who_was_away_hears_of_its_tasks_after_hello),
        TEST(reports_are_stored_once),
        TEST(acknowledgements_move_the_task_on),
        TEST(senseless_reports_do_not_block_the_stream),
        TEST(calls_of_core_reach_the_agent),
        TEST(responses_nobody_waits_for_are_passed_over),
    };
    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
