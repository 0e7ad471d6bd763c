/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong tries: a burst, then a few a second, per address and in all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "throttle.h"

enum { START_MS = 1000000 };

static int tries_until_refused(struct throttle *t, const char *address, int64_t now_ms)
{
    int tries = 0;
    while (throttle_wait_ms(t, address, now_ms) == 0) {
        throttle_count(t, address, now_ms);
        tries++;
    }
    return tries;
}

static void an_address_has_a_burst_and_then_waits(void **state)
{
    (void)state;
    struct throttle t = {0};
    assert_int_equal(tries_until_refused(&t, "10.0.0.1", START_MS), THROTTLE_ADDRESS_BURST);
    int64_t wait_ms = throttle_wait_ms(&t, "10.0.0.1", START_MS);
    assert_in_range(wait_ms, 1, 1000);
    assert_int_equal(throttle_wait_ms(&t, "10.0.0.1", START_MS + wait_ms), 0);
    assert_true(throttle_wait_ms(&t, "10.0.0.1", START_MS + wait_ms - 1) > 0);
    assert_int_equal(throttle_wait_ms(&t, "10.0.0.2", START_MS), 0);
}

static void a_second_is_worth_three_tries(void **state)
{
    (void)state;
    struct throttle t = {0};
    (void)tries_until_refused(&t, "10.0.0.1", START_MS);
    int tries = 0;
    for (int64_t ms = 1; ms <= 10000; ms++)
        tries += tries_until_refused(&t, "10.0.0.1", START_MS + ms);
    assert_int_equal(tries, 10 * THROTTLE_ADDRESS_PER_S);
}

static void all_addresses_together_are_limited_too(void **state)
{
    (void)state;
    struct throttle t = {0};
    int tries = 0;
    for (int i = 0; i < 1000; i++) {
        char address[ADDRESS_SIZE];
        (void)snprintf(address, sizeof(address), "10.0.%d.%d", i / 250, i % 250);
        tries += tries_until_refused(&t, address, START_MS);
    }
    assert_int_equal(tries, THROTTLE_ALL_BURST);
    assert_true(throttle_wait_ms(&t, "192.168.0.1", START_MS) > 0);
    assert_int_equal(throttle_wait_ms(&t, "192.168.0.1", START_MS + 1000), 0);
}

static void an_address_is_remembered_while_others_come_and_go(void **state)
{
    (void)state;
    struct throttle t = {0};
    (void)tries_until_refused(&t, "10.0.0.1", START_MS);
    for (int i = 0; i < THROTTLE_ALL_BURST; i++) {
        char address[ADDRESS_SIZE];
        (void)snprintf(address, sizeof(address), "10.1.0.%d", i);
        if (throttle_wait_ms(&t, address, START_MS) == 0)
            throttle_count(&t, address, START_MS);
    }
    assert_true(throttle_wait_ms(&t, "10.0.0.1", START_MS + 100) > 0);
}

static void debts_are_forgiven_in_the_end(void **state)
{
    (void)state;
    struct throttle t = {0};
    (void)tries_until_refused(&t, "10.0.0.1", START_MS);
    assert_int_equal(tries_until_refused(&t, "10.0.0.1", START_MS + 60000), THROTTLE_ADDRESS_BURST);
}

static void a_clock_set_back_forgives_nothing_and_locks_nobody_out(void **state)
{
    (void)state;
    struct throttle t = {0};
    (void)tries_until_refused(&t, "10.0.0.1", START_MS);
    int64_t wait_ms = throttle_wait_ms(&t, "10.0.0.1", 0);
    assert_in_range(wait_ms, 1, 1000);
    throttle_count(&t, "10.0.0.1", 0);
    assert_int_equal(throttle_wait_ms(&t, "10.0.0.1", 5000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_has_a_burst_and_then_waits),
        cmocka_unit_test(a_second_is_worth_three_tries),
        cmocka_unit_test(all_addresses_together_are_limited_too),
        cmocka_unit_test(an_address_is_remembered_while_others_come_and_go),
        cmocka_unit_test(debts_are_forgiven_in_the_end),
        cmocka_unit_test(a_clock_set_back_forgives_nothing_and_locks_nobody_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
