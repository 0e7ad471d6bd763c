/* SPDX-License-Identifier: Apache-2.0 */
#include "run_fixture.h"

static const struct log_source debug_source = {
    .task_id = "brave-otter", .stage = STAGE_RUN, .command = "./serve", .is_debug = true};
static const struct log_source quiet_source = {
    .task_id = "brave-otter", .stage = STAGE_RUN, .command = "./serve"};
static const struct log_source other_source = {
    .task_id = "calm-heron", .stage = STAGE_RUN, .command = "./count"};
static const struct log_source terminal_source = {
    .task_id = "", .stage = STAGE_TERMINAL, .command = "uptime"};

static void say(struct run_fixture *f, const struct log_source *source, const char *text)
{
    response_collector_output(f->collector, source, text, strlen(text), false);
}

static void lines_of_one_command_become_one_report_within_a_second(void **state)
{
    struct run_fixture *f = *state;
    int64_t start_ms = clock_monotonic_ms();
    say(f, &debug_source, "one");
    say(f, &debug_source, "two");
    assert_int_equal(spool_pending_bytes(f->spool), 0);
    run_support_turn_until(f->loop, &f->ready, 1);
    assert_in_range(clock_monotonic_ms() - start_ms, 900, 5000);
    assert_string_equal(run_fixture_sent(f), "log brave-otter run ./serve o one\n"
                                             "log brave-otter run ./serve o two\n");
    assert_int_equal(f->sent.reports, 1);
}

static void errors_and_the_terminal_leave_at_the_end_of_the_turn(void **state)
{
    struct run_fixture *f = *state;
    response_collector_output(f->collector, &quiet_source, "bad", 3, true);
    response_collector_output(f->collector, &quiet_source, "worse", 5, true);
    ASSERT_OK(loop_turn(f->loop, 1000, e));
    assert_int_equal(f->ready, 1);
    say(f, &terminal_source, "up 3 days");
    ASSERT_OK(loop_turn(f->loop, 1000, e));
    assert_int_equal(f->ready, 2);
    assert_string_equal(run_fixture_sent(f), "log brave-otter run ./serve e bad\n"
                                             "log brave-otter run ./serve e worse\n"
                                             "log  terminal uptime o up 3 days\n");
    assert_int_equal(f->sent.reports, 2);
}

static void an_acknowledgement_comes_after_what_was_said_before_it(void **state)
{
    struct run_fixture *f = *state;
    say(f, &debug_source, "first");
    struct acknowledgement a = {.task_id = "brave-otter",
                                .state = TASK_FAILED,
                                .run_state = RUN_NONE,
                                .exit_status = 3,
                                .code = ERR_COMMAND_FAILED,
                                .message = "it \xff"
                                           "broke"};
    response_collector_acknowledge(f->collector, &a);
    say(f, &debug_source, "last");
    assert_int_equal(f->ready, 1);
    assert_string_equal(run_fixture_sent(f),
                        "log brave-otter run ./serve o first\n"
                        "ack brave-otter failed none 3 command-failed it \xef\xbf\xbd"
                        "broke\n"
                        "log brave-otter run ./serve o last\n");
}

static void without_debug_output_is_kept_until_it_is_asked_for_once(void **state)
{
    struct run_fixture *f = *state;
    say(f, &quiet_source, "quiet");
    say(f, &other_source, "other");
    response_collector_event(f->collector, &quiet_source, false, "exited with status %d", 0);
    assert_string_equal(run_fixture_sent(f),
                        "log brave-otter run ./serve oE exited with status 0\n");
    ASSERT_OK(response_collector_send_kept(f->collector, "brave-otter", e));
    ASSERT_SENT(f, "log brave-otter run ./serve o quiet\n");
    ASSERT_NOT_SENT(f, "other");
    ASSERT_OK(response_collector_send_kept(f->collector, "", e));
    ASSERT_SENT(f, "log calm-heron run ./count o other\n");
    size_t lines = f->sent.lines;
    ASSERT_OK(response_collector_send_kept(f->collector, "", e));
    (void)run_fixture_sent(f);
    assert_int_equal(f->sent.lines, lines);
}

static void kept_output_outlives_the_process(void **state)
{
    struct run_fixture *f = *state;
    say(f, &quiet_source, "before");
    run_fixture_close(f);
    run_fixture_open(f, 1024 * 1024);
    say(f, &quiet_source, "after");
    ASSERT_OK(response_collector_send_kept(f->collector, "brave-otter", e));
    assert_string_equal(run_fixture_sent(f), "log brave-otter run ./serve o before\n"
                                             "log brave-otter run ./serve o after\n");
}

