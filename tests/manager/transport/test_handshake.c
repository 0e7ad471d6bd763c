/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets in, and who is out again. */
#include "server_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CUT_MS = 1000, SILENT_PEERS = 300 };

static void a_registered_key_gets_in(void **state)
{
    struct fixture *f = *state;
    struct device d = fixture_register(f, "drone-1");
    struct wire_client c;
    fixture_connect(f, &d, &c);
    Hivecast__V1__HelloResponse *response = NULL;
    assert_int_equal(fixture_hello(&c, "drone-1", &response), ERR_OK);
    assert_int_equal(response->protocol_version, 1);
    assert_int_equal(response->heartbeat_interval_ms, 1000);
    assert_int_equal(response->stored_seq, 0);
    assert_true(response->time_ms > 0);
    hivecast__v1__hello_response__free_unpacked(response, NULL);
    assert_true(fixture_is_online(f, "drone-1"));
    wire_client_close(&c);
}

static void an_unknown_key_is_refused_on_both_sockets(void **state)
{
    struct fixture *f = *state;
    struct device d = fixture_stranger("drone-1");
    struct wire_client control;
    struct wire_client bulk;
    fixture_connect(f, &d, &control);
    fixture_connect_bulk(f, &d, &bulk);
    assert_true(wire_client_wait_event(&control, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, WIRE_WAIT_MS));
    assert_true(wire_client_wait_event(&bulk, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, WIRE_WAIT_MS));
    wire_client_close(&control);
    wire_client_close(&bulk);
}

static void a_peer_without_curve_is_refused_on_both_sockets(void **state)
{
    struct fixture *f = *state;
    struct wire_client control;
    struct wire_client bulk;
    wire_client_open(&control, f->context, f->control, NULL, NULL);
    wire_client_open(&bulk, f->context, f->bulk, NULL, NULL);
    assert_true(wire_client_wait_event(&control, WIRE_REFUSED, WIRE_WAIT_MS));
    assert_true(wire_client_wait_event(&bulk, WIRE_REFUSED, WIRE_WAIT_MS));
    wire_client_close(&control);
    wire_client_close(&bulk);
}

static void a_password_is_no_key(void **state)
{
    struct fixture *f = *state;
    struct wire_client c;
    /* Nobody listens at the first address; the options count for the second. */
    wire_client_open(&c, f->context, "tcp://127.0.0.1:1", NULL, NULL);
    assert_int_equal(zmq_setsockopt(c.socket, ZMQ_PLAIN_USERNAME, "admin", 5), 0);
    assert_int_equal(zmq_setsockopt(c.socket, ZMQ_PLAIN_PASSWORD, "admin", 5), 0);
    assert_int_equal(zmq_connect(c.socket, f->control), 0);
    assert_true(wire_client_wait_event(&c, WIRE_REFUSED, WIRE_WAIT_MS));
    wire_client_close(&c);
}

static int connect_silently(const char *endpoint)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(strrchr(endpoint, ':') + 1)),
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void hundreds_that_say_nothing_keep_nobody_out(void **state)
{
    struct fixture *f = *state;
    int silent[SILENT_PEERS];
    for (int i = 0; i < SILENT_PEERS; i++)
        silent[i] = connect_silently(i % 2 == 0 ? f->control : f->bulk);
    struct device d = fixture_register(f, "drone-1");
    struct wire_client c;
    fixture_join(f, &d, &c);
    wire_client_close(&c);
    for (int i = 0; i < SILENT_PEERS; i++)
        (void)close(silent[i]);
}

