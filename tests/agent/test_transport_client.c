/* SPDX-License-Identifier: Apache-2.0 */
/* The control connection against a fake manager over real CURVE sockets, both on one loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <hivecast/v1/agent.pb-c.h>

#include "clock.h"
#include "fake_manager.h"
#include "fs.h"
#include "transport_client.h"

enum { PATIENCE_MS = 30000, TURN_MS = 20, REPORTS = 10 };

struct fixture {
    char dir[64];
    void *zmq;
    struct loop *loop;
    struct fake_manager manager;
    struct key_pair keys;
    struct transport_options options;
    struct transport_client *client;
    int ups;
    int downs;
    char announced[65];
    enum err answer; /* of the Announce handler */
    uint64_t confirmed;
    uint64_t written; /* reports */
    int replies;
    struct error failure; /* of the last reply */
};

static struct fixture f;

static const Hivecast__V1__Advertisement *advertisement(void *arg)
{
    (void)arg;
    static char id[] = "drone-1";
    static char task_id[] = "brave-otter";
    static Hivecast__V1__TaskStatus status = HIVECAST__V1__TASK_STATUS__INIT;
    static Hivecast__V1__TaskStatus *tasks[] = {&status};
    static Hivecast__V1__Advertisement ad = HIVECAST__V1__ADVERTISEMENT__INIT;
    status.task_id = task_id;
    ad.id = id;
    ad.tasks = tasks;
    ad.n_tasks = 1;
    return &ad;
}

static void on_connection(void *arg, bool is_online)
{
    (void)arg;
    f.ups += is_online ? 1 : 0;
    f.downs += is_online ? 0 : 1;
}

static enum err on_announce(void *arg, const ProtobufCMessage *request, struct error *e)
{
    (void)arg;
    const Hivecast__V1__AnnounceRequest *r = (const Hivecast__V1__AnnounceRequest *)request;
    snprintf(f.announced, sizeof(f.announced), "%s", r->announcement->task_id);
    return f.answer == ERR_OK ? ERR_OK : error_set(e, f.answer, "not now");
}

static const struct transport_handler handlers[] = {
    {"Announce", on_announce}
};

static uint64_t stream_id(void *arg)
{
    (void)arg;
    return 42;
}

/* Reports without content, two bytes each, at most three in a batch. */
static enum err peek(void *arg, size_t max, struct bytes *out, uint64_t *first_seq, size_t *count,
                     struct error *e)
{
    (void)arg;
    static const uint8_t report[] = {0x1a, 0};
    *first_seq = f.confirmed + 1;
    *count = 0;
    while (*count < 3 && f.confirmed + *count < f.written && (*count == 0 || max > out->size)) {
        enum err err = bytes_append(out, report, sizeof(report), e);
        if (err != ERR_OK)
            return err;
        ++*count;
    }
    return ERR_OK;
}

static void confirm(void *arg, uint64_t stored_seq)
{
    (void)arg;
    if (stored_seq > f.confirmed)
        f.confirmed = stored_seq;
}

static const struct transport_host host = {
    .advertisement = advertisement,
    .connection = on_connection,
    .handlers = handlers,
    .handler_count = 1,
};
static const struct transport_reports reports = {
    .stream_id = stream_id,
    .peek = peek,
    .confirm = confirm,
};