static void kept_output_is_bounded_and_what_was_dropped_is_said(void **state)
{
    struct run_fixture *f = *state;
    char line[200];
    enum { COUNT = 10000 };
    for (int i = 0; i < COUNT; i++) {
        snprintf(line, sizeof(line), "line %d %0150d", i, i);
        say(f, &quiet_source, line);
        if (i == COUNT / 2) { /* what is said must not depend on one life of the agent */
            run_fixture_close(f);
            run_fixture_open(f, 1024 * 1024);
        }
    }
    ASSERT_OK(response_collector_send_kept(f->collector, "brave-otter", e));
    ASSERT_SENT(f, "line 9999 ");
    ASSERT_NOT_SENT(f, "line 0 ");
    assert_true(f->sent.lost > 0);
    assert_true(f->sent.lines > 500);
    assert_int_equal(f->sent.lines + f->sent.lost, COUNT);
}

static void an_event_is_one_harmless_line(void **state)
{
    struct run_fixture *f = *state;
    response_collector_event(f->collector, &debug_source, true, "cannot\nrun \x1b[1m%s", "x");
    assert_string_equal(run_fixture_sent(f),
                        "log brave-otter run ./serve eE cannot run \\x1b[1mx\n");
}

static void a_long_command_is_cut_where_a_character_begins(void **state)
{
    struct run_fixture *f = *state;
    char command[1024];
    memset(command, 'x', 510);
    snprintf(command + 510, sizeof(command) - 510, "\xe2\x82\xac and more");
    struct log_source source = {
        .task_id = "t", .stage = STAGE_RUN, .command = command, .is_debug = true};
    say(f, &source, "a");
    say(f, &source, "b");
    command[510] = '\0';
    char expected[2048];
    snprintf(expected, sizeof(expected), "log t run %s o a\nlog t run %s o b\n", command, command);
    assert_string_equal(run_fixture_sent(f), expected);
    assert_int_equal(f->sent.reports, 1);
}

static void many_commands_at_once_keep_each_its_order(void **state)
{
    struct run_fixture *f = *state;
    char command[32];
    char line[32];
    for (int i = 0; i < 3000; i++) {
        snprintf(command, sizeof(command), "command-%d", i % 20);
        snprintf(line, sizeof(line), "%d.", i / 20);
        struct log_source source = {
            .task_id = "t", .stage = STAGE_RUN, .command = command, .is_debug = true};
        say(f, &source, line);
    }
    const char *text = run_fixture_sent(f);
    assert_int_equal(f->sent.lines, 3000);
    for (int c = 0; c < 20; c++) {
        const char *at = text;
        for (int i = 0; i < 150; i++) {
            char expected[80];
            snprintf(expected, sizeof(expected), "log t run command-%d o %d.\n", c, i);
            at = strstr(at, expected);
            assert_non_null(at);
        }
    }
}

static void fill(struct run_fixture *f, uint64_t bytes)
{
    char line[1000];
    memset(line, '-', sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    for (uint64_t i = 0; i < bytes / sizeof(line); i++)
        say(f, &debug_source, line);
    response_collector_flush(f->collector);
}

static void output_is_held_back_while_the_manager_does_not_keep_up(void **state)
{
    struct run_fixture *f = *state;
    fill(f, 700 * 1024);
    assert_false(f->is_high); /* nobody is there to wait for */
    response_collector_set_online(f->collector, true);
    assert_true(f->is_high);
    (void)run_fixture_sent(f);
    assert_false(f->is_high);
    fill(f, 700 * 1024);
    assert_true(f->is_high);
    response_collector_set_online(f->collector, false);
    assert_false(f->is_high);
}

static bool is_high(void *arg)
{
    const struct run_fixture *f = arg;
    return f->is_high;
}

static void output_is_not_held_back_for_ever(void **state)
{
    struct run_fixture *f = *state;
    response_collector_set_online(f->collector, true);
    fill(f, 700 * 1024);
    assert_true(f->is_high);
    run_support_turn_while(f->loop, is_high, f);
    fill(f, 1000 * 1024);
    assert_false(f->is_high);
    (void)run_fixture_sent(f);
    assert_true(f->sent.lost > 0);
    assert_int_equal(f->sent.lost + f->sent.lines, 700 * 1024 / 1000 + 1000 * 1024 / 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, run_fixture_set_up, run_fixture_tear_down)
        TEST(lines_of_one_command_become_one_report_within_a_second),
        TEST(errors_and_the_terminal_leave_at_the_end_of_the_turn),
        TEST(an_acknowledgement_comes_after_what_was_said_before_it),
        TEST(without_debug_output_is_kept_until_it_is_asked_for_once),
        TEST(kept_output_outlives_the_process),
        TEST(kept_output_is_bounded_and_what_was_dropped_is_said),
        TEST(an_event_is_one_harmless_line),
        TEST(a_long_command_is_cut_where_a_character_begins),
        TEST(many_commands_at_once_keep_each_its_order),
        TEST(output_is_held_back_while_the_manager_does_not_keep_up),
        TEST(output_is_not_held_back_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
