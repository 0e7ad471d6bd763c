/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of the transport by themselves: sessions, revocations, buffers, addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "revoked.h"
#include "send_pool.h"
#include "server_socket.h"
#include "sessions.h"

enum { MANY = 2000 };

static struct connection connection_of(const char *id, int fd, uint8_t route)
{
    struct connection c = {.fd = fd, .route = {.bytes = {0, 0, 0, 0, route}}};
    (void)snprintf(c.target_id, sizeof(c.target_id), "%s", id);
    return c;
}

static void a_session_is_known_by_target_and_connection(void **state)
{
    (void)state;
    AUTO(sessions_free) struct sessions *s = sessions_new();
    struct connection c = connection_of("drone-1", 0, 1);
    struct connection other = connection_of("drone-1", 0, 2);
    assert_null(sessions_find(s, "drone-1"));
    assert_int_equal(sessions_put(s, &c, NULL), ERR_OK);
    assert_non_null(sessions_find(s, "drone-1"));
    assert_true(sessions_knows(s, &c));
    assert_false(sessions_knows(s, &other));
    sessions_remove(s, "drone-1", false);
    sessions_remove(s, "drone-1", false);
    assert_null(sessions_find(s, "drone-1"));
    assert_int_equal(sessions_count(s), 0);
}

static void thousands_of_sessions_are_found(void **state)
{
    (void)state;
    AUTO(sessions_free) struct sessions *s = sessions_new();
    char id[ID_SIZE];
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(id, sizeof(id), "drone-%d", i);
        struct connection c = connection_of(id, -1, (uint8_t)i);
        assert_int_equal(sessions_put(s, &c, NULL), ERR_OK);
    }
    assert_int_equal(sessions_count(s), MANY);
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(id, sizeof(id), "drone-%d", i);
        assert_string_equal(sessions_find(s, id)->target_id, id);
    }
}

static void a_connection_that_ended_is_told_once(void **state)
{
    (void)state;
    AUTO(sessions_free) struct sessions *s = sessions_new();
    struct connection first = connection_of("drone-1", 0, 1);
    struct connection second = connection_of("drone-2", 1, 2);
    char id[ID_SIZE];
    assert_int_equal(sessions_put(s, &first, NULL), ERR_OK);
    assert_int_equal(sessions_put(s, &second, NULL), ERR_OK);
    sessions_depart(s, 0);
    sessions_depart(s, 0);
    sessions_depart(s, 77777);
    sessions_depart(s, -1);
    assert_null(sessions_find(s, "drone-1"));
    assert_true(sessions_next_departed(s, id));
    assert_string_equal(id, "drone-1");
    assert_false(sessions_next_departed(s, id));
    assert_non_null(sessions_find(s, "drone-2"));
}

static void who_comes_back_in_time_has_not_departed(void **state)
{
    (void)state;
    AUTO(sessions_free) struct sessions *s = sessions_new();
    struct connection first = connection_of("drone-1", 0, 1);
    struct connection again = connection_of("drone-1", 1, 2);
    char id[ID_SIZE];
    assert_int_equal(sessions_put(s, &first, NULL), ERR_OK);
    sessions_depart(s, 0);
    assert_int_equal(sessions_put(s, &again, NULL), ERR_OK);
    assert_false(sessions_next_departed(s, id));
    assert_true(sessions_knows(s, &again));
}

static void a_descriptor_has_one_owner(void **state)
{
    (void)state;
    AUTO(sessions_free) struct sessions *s = sessions_new();
    struct connection first = connection_of("drone-1", 0, 1);
    struct connection second = connection_of("drone-2", 0, 2);
    char id[ID_SIZE];
    assert_int_equal(sessions_put(s, &first, NULL), ERR_OK);
    assert_int_equal(sessions_put(s, &second, NULL), ERR_OK);
    assert_true(sessions_next_departed(s, id));
    assert_string_equal(id, "drone-1");
    assert_non_null(sessions_find(s, "drone-2"));
}