static void a_removed_target_is_cut_on_both_sockets(void **state)
{
    struct fixture *f = *state;
    struct device d = fixture_register(f, "drone-1");
    struct wire_client control;
    struct wire_client bulk;
    fixture_join(f, &d, &control);
    fixture_connect_bulk(f, &d, &bulk);
    Hivecast__V1__FetchManifestRequest fetch = HIVECAST__V1__FETCH_MANIFEST_REQUEST__INIT;
    assert_int_equal(wire_client_call(&bulk, "FetchManifest", &fetch.base, NULL), ERR_FORBIDDEN);

    fixture_remove(f, "drone-1");
    assert_true(wire_client_wait_event(&control, ZMQ_EVENT_DISCONNECTED, CUT_MS));
    assert_true(wire_client_wait_event(&bulk, ZMQ_EVENT_DISCONNECTED, CUT_MS));
    assert_true(wire_client_wait_event(&control, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, WIRE_WAIT_MS));
    assert_true(wire_client_wait_event(&bulk, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, WIRE_WAIT_MS));
    wire_client_close(&control);
    wire_client_close(&bulk);
}

static void who_was_silent_when_it_was_removed_has_no_rights(void **state)
{
    struct fixture *f = *state;
    struct device old = fixture_register(f, "drone-1");
    struct wire_client control;
    struct wire_client bulk;
    fixture_connect(f, &old, &control);
    fixture_connect_bulk(f, &old, &bulk);
    assert_true(wire_client_wait_event(&control, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, WIRE_WAIT_MS));
    assert_true(wire_client_wait_event(&bulk, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, WIRE_WAIT_MS));
    fixture_remove(f, "drone-1");
    struct device new = fixture_register(f, "drone-1");
    char task_id[TASK_ID_SIZE];
    fixture_deploy(f, "drone-1", "package", task_id);

    Hivecast__V1__GoodbyeRequest goodbye = HIVECAST__V1__GOODBYE_REQUEST__INIT;
    Hivecast__V1__FetchManifestRequest fetch = HIVECAST__V1__FETCH_MANIFEST_REQUEST__INIT;
    fetch.task_id = task_id;
    (void)wire_client_send(&control, "Goodbye", &goodbye.base);
    (void)wire_client_send(&bulk, "FetchManifest", &fetch.base);
    assert_true(wire_client_wait_event(&control, ZMQ_EVENT_DISCONNECTED, WIRE_WAIT_MS));
    assert_true(wire_client_wait_event(&bulk, ZMQ_EVENT_DISCONNECTED, WIRE_WAIT_MS));
    struct rpc_message m;
    assert_false(wire_client_receive(&control, &m, 0));
    assert_false(wire_client_receive(&bulk, &m, 0));

    struct wire_client fresh;
    fixture_join(f, &new, &fresh);
    wire_client_close(&fresh);
    wire_client_close(&control);
    wire_client_close(&bulk);
}

static void a_new_connection_of_a_target_takes_the_place_of_the_old(void **state)
{
    struct fixture *f = *state;
    struct device d = fixture_register(f, "drone-1");
    struct wire_client first;
    struct wire_client second;
    fixture_join(f, &d, &first);
    fixture_join(f, &d, &second);
    assert_true(wire_client_wait_event(&first, ZMQ_EVENT_DISCONNECTED, WIRE_WAIT_MS));
    char task_id[TASK_ID_SIZE];
    fixture_deploy(f, "drone-1", NULL, task_id);
    assert_true(wire_client_expect(&second, "Announce", NULL, WIRE_WAIT_MS));
    assert_true(fixture_is_online(f, "drone-1"));
    wire_client_close(&first);
    wire_client_close(&second);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_registered_key_gets_in),
        TEST(an_unknown_key_is_refused_on_both_sockets),
        TEST(a_peer_without_curve_is_refused_on_both_sockets),
        TEST(a_password_is_no_key),
        TEST(hundreds_that_say_nothing_keep_nobody_out),
        TEST(a_removed_target_is_cut_on_both_sockets),
        TEST(who_was_silent_when_it_was_removed_has_no_rights),
        TEST(a_new_connection_of_a_target_takes_the_place_of_the_old),
    };
    return cmocka_run_group_tests_name("handshake", tests, NULL, NULL);
}
