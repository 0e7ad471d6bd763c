/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "log_view.h"

static const int64_t now_ms = 1795341600000; /* 2026-11-22T10:00:00Z */

static void assert_time(const char *text, const char *expected)
{
    char out[TIME_TEXT_SIZE];
    assert_int_equal(log_view_time(text, now_ms, out, NULL), ERR_OK);
    assert_string_equal(out, expected);
}

static json_t *line_of(const char *output)
{
    json_t *line =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:s}", "time", "2026-11-22T10:00:00.123Z",
                  "target", "drone-1", "task", "otter", "stage", "run", "output", output, "error",
                  0, "event", 0, "command", "x");
    assert_non_null(line);
    return line;
}

static bool matches(const char *words, const char *output)
{
    const struct log_filter filter = {.words = words};
    json_t *line = line_of(output);
    bool result = log_view_matches(&filter, line);
    json_decref(line);
    return result;
}

static void times_are_ages_or_points(void **state)
{
    (void)state;
    assert_time("90s", "2026-11-22T09:58:30.000Z");
    assert_time("10m", "2026-11-22T09:50:00.000Z");
    assert_time("2h", "2026-11-22T08:00:00.000Z");
    assert_time("3d", "2026-11-19T10:00:00.000Z");
    assert_time("2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z");
}

static void other_times_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "10", "m", "-5m", "10 m", "yesterday", "99999999999d"};
    char out[TIME_TEXT_SIZE];
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(log_view_time(bad[i], now_ms, out, NULL), ERR_INVALID);
}

static void words_match_whole_in_any_order_and_case(void **state)
{
    (void)state;
    assert_true(matches("lost connection", "Connection to base LOST."));
    assert_false(matches("connect", "connection"));
    assert_true(matches("connect*", "connection"));
    assert_false(matches("lost found", "lost"));
    assert_true(matches("", "anything"));
}

static void phrases_match_as_they_are(void **state)
{
    (void)state;
    assert_true(matches("\"timed out\"", "it timed out again"));
    assert_false(matches("\"timed out\"", "out it timed"));
    assert_true(matches("\"timed out\" again", "again it timed out"));
    assert_true(matches("\"unfinished", "unfinished"));
}

static void a_filter_looks_at_every_field(void **state)
{
    (void)state;
    json_t *line = line_of("text");
    struct log_filter filter = {.target = "drone-1", .task = "otter", .stage = "run"};
    assert_true(log_view_matches(&filter, line));
    filter.is_errors = true;
    assert_false(log_view_matches(&filter, line));
    filter = (struct log_filter){.stage = "install"};
    assert_false(log_view_matches(&filter, line));
    filter = (struct log_filter){.target = "drone-2"};
    assert_false(log_view_matches(&filter, line));
    json_decref(line);
}

static void a_line_is_printed_without_control_characters(void **state)
{
    (void)state;
    char text[256] = "";
    json_t *line = line_of("evil\033[2J\tline\xc2\x9b"
                           "2J");
    FILE *f = fmemopen(text, sizeof(text), "w");
    assert_non_null(f);
    log_view_print(f, line);
    fclose(f);
    assert_string_equal(text, "2026-11-22 10:00:00 drone-1 otter run: evil?[2J\tline?2J\n");
    json_decref(line);
}

static void a_batch_becomes_lines_with_its_source(void **state)
{
    (void)state;
    json_t *event = json_loads(
        "{\"seq\":1,\"topic\":\"logs\",\"data\":{\"target\":\"t\",\"task\":\"k\",\"stage\":\"run\","
        "\"command\":\"c\",\"lines\":[{\"time\":\"x\",\"output\":\"1\",\"error\":false,\"event\":"
        "true},"
        "{\"time\":\"y\",\"output\":\"2\",\"error\":true,\"event\":false}]}}",
        0, NULL);
    json_t *lines = log_view_lines(event);
    assert_int_equal(json_array_size(lines), 2);
    const json_t *second = json_array_get(lines, 1);
    assert_string_equal(json_string_value(json_object_get(second, "target")), "t");
    assert_string_equal(json_string_value(json_object_get(second, "output")), "2");
    assert_true(json_is_true(json_object_get(second, "error")));
    json_decref(lines);
    json_decref(event);
    lines = log_view_lines(NULL);
    assert_int_equal(json_array_size(lines), 0);
    json_decref(lines);
}

static void the_exit_status_is_read_from_the_event(void **state)
{
    (void)state;
    int status = -1;
    assert_true(log_view_exit_status("exited with status 0", &status));
    assert_int_equal(status, 0);
    assert_true(log_view_exit_status("exited with status 137", &status));
    assert_int_equal(status, 137);
    assert_true(log_view_exit_status("ended by signal 15", &status));
    assert_int_equal(status, 143);
    assert_false(log_view_exit_status("started", &status));
    assert_false(log_view_exit_status("exited with status ", &status));
    assert_false(log_view_exit_status("exited with status 99999", &status));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_ages_or_points),
        cmocka_unit_test(other_times_are_refused),
        cmocka_unit_test(words_match_whole_in_any_order_and_case),
        cmocka_unit_test(phrases_match_as_they_are),
        cmocka_unit_test(a_filter_looks_at_every_field),
        cmocka_unit_test(a_line_is_printed_without_control_characters),
        cmocka_unit_test(a_batch_becomes_lines_with_its_source),
        cmocka_unit_test(the_exit_status_is_read_from_the_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
