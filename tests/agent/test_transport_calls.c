/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of both sides, and reports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <hivecast/v1/agent.pb-c.h>

#include "control_fixture.h"

enum { REPORTS = 10 };

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
    control_fixture_go_online();
    assert_int_equal(fetch_task(10000), ERR_OK);
    assert_int_equal(f.replies, 0);
    control_fixture_turn_until(has_reply);
    assert_int_equal(f.failure.code, ERR_OK);
}

static void a_call_gets_the_failure_of_the_manager(void **state)
{
    (void)state;
    control_fixture_go_online();
    f.manager.failure = ERR_NOT_FOUND;
    f.manager.failures = 1;
    assert_int_equal(fetch_task(10000), ERR_OK);
    control_fixture_turn_until(has_reply);
    assert_int_equal(f.failure.code, ERR_NOT_FOUND);
    assert_non_null(strstr(f.failure.text, "wants it so"));
}

static void a_call_without_an_answer_times_out(void **state)
{
    (void)state;
    control_fixture_go_online();
    f.manager.is_silent = true;
    assert_int_equal(fetch_task(50), ERR_OK);
    control_fixture_turn_until(has_reply);
    assert_int_equal(f.failure.code, ERR_TIMEOUT);
}

static void a_call_ends_when_the_connection_breaks(void **state)
{
    (void)state;
    control_fixture_go_online();
    f.manager.is_silent = true;
    assert_int_equal(fetch_task(60000), ERR_OK);
    fake_manager_cut(&f.manager);
    control_fixture_turn_until(has_reply);
    assert_int_equal(f.failure.code, ERR_UNAVAILABLE);
}

static void a_forgotten_call_is_not_answered(void **state)
{
    (void)state;
    control_fixture_go_online();
    assert_int_equal(fetch_task(10000), ERR_OK);
    transport_client_forget(f.client, &f);
    transport_client_beat(f.client);
    control_fixture_turn_until(control_fixture_has_beaten);
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
    control_fixture_go_online();
    announce(RPC_NOTICE);
    control_fixture_turn_until(is_announced);
    assert_string_equal(f.announced, "brave-otter");
    transport_client_beat(f.client);
    control_fixture_turn_until(control_fixture_has_beaten);
    assert_int_equal(f.manager.answers, 0);
}

static void a_request_is_answered_with_what_the_handler_says(void **state)
{
    (void)state;
    control_fixture_go_online();
    announce(RPC_REQUEST);
    control_fixture_turn_until(has_answered);
    assert_int_equal(f.manager.answer, ERR_OK);
    f.answer = ERR_UNSUITABLE;
    f.manager.answers = 0;
    announce(RPC_REQUEST);
    control_fixture_turn_until(has_answered);
    assert_int_equal(f.manager.answer, ERR_UNSUITABLE);
}

static void a_method_without_a_handler_is_unsupported(void **state)
{
    (void)state;
    control_fixture_go_online();
    Hivecast__V1__StopRequest r = HIVECAST__V1__STOP_REQUEST__INIT;
    fake_manager_call(&f.manager, RPC_REQUEST, "Stop", &r.base);
    control_fixture_turn_until(has_answered);
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
    control_fixture_go_online();
    control_fixture_turn_until(is_all_confirmed);
    assert_int_equal(fake_manager_count(&f.manager, "Report"), 4);
    assert_int_equal(f.manager.first_seq, 10);
    f.written += 2;
    transport_client_report(f.client);
    control_fixture_turn_until(is_all_confirmed);
    assert_int_equal(f.manager.report_count, 2);
}

static void what_the_manager_has_stored_is_not_sent_again(void **state)
{
    (void)state;
    f.written = REPORTS;
    f.manager.stored_seq = 8;
    control_fixture_go_online();
    control_fixture_turn_until(is_all_confirmed);
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
    control_fixture_go_online();
    control_fixture_turn_until(is_all_confirmed);
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
    control_fixture_go_online();
    control_fixture_turn_until(is_all_confirmed);
    assert_int_equal(fake_manager_count(&f.manager, "Report"), 2);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, control_fixture_setup, control_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests_name("agent.transport_calls", tests, NULL, NULL);
}
