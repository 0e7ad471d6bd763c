/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "params.h"

static int clear(void **state)
{
    params_clear(*state);
    free(*state);
    return 0;
}

static int setup(void **state)
{
    *state = calloc(1, sizeof(struct query_params));
    return *state != NULL ? 0 : -1;
}

static void escapes_are_decoded_once(void **state)
{
    struct query_params *p = *state;
    assert_int_equal(params_add(p, "t%65xt", "a%2520b%c3%a9", NULL), ERR_OK);
    assert_string_equal(params_text(p, "text"), "a%20b\xc3\xa9");
}

static void bad_escapes_nul_and_bad_utf8_are_refused(void **state)
{
    static const char *const bad[] = {"%",   "%4",     "%zz",       "%00",          "a%00b",
                                      "%ff", "%c0%af", "%ed%a0%80", "%f5%80%80%80", "%e2%82",
                                      "%80"};
    struct error e = {0};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(params_add(*state, "id", bad[i], &e), ERR_INVALID);
        assert_memory_equal(e.text, "id: ", 4);
    }
}

static void a_parameter_given_twice_is_refused(void **state)
{
    assert_int_equal(params_add(*state, "page", "1", NULL), ERR_OK);
    assert_int_equal(params_add(*state, "page", "2", NULL), ERR_INVALID);
}

static void more_parameters_than_anyone_needs_are_refused(void **state)
{
    char name[8];
    for (int i = 0; i < PARAMS_MAX; i++) {
        snprintf(name, sizeof(name), "p%d", i);
        assert_int_equal(params_add(*state, name, "", NULL), ERR_OK);
    }
    assert_int_equal(params_add(*state, "last", "", NULL), ERR_TOO_LARGE);
}

static void what_nobody_asks_for_is_named(void **state)
{
    struct error e = {0};
    assert_int_equal(params_add(*state, "page", "1", NULL), ERR_OK);
    assert_int_equal(params_add(*state, "pgae", "1", NULL), ERR_OK);
    assert_non_null(params_text(*state, "page"));
    assert_int_equal(params_end(*state, &e), ERR_INVALID);
    assert_string_equal(e.text, "pgae: unknown query parameter");
}

static void pages_have_defaults_and_bounds(void **state)
{
    struct page page = {0};
    assert_int_equal(params_page(*state, &page, NULL), ERR_OK);
    assert_int_equal(page.number, 1);
    assert_int_equal(page.size, 100);
    assert_int_equal(params_add(*state, "perPage", "1000", NULL), ERR_OK);
    assert_int_equal(params_page(*state, &page, NULL), ERR_OK);
    assert_int_equal(page.size, 1000);
}

static void odd_numbers_are_refused(void **state)
{
    static const char *const bad[] = {
        "", "0", "1001", "-1", "1e2", " 1", "1 ", "99999999999999999999", "0x1"};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct query_params p = {0};
        uint64_t out = 7;
        assert_int_equal(params_add(&p, "n", bad[i], NULL), ERR_OK);
        assert_int_equal(params_integer(&p, "n", 1, 1000, &out, NULL), ERR_INVALID);
        assert_int_equal(out, 7);
        params_clear(&p);
    }
}

static void time_is(const char *text, int64_t expected)
{
    struct query_params p = {0};
    int64_t out = -1;
    assert_int_equal(params_add(&p, "from", text, NULL), ERR_OK);
    assert_int_equal(params_time(&p, "from", &out, NULL), expected < 0 ? ERR_INVALID : ERR_OK);
    assert_int_equal(out, expected);
    params_clear(&p);
}

static void times_are_rfc_3339(void **state)
{
    (void)state;
    time_is("2026-11-22T10:00:00Z", 1795341600000);
    time_is("2026-11-22T10:00:00.125Z", 1795341600125);
    time_is("2026-11-22T11:00:00.1250001%2B01:00", 1795341600125);
    time_is("2026-11-22T11:00:00 01:00", 1795341600000); /* a "+" in a query is a space */
    time_is("2026-11-22T08:30:00-01:30", 1795341600000);
    time_is("2026-11-22", -1);
    time_is("2026-11-22T10:00:00", -1);
    time_is("2026-13-22T10:00:00Z", -1);
    time_is("yesterday", -1);
    time_is("2026-11-22T10:00:00%2B1:00", -1);
}

static void a_minus_sorts_descending(void **state)
{
    static const struct params_sort sorts[] = {{"id", 1}, {"time", 2}};
    int sort = 0;
    bool is_descending = false;
    assert_int_equal(params_add(*state, "sort", "-time", NULL), ERR_OK);
    assert_int_equal(params_sort(*state, sorts, 2, &sort, &is_descending, NULL), ERR_OK);
    assert_int_equal(sort, 2);
    assert_true(is_descending);
    assert_int_equal(params_sort(*state, sorts, 1, &sort, &is_descending, NULL), ERR_INVALID);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(escapes_are_decoded_once),
        TEST(bad_escapes_nul_and_bad_utf8_are_refused),
        TEST(a_parameter_given_twice_is_refused),
        TEST(more_parameters_than_anyone_needs_are_refused),
        TEST(what_nobody_asks_for_is_named),
        TEST(pages_have_defaults_and_bounds),
        TEST(odd_numbers_are_refused),
        TEST(times_are_rfc_3339),
        TEST(a_minus_sorts_descending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