static void a_descriptor_that_was_given_away_is_not_cut(void **state)
{
    (void)state;
    int old[2];
    int new[2];
    char byte = 'x';
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, old), 0);
    struct tcp_link link = link_of(old[0]);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, new), 0);
    assert_int_equal(dup2(new[0], old[0]), old[0]);
    link_cut(&link);
    assert_int_equal(write(new[1], &byte, 1), 1);
    assert_int_equal(read(new[0], &byte, 1), 1);
    link = link_of(old[0]);
    link_cut(&link);
    assert_int_equal(read(new[0], &byte, 1), 0);
    for (int i = 0; i < 2; i++) {
        (void)close(old[i]);
        (void)close(new[i]);
    }
}

static void only_earlier_handshakes_are_revoked(void **state)
{
    (void)state;
    struct revoked r = {0};
    assert_int_equal(revoked_add(&r, "drone-1", 5, NULL), ERR_OK);
    assert_true(revoked_has(&r, "drone-1", 5));
    assert_false(revoked_has(&r, "drone-1", 6));
    assert_false(revoked_has(&r, "drone-2", 5));
    assert_int_equal(revoked_add(&r, "drone-1", 9, NULL), ERR_OK);
    assert_true(revoked_has(&r, "drone-1", 6));
    revoked_clear(&r);
}

static void *give_back(void *arg)
{
    struct send_buffer **buffers = arg;
    for (int i = 0; i < SEND_BUFFERS; i++)
        send_pool_release(buffers[i]->data, buffers[i]);
    return NULL;
}

static void count_back(void *arg, void *owner)
{
    assert_string_equal(owner, "owner");
    ++*(int *)arg;
}

static void buffers_are_bounded_and_come_back_from_another_thread(void **state)
{
    (void)state;
    AUTO(send_pool_free) struct send_pool *p = NULL;
    assert_int_equal(send_pool_new(&p, NULL), ERR_OK);
    char owner[] = "owner";
    struct send_buffer *buffers[SEND_BUFFERS];
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < SEND_BUFFERS; i++) {
            buffers[i] = send_pool_take(p, owner);
            assert_non_null(buffers[i]);
        }
        assert_null(send_pool_take(p, owner));
        assert_int_equal(send_pool_left(p), 0);
        pthread_t thread;
        int back = 0;
        assert_int_equal(pthread_create(&thread, NULL, give_back, buffers), 0);
        while (back < SEND_BUFFERS) {
            struct pollfd item = {.fd = send_pool_fd(p), .events = POLLIN};
            assert_int_equal(poll(&item, 1, 10000), 1);
            send_pool_collect(p, count_back, &back);
        }
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(send_pool_left(p), SEND_BUFFERS);
    }
}

static void endpoints_are_told_as_they_are_reached(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"tcp://0.0.0.0:5557", "manager.example", "tcp://manager.example:5557"},
        {"tcp://10.0.0.1:5557", "manager.example", "tcp://manager.example:5557"},
        {"tcp://[::]:5557", "fd00::1", "tcp://[fd00::1]:5557"},
        {"tcp://[::]:5557", "[fd00::1]", "tcp://[fd00::1]:5557"},
        {"tcp://[::]:5557", NULL, "tcp://127.0.0.1:5557"},
        {"tcp://0.0.0.0:5557", NULL, "tcp://127.0.0.1:5557"},
        {"tcp://10.0.0.1:5557", NULL, "tcp://10.0.0.1:5557"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[ENDPOINT_SIZE];
        endpoint_to_reach(rows[i][0], rows[i][1], out);
        assert_string_equal(out, rows[i][2]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_is_known_by_target_and_connection),
        cmocka_unit_test(thousands_of_sessions_are_found),
        cmocka_unit_test(a_connection_that_ended_is_told_once),
        cmocka_unit_test(who_comes_back_in_time_has_not_departed),
        cmocka_unit_test(a_descriptor_has_one_owner),
        cmocka_unit_test(a_descriptor_that_was_given_away_is_not_cut),
        cmocka_unit_test(only_earlier_handshakes_are_revoked),
        cmocka_unit_test(buffers_are_bounded_and_come_back_from_another_thread),
        cmocka_unit_test(endpoints_are_told_as_they_are_reached),
    };
    return cmocka_run_group_tests_name("parts", tests, NULL, NULL);
}
