/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"

static void a_time_is_written_as_rfc_3339(void **state)
{
    (void)state;
    char text[TIME_TEXT_SIZE];
    clock_format(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    clock_format(1795341600007, text);
    assert_string_equal(text, "2026-11-22T10:00:00.007Z");
    clock_format(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
}

static void a_hostile_time_still_has_four_digits_of_year(void **state)
{
    (void)state;
    char text[TIME_TEXT_SIZE];
    clock_format(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    clock_format(INT64_MIN, text);
    assert_string_equal(text, "1000-01-01T00:00:00.000Z");
}

static void the_monotonic_clock_does_not_go_back(void **state)
{
    (void)state;
    int64_t before = clock_monotonic_ms();
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_monotonic_ms();
        assert_true(now >= before);
        before = now;
    }
}

static void the_wall_clock_is_later_than_the_day_this_was_written(void **state)
{
    (void)state;
    assert_true(clock_wall_ms() > 1700000000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_is_written_as_rfc_3339),
        cmocka_unit_test(a_hostile_time_still_has_four_digits_of_year),
        cmocka_unit_test(the_monotonic_clock_does_not_go_back),
        cmocka_unit_test(the_wall_clock_is_later_than_the_day_this_was_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
