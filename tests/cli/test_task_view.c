/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "task_view.h"

static json_t *counts(const char *text)
{
    json_t *value = json_loads(text, 0, NULL);
    assert_non_null(value);
    return value;
}

static void assert_settled(const char *text, bool expected)
{
    json_t *value = counts(text);
    assert_int_equal(task_view_is_settled(value), expected);
    json_decref(value);
}

static void the_summary_names_every_state_that_has_targets(void **state)
{
    (void)state;
    struct bytes text = {0};
    json_t *value = counts(
        "{\"total\":10,\"states\":{\"succeeded\":3,\"pending\":6,\"failed\":1},\"runs\":{}}");
    assert_int_equal(task_view_summary(value, &text, NULL), ERR_OK);
    assert_string_equal((char *)text.data, "3 of 10 succeeded, 1 failed, 6 pending");
    bytes_clear(&text);
    json_decref(value);
}

static void a_task_is_settled_when_no_target_will_change(void **state)
{
    (void)state;
    assert_settled("{\"total\":2,\"states\":{\"succeeded\":1,\"failed\":1},\"runs\":{\"up\":1}}",
                   true);
    assert_settled("{\"total\":1,\"states\":{\"stopped\":1},\"runs\":{}}", true);
    assert_settled("{\"total\":2,\"states\":{\"succeeded\":1,\"pending\":1},\"runs\":{\"up\":1}}",
                   false);
    assert_settled("{\"total\":1,\"states\":{\"installing\":1},\"runs\":{}}", false);
}

static void success_is_not_settled_before_its_commands_are_up(void **state)
{
    (void)state;
    assert_settled("{\"total\":1,\"states\":{\"succeeded\":1},\"runs\":{\"starting\":1}}", false);
    assert_settled("{\"total\":1,\"states\":{\"succeeded\":1},\"runs\":{\"none\":1}}", true);
    assert_settled("{\"total\":1,\"states\":{\"succeeded\":1},\"runs\":{\"backing-off\":1}}", true);
}

static void equal_errors_are_one_group_and_the_largest_comes_first(void **state)
{
    (void)state;
    json_t *rows =
        counts("[{\"target\":\"a\",\"state\":\"failed\",\"code\":\"x\",\"message\":\"rare\"},"
               "{\"target\":\"b\",\"state\":\"failed\",\"code\":\"x\",\"message\":\"common\"},"
               "{\"target\":\"c\",\"state\":\"succeeded\",\"runState\":\"up\"},"
               "{\"target\":\"d\",\"state\":\"failed\",\"code\":\"x\",\"message\":\"common\"},"
               "{\"target\":\"e\",\"state\":\"rejected\",\"code\":\"x\",\"message\":\"common\"}]");
    json_t *groups = task_view_failures(rows);
    assert_int_equal(json_array_size(groups), 3);
    const json_t *first = json_array_get(groups, 0);
    assert_string_equal(json_string_value(json_object_get(first, "message")), "common");
    assert_int_equal(json_array_size(json_object_get(first, "targets")), 2);
    json_decref(groups);
    json_decref(rows);
}

static void run_commands_that_ended_badly_are_failures(void **state)
{
    (void)state;
    json_t *rows = counts(
        "[{\"target\":\"a\",\"state\":\"succeeded\",\"runState\":\"exited\",\"exitStatus\":0},"
        "{\"target\":\"b\",\"state\":\"succeeded\",\"runState\":\"exited\",\"exitStatus\":3},"
        "{\"target\":\"c\",\"state\":\"succeeded\",\"runState\":\"backing-off\"},"
        "{\"target\":\"d\",\"state\":\"stopped\",\"runState\":\"exited\",\"exitStatus\":143}]");
    json_t *groups = task_view_failures(rows);
    assert_int_equal(json_array_size(groups), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(groups, 0), "message")),
                        "a run command exited with status 3");
    json_decref(groups);
    json_decref(rows);
}

static void failures_are_one_line_each_with_a_few_targets(void **state)
{
    (void)state;
    char text[512] = "";
    json_t *groups = counts("[{\"state\":\"failed\",\"code\":\"x\",\"message\":\"make\\u001b[2J\","
                            "\"targets\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\"]}]");
    FILE *f = fmemopen(text, sizeof(text), "w");
    assert_non_null(f);
    task_view_print_failures(f, groups);
    fclose(f);
    assert_string_equal(text, "failed on 6 targets: make?[2J (a, b, c, d, e, ...)\n");
    json_decref(groups);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_summary_names_every_state_that_has_targets),
        cmocka_unit_test(a_task_is_settled_when_no_target_will_change),
        cmocka_unit_test(success_is_not_settled_before_its_commands_are_up),
        cmocka_unit_test(equal_errors_are_one_group_and_the_largest_comes_first),
        cmocka_unit_test(run_commands_that_ended_badly_are_failures),
        cmocka_unit_test(failures_are_one_line_each_with_a_few_targets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