static int setup(void **state)
{
    (void)state;
    f = (struct fixture){.dir = "/tmp/hivecast-control-XXXXXX"};
    assert_int_equal(keys_init(NULL), ERR_OK);
    assert_non_null(mkdtemp(f.dir));
    char path[96];
    snprintf(path, sizeof(path), "%s/keys", f.dir);
    assert_int_equal(keys_load_or_create(path, &f.keys, NULL), ERR_OK);
    f.zmq = zmq_ctx_new();
    assert_int_equal(loop_new(&f.loop, NULL), ERR_OK);
    fake_manager_start(&f.manager, f.zmq, f.loop);
    f.options = (struct transport_options){
        .agent_version = "0",
        .boot_id = "boot",
        .host = &host,
        .reports = &reports,
    };
    fake_manager_config(&f.manager, &f.keys, &f.options.dealer);
    assert_int_equal(transport_client_new(&f.options, &f.client, NULL), ERR_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    transport_client_free(f.client);
    fake_manager_stop(&f.manager);
    zmq_ctx_term(f.zmq);
    loop_free(f.loop);
    return fs_remove(f.dir, NULL) == ERR_OK ? 0 : -1;
}

static void turn_until(bool (*is_true)(void))
{
    int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    while (!is_true()) {
        assert_true(clock_monotonic_ms() < end_ms);
        assert_int_equal(loop_turn(f.loop, TURN_MS, NULL), ERR_OK);
    }
}

static bool is_online(void)
{
    return transport_client_status(f.client)->state == TRANSPORT_ONLINE;
}

static bool is_offline(void)
{
    return transport_client_status(f.client)->state == TRANSPORT_OFFLINE;
}

static void go_online(void)
{
    assert_int_equal(transport_client_start(f.client, NULL), ERR_OK);
    turn_until(is_online);
}

static void hello_tells_who_it_is_and_what_runs(void **state)
{
    (void)state;
    go_online();
    assert_string_equal(f.manager.agent_id, "drone-1");
    assert_int_equal(f.manager.status_count, 1);
    assert_int_equal(f.ups, 1);
    assert_int_equal(f.downs, 0);
    int64_t ahead_ms = transport_client_status(f.client)->clock_ahead_ms;
    assert_true(ahead_ms > 4000 && ahead_ms < 6000);
}

static bool has_beaten_twice(void)
{
    return fake_manager_count(&f.manager, "Heartbeat") >= 2;
}

static void it_beats_at_the_interval_the_manager_told(void **state)
{
    (void)state;
    f.manager.heartbeat_ms = 100;
    go_online();
    turn_until(has_beaten_twice);
    assert_int_equal(fake_manager_count(&f.manager, "Hello"), 1);
}

static bool has_beaten(void)
{
    return fake_manager_count(&f.manager, "Heartbeat") == 1;
}

static void it_beats_at_once_when_told_to(void **state)
{
    (void)state;
    go_online();
    transport_client_beat(f.client);
    turn_until(has_beaten);
}

static bool has_gone_down(void)
{
    return f.downs > 0;
}

static void a_manager_that_stops_answering_is_connected_anew(void **state)
{
    (void)state;
    f.manager.heartbeat_ms = 100;
    go_online();
    f.manager.is_silent = true;
    turn_until(has_gone_down);
    f.manager.is_silent = false;
    turn_until(is_online);
    assert_true(fake_manager_count(&f.manager, "Hello") >= 2);
}

static void it_comes_back_after_a_restart_of_the_manager(void **state)
{
    (void)state;
    go_online();
    fake_manager_cut(&f.manager);
    turn_until(is_offline);
    assert_int_equal(f.downs, 1);
    fake_manager_return(&f.manager);
    turn_until(is_online);
    assert_int_equal(f.ups, 2);
}

static bool has_greeted_again(void)
{
    return is_online() && fake_manager_count(&f.manager, "Hello") >= 2;
}

static void it_says_hello_again_when_the_manager_does_not_know_it(void **state)
{
    (void)state;
    go_online();
    f.manager.failure = ERR_UNAUTHENTICATED;
    f.manager.failures = 1;
    transport_client_beat(f.client);
    turn_until(has_greeted_again);
    assert_int_equal(f.downs, 1);
}

static void a_refused_hello_is_repeated(void **state)
{
    (void)state;
    f.manager.failure = ERR_UNAVAILABLE;
    f.manager.failures = 2;
    go_online();
    assert_int_equal(fake_manager_count(&f.manager, "Hello"), 3);
}

static bool has_refused_version(void)
{
    return strstr(transport_client_status(f.client)->why, "version") != NULL;
}

static void another_protocol_version_is_not_accepted(void **state)
{
    (void)state;
    f.manager.protocol_version = 2;
    assert_int_equal(transport_client_start(f.client, NULL), ERR_OK);
    turn_until(has_refused_version);
    assert_int_equal(f.ups, 0);
}

static void on_reply(void *arg, const struct error *failure, const ProtobufCMessage *body)
{
    assert_ptr_equal(arg, &f);
    assert_true((failure == NULL) == (body != NULL));
    f.failure = (struct error){0};
    if (failure != NULL)
        f.failure = *failure;
    f.replies++;
}

static enum err fetch_task(int64_t timeout_ms)
{
    static char task_id[] = "brave-otter";
    Hivecast__V1__FetchTaskRequest r = HIVECAST__V1__FETCH_TASK_REQUEST__INIT;
    r.task_id = task_id;
    return transport_client_call(f.client, "FetchTask", &r.base, timeout_ms, on_reply, &f, NULL);
}

static bool has_reply(void)
{
    return f.replies > 0;
}

static void a_call_gets_its_answer(void **state)
{
    (void)state;
    go_online();
    assert_int_equal(fetch_task(10000), ERR_OK);
    assert_int_equal(f.replies, 0);
    turn_until(has_reply);
    assert_int_equal(f.failure.code, ERR_OK);
}

static void a_call_gets_the_failure_of_the_manager(void **state)
{
    (void)state;
    go_online();
    f.manager.failure = ERR_NOT_FOUND;
    f.manager.failures = 1;
    assert_int_equal(fetch_task(10000), ERR_OK);
    turn_until(has_reply);
    assert_int_equal(f.failure.code, ERR_NOT_FOUND);
    assert_non_null(strstr(f.failure.text, "wants it so"));
}

static void a_call_without_an_answer_times_out(void **state)
{
    (void)state;
    go_online();
    f.manager.is_silent = true;
    assert_int_equal(fetch_task(50), ERR_OK);
    turn_until(has_reply);
    assert_int_equal(f.failure.code, ERR_TIMEOUT);
}

static void a_call_ends_when_the_connection_breaks(void **state)
{
    (void)state;
    go_online();
    f.manager.is_silent = true;
    assert_int_equal(fetch_task(60000), ERR_OK);
    fake_manager_cut(&f.manager);
    turn_until(has_reply);
    assert_int_equal(f.failure.code, ERR_UNAVAILABLE);
}

static void a_forgotten_call_is_not_answered(void **state)
{
    (void)state;
    go_online();
    assert_int_equal(fetch_task(10000), ERR_OK);
    transport_client_forget(f.client, &f);
    transport_client_beat(f.client);
    turn_until(has_beaten);
    assert_int_equal(f.replies, 0);
}

static void a_call_while_offline_is_refused(void **state)
{
    (void)state;
    assert_int_equal(fetch_task(10000), ERR_UNAVAILABLE);
    assert_int_equal(f.replies, 0);
}

static void announce(enum rpc_kind kind)
{
    static char task_id[] = "brave-otter";
    Hivecast__V1__Announcement a = HIVECAST__V1__ANNOUNCEMENT__INIT;
    Hivecast__V1__AnnounceRequest r = HIVECAST__V1__ANNOUNCE_REQUEST__INIT;
    a.task_id = task_id;
    r.announcement = &a;
    fake_manager_call(&f.manager, kind, "Announce", &r.base);
}

static bool is_announced(void)
{
    return f.announced[0] != '\0';
}

static bool has_answered(void)
{
    return f.manager.answers > 0;
}

static void a_notice_reaches_its_handler(void **state)
{
    (void)state;
    go_online();
    announce(RPC_NOTICE);
    turn_until(is_announced);
    assert_string_equal(f.announced, "brave-otter");
    transport_client_beat(f.client);
    turn_until(has_beaten);
    assert_int_equal(f.manager.answers, 0);
}

static void a_request_is_answered_with_what_the_handler_says(void **state)
{
    (void)state;
    go_online();
    announce(RPC_REQUEST);
    turn_until(has_answered);
    assert_int_equal(f.manager.answer, ERR_OK);
    f.answer = ERR_UNSUITABLE;
    f.manager.answers = 0;
    announce(RPC_REQUEST);
    turn_until(has_answered);
    assert_int_equal(f.manager.answer, ERR_UNSUITABLE);
}

static void a_method_without_a_handler_is_unsupported(void **state)
{
    (void)state;
    go_online();
    Hivecast__V1__StopRequest r = HIVECAST__V1__STOP_REQUEST__INIT;
    fake_manager_call(&f.manager, RPC_REQUEST, "Stop", &r.base);
    turn_until(has_answered);
    assert_int_equal(f.manager.answer, ERR_UNSUPPORTED);
}

static bool is_all_confirmed(void)
{
    return f.confirmed == f.written;
}

static void reports_are_sent_batch_by_batch_until_confirmed(void **state)
{
    (void)state;
    f.written = REPORTS;
    go_online();
    turn_until(is_all_confirmed);
    assert_int_equal(fake_manager_count(&f.manager, "Report"), 4);
    assert_int_equal(f.manager.first_seq, 10);
    f.written += 2;
    transport_client_report(f.client);
    turn_until(is_all_confirmed);
    assert_int_equal(f.manager.report_count, 2);
}

static void what_the_manager_has_stored_is_not_sent_again(void **state)
{
    (void)state;
    f.written = REPORTS;
    f.manager.stored_seq = 8;
    go_online();
    turn_until(is_all_confirmed);
    assert_int_equal(fake_manager_count(&f.manager, "Report"), 1);
    assert_int_equal(f.manager.first_seq, 9);
}

static void a_report_that_is_refused_for_good_does_not_block_the_others(void **state)
{
    (void)state;
    f.written = 3;
    f.manager.failure = ERR_INVALID;
    f.manager.failure_method = rpc_method(RPC_MANAGER, "Report");
    f.manager.failures = 2;
    go_online();
    turn_until(is_all_confirmed);
    /* Three refused, the first alone refused, the others stored. */
    assert_int_equal(fake_manager_count(&f.manager, "Report"), 3);
    assert_int_equal(f.manager.report_count, 2);
}

static void a_report_that_fails_for_now_is_sent_again(void **state)
{
    (void)state;
    f.written = 1;
    f.manager.failure = ERR_NO_SPACE;
    f.manager.failure_method = rpc_method(RPC_MANAGER, "Report");
    f.manager.failures = 1;
    go_online();
    turn_until(is_all_confirmed);
    assert_int_equal(fake_manager_count(&f.manager, "Report"), 2);
}

static bool has_goodbye(void)
{
    return fake_manager_count(&f.manager, "Goodbye") == 1;
}

static void it_says_goodbye(void **state)
{
    (void)state;
    go_online();
    transport_client_stop(f.client);
    turn_until(has_goodbye);
    assert_int_equal(f.downs, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(hello_tells_who_it_is_and_what_runs),
        TEST(it_beats_at_the_interval_the_manager_told),
        TEST(it_beats_at_once_when_told_to),
        TEST(a_manager_that_stops_answering_is_connected_anew),
        TEST(it_comes_back_after_a_restart_of_the_manager),
        TEST(it_says_hello_again_when_the_manager_does_not_know_it),
        TEST(a_refused_hello_is_repeated),
        TEST(another_protocol_version_is_not_accepted),
        TEST(a_call_gets_its_answer),
        TEST(a_call_gets_the_failure_of_the_manager),
        TEST(a_call_without_an_answer_times_out),
        TEST(a_call_ends_when_the_connection_breaks),
        TEST(a_forgotten_call_is_not_answered),
        TEST(a_call_while_offline_is_refused),
        TEST(a_notice_reaches_its_handler),
        TEST(a_request_is_answered_with_what_the_handler_says),
        TEST(a_method_without_a_handler_is_unsupported),
        TEST(reports_are_sent_batch_by_batch_until_confirmed),
        TEST(what_the_manager_has_stored_is_not_sent_again),
        TEST(a_report_that_is_refused_for_good_does_not_block_the_others),
        TEST(a_report_that_fails_for_now_is_sent_again),
        TEST(it_says_goodbye),
    };
    return cmocka_run_group_tests_name("agent.transport_client", tests, NULL, NULL);
}
