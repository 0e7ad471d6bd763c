/* SPDX-License-Identifier: Apache-2.0 */
/* Coming, staying and coming back: Hello, heartbeats, restarts, refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "control_fixture.h"

static bool is_offline(void)
{
    return transport_client_status(f.client)->state == TRANSPORT_OFFLINE;
}

static void hello_tells_who_it_is_and_what_runs(void **state)
{
    (void)state;
    control_fixture_go_online();
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
    control_fixture_go_online();
    control_fixture_turn_until(has_beaten_twice);
    assert_int_equal(fake_manager_count(&f.manager, "Hello"), 1);
}

static void it_beats_at_once_when_told_to(void **state)
{
    (void)state;
    control_fixture_go_online();
    transport_client_beat(f.client);
    control_fixture_turn_until(control_fixture_has_beaten);
}

static bool has_gone_down(void)
{
    return f.downs > 0;
}

static void a_manager_that_stops_answering_is_connected_anew(void **state)
{
    (void)state;
    f.manager.heartbeat_ms = 100;
    control_fixture_go_online();
    f.manager.is_silent = true;
    control_fixture_turn_until(has_gone_down);
    f.manager.is_silent = false;
    control_fixture_turn_until(control_fixture_is_online);
    assert_true(fake_manager_count(&f.manager, "Hello") >= 2);
}

static void it_comes_back_after_a_restart_of_the_manager(void **state)
{
    (void)state;
    control_fixture_go_online();
    fake_manager_cut(&f.manager);
    control_fixture_turn_until(is_offline);
    assert_int_equal(f.downs, 1);
    fake_manager_return(&f.manager);
    control_fixture_turn_until(control_fixture_is_online);
    assert_int_equal(f.ups, 2);
}

static bool has_greeted_again(void)
{
    return control_fixture_is_online() && fake_manager_count(&f.manager, "Hello") >= 2;
}

static void it_says_hello_again_when_the_manager_does_not_know_it(void **state)
{
    (void)state;
    control_fixture_go_online();
    f.manager.failure = ERR_UNAUTHENTICATED;
    f.manager.failures = 1;
    transport_client_beat(f.client);
    control_fixture_turn_until(has_greeted_again);
    assert_int_equal(f.downs, 1);
}

static void a_refused_hello_is_repeated(void **state)
{
    (void)state;
    f.manager.failure = ERR_UNAVAILABLE;
    f.manager.failures = 2;
    control_fixture_go_online();
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
    control_fixture_turn_until(has_refused_version);
    assert_int_equal(f.ups, 0);
}

/* Answers one handshake (ZeroMQ RFC 27). */
static void on_zap(void *arg, short events)
{
    (void)arg;
    (void)events;
    char request_id[16] = "";
    int more = 1;
    size_t size = sizeof(more);
    for (int i = 0; more != 0; i++) {
        char frame[64];
        int got = zmq_recv(f.zap, frame, sizeof(frame), ZMQ_DONTWAIT);
        assert_true(got >= 0);
        if (i == 1)
            snprintf(request_id, sizeof(request_id), "%.*s", got, frame);
        assert_int_equal(zmq_getsockopt(f.zap, ZMQ_RCVMORE, &more, &size), 0);
    }
    f.zap_requests++;
    const char *frames[] = {"1.0", request_id, f.zap_status, "", "", ""};
    for (int i = 0; i < 6; i++) {
        int length = (int)strlen(frames[i]);
        assert_int_equal(zmq_send(f.zap, frames[i], (size_t)length, i < 5 ? ZMQ_SNDMORE : 0),
                         length);
    }
}

static bool is_refused(void)
{
    return strstr(transport_client_status(f.client)->why, "refuses") != NULL;
}

static void a_refused_key_is_tried_again_after_a_while(void **state)
{
    (void)state;
    f.zap_status = "400";
    f.zap = zmq_socket(f.zmq, ZMQ_REP);
    assert_int_equal(zmq_bind(f.zap, "inproc://zeromq.zap.01"), 0);
    assert_int_equal(loop_watch_socket(f.loop, &f.zap_watch, f.zap, ZMQ_POLLIN, on_zap, NULL, NULL),
                     ERR_OK);
    assert_int_equal(transport_client_start(f.client, NULL), ERR_OK);
    control_fixture_turn_until(is_refused);
    assert_int_equal(f.zap_requests, 1);
    f.zap_status = "200";
    control_fixture_turn_until(control_fixture_is_online);
    assert_int_equal(f.zap_requests, 2);
}

static bool has_goodbye(void)
{
    return fake_manager_count(&f.manager, "Goodbye") == 1;
}

static void it_says_goodbye(void **state)
{
    (void)state;
    control_fixture_go_online();
    transport_client_stop(f.client);
    control_fixture_turn_until(has_goodbye);
    assert_int_equal(f.downs, 0);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, control_fixture_setup, control_fixture_teardown)

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
        TEST(a_refused_key_is_tried_again_after_a_while),
        TEST(it_says_goodbye),
    };
    return cmocka_run_group_tests_name("agent.transport_client", tests, NULL, NULL);
}
