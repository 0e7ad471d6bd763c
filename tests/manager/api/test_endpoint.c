/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "endpoint.h"

static void told(const char *bound, const char *advertised, const char *host, const char *expected)
{
    char out[ENDPOINT_SIZE];
    endpoint_tell(bound, advertised, host, out);
    assert_string_equal(out, expected);
}

static void an_advertised_host_always_wins(void **state)
{
    (void)state;
    told("tcp://0.0.0.0:5557", "manager.lan", "10.0.0.1:8080", "tcp://manager.lan:5557");
    told("tcp://10.0.0.9:5557", "manager.lan", NULL, "tcp://manager.lan:5557");
    told("tcp://[::]:5557", "fd00::1", NULL, "tcp://[fd00::1]:5557");
    told("tcp://[::]:5557", "[fd00::1]", NULL, "tcp://[fd00::1]:5557");
}

static void a_socket_on_any_address_is_told_by_the_host_the_agent_used(void **state)
{
    (void)state;
    told("tcp://0.0.0.0:5557", NULL, "10.0.0.1:8080", "tcp://10.0.0.1:5557");
    told("tcp://[::]:5557", NULL, "[fe80::1]:8080", "tcp://[fe80::1]:5557");
    told("tcp://*:5557", NULL, "manager", "tcp://manager:5557");
    told("tcp://[::ffff:0.0.0.0]:1", NULL, "m:1", "tcp://m:1");
}

static void a_bound_address_is_told_as_it_is(void **state)
{
    (void)state;
    told("tcp://127.0.0.1:5557", NULL, "manager:8080", "tcp://127.0.0.1:5557");
    told("tcp://[::ffff:127.0.0.1]:5557", NULL, "manager:8080", "tcp://127.0.0.1:5557");
    told("ipc:///run/control", NULL, "manager:8080", "ipc:///run/control");
}

static void an_odd_host_header_changes_nothing(void **state)
{
    (void)state;
    told("tcp://0.0.0.0:1", NULL, NULL, "tcp://0.0.0.0:1");
    told("tcp://0.0.0.0:1", NULL, "", "tcp://0.0.0.0:1");
    told("tcp://0.0.0.0:1", NULL, "[::1", "tcp://0.0.0.0:1");
    told("tcp://0.0.0.0:1", NULL, "\"';x", "tcp://0.0.0.0:1");
    told("tcp://0.0.0.0:1", NULL, "[", "tcp://0.0.0.0:1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_advertised_host_always_wins),
        cmocka_unit_test(a_socket_on_any_address_is_told_by_the_host_the_agent_used),
        cmocka_unit_test(a_bound_address_is_told_as_it_is),
        cmocka_unit_test(an_odd_host_header_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
