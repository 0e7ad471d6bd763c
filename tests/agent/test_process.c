/* SPDX-License-Identifier: Apache-2.0 */
/* Real shells. A command tells that it has come to a point by a line of output. */
#include "run_support.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "process.h"
#include "process_sweep.h"
#include "strlist.h"

struct fixture {
    char dir[64];
    struct loop *loop;
    struct process_table *table;
    struct bytes output; /* "o:" and "e:" before each line */
    int lines;
    int ended;
    int exit_status;
    struct process *process;
};

static void on_line(void *arg, const char *text, size_t size, bool is_error)
{
    struct fixture *f = arg;
    ASSERT_OK(bytes_append(&f->output, is_error ? "e:" : "o:", 2, e));
    ASSERT_OK(bytes_append(&f->output, text, size, e));
    ASSERT_OK(bytes_append(&f->output, "\n", 1, e));
    f->lines++;
}

static void on_ended(void *arg, int exit_status)
{
    struct fixture *f = arg;
    f->exit_status = exit_status;
    f->process = NULL;
    f->ended++;
}

static const struct process_events events = {.line = on_line, .ended = on_ended};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    run_support_make_dir(f->dir);
    ASSERT_OK(loop_new(&f->loop, e));
    ASSERT_OK(process_table_new(f->loop, f->dir, "drone-1", &f->table, e));
    *state = f;
    return 0;
}

/* Nothing that a test started may be left, not even a zombie. */
static int tear_down(void **state)
{
    struct fixture *f = *state;
    char mark[PROCESS_MARK_SIZE];
    ASSERT_OK(process_sweep_mark(f->dir, mark, e));
    process_table_free(f->table);
    assert_int_equal(process_sweep(mark, 0, NULL, NULL), 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    loop_free(f->loop);
    run_support_remove_dir(f->dir);
    bytes_clear(&f->output);
    free(f);
    return 0;
}

static void start(struct fixture *f, const char *command)
{
    struct process_place place = {
        .directory = f->dir, .task_id = "brave-otter", .app = "web", .app_data = "/data/web"};
    ASSERT_OK(process_start(f->table, command, &place, &events, f, &f->process, e));
}

static void run(struct fixture *f, const char *command)
{
    start(f, command);
    run_support_turn_until(f->loop, &f->ended, f->ended + 1);
}

static const char *output(const struct fixture *f)
{
    return f->output.data != NULL ? (const char *)f->output.data : "";
}

static void output_of_both_streams_comes_as_lines_before_the_end(void **state)
{
    struct fixture *f = *state;
    run(f, "echo one; echo two >&2; printf three");
    assert_non_null(strstr(output(f), "o:one\n"));
    assert_non_null(strstr(output(f), "e:two\n"));
    assert_non_null(strstr(output(f), "o:three\n"));
    assert_int_equal(f->lines, 3);
    assert_int_equal(f->exit_status, 0);
    assert_int_equal(process_table_count(f->table), 0);
}

static void the_exit_status_is_that_of_the_command_or_128_and_the_signal(void **state)
{
    struct fixture *f = *state;
    run(f, "exit 7");
    assert_int_equal(f->exit_status, 7);
    run(f, "kill -KILL $$");
    assert_int_equal(f->exit_status, 128 + SIGKILL);
}

static void the_environment_is_clean_and_tells_where_the_command_is(void **state)
{
    struct fixture *f = *state;
    run(f, "pwd; env | cut -d= -f1 | sort | tr '\\n' ' '; echo; "
           "echo $HIVECAST_TASK $HIVECAST_APP $HIVECAST_APP_DATA $HIVECAST_TARGET");
    char expected[128];
    snprintf(expected, sizeof(expected), "o:%s\n", f->dir);
    assert_non_null(strstr(output(f), expected));
    assert_non_null(strstr(output(f), "o:brave-otter web /data/web drone-1\n"));
    assert_non_null(strstr(output(f), "HIVECAST_AGENT"));
    assert_non_null(strstr(output(f), "HIVECAST_PROCESS"));
    assert_null(strstr(output(f), "CMOCKA"));
    assert_null(strstr(output(f), "OLDPWD"));
}

static void the_command_has_no_descriptor_mask_or_terminal_of_ours(void **state)
{
    struct fixture *f = *state;
    AUTO_CLOSE int leak = open("/dev/zero", O_RDONLY); /* not close-on-exec, on purpose */
    assert_true(leak > 2);
    run(f, "ls /proc/self/fd | tr '\\n' ' '; echo; readlink /proc/self/fd/0; "
           "grep -E 'SigBlk|SigIgn' /proc/self/status; cut -d' ' -f6 /proc/$$/stat; echo $$");
    assert_non_null(strstr(output(f), "o:0 1 2 3 \n")); /* 3 is of ls itself */
    assert_non_null(strstr(output(f), "o:/dev/null\n"));
    assert_non_null(strstr(output(f), "o:SigBlk:\t0000000000000000\n"));
    assert_non_null(strstr(output(f), "o:SigIgn:\t0000000000000000\n"));
    int session = 0;
    int pid = 1;
    const char *tail = strstr(output(f), "SigIgn");
    assert_non_null(tail);
    assert_int_equal(sscanf(strchr(tail, '\n'), "\no:%d\no:%d", &session, &pid), 2);
    assert_int_equal(session, pid);
}

static void what_keeps_a_command_from_starting_is_told(void **state)
{
    struct fixture *f = *state;
    struct error e = {.code = ERR_OK};
    struct process_place place = {.directory = "/nowhere/at/all"};
    assert_int_equal(process_start(f->table, "true", &place, &events, f, &f->process, &e),
                     ERR_NOT_FOUND);
    assert_string_equal(e.text, "change to directory /nowhere/at/all: No such file or directory");
    place.directory = f->dir;
    const char *const argv[] = {"/nowhere/program", NULL};
    assert_int_equal(process_start_program(f->table, argv, &place, &events, f, &f->process, &e),
                     ERR_NOT_FOUND);
    assert_string_equal(e.text, "execute /nowhere/program: No such file or directory");
    assert_int_equal(process_table_count(f->table), 0);
}

static void stop_ends_the_whole_group_and_asks_first(void **state)
{
    struct fixture *f = *state;
    start(f, "trap 'echo asked; exit 3' TERM; sleep 98765 & echo ready; wait");
    run_support_turn_until(f->loop, &f->lines, 1);
    process_stop(f->process, -1);
    run_support_turn_until(f->loop, &f->ended, 1);
    assert_non_null(strstr(output(f), "o:asked\n"));
    assert_int_equal(f->exit_status, 3);
}

static void who_ignores_the_request_is_killed_after_the_grace_time(void **state)
{
    struct fixture *f = *state;
    start(f, "trap '' TERM; echo ready; while :; do sleep 98765; done");
    run_support_turn_until(f->loop, &f->lines, 1);
    process_stop(f->process, 50);
    run_support_turn_until(f->loop, &f->ended, 1);
    assert_int_equal(f->exit_status, 128 + SIGKILL);
}

static void a_shorter_grace_overrules_the_first(void **state)
{
    struct fixture *f = *state;
    start(f, "trap '' TERM; echo ready; while :; do sleep 98765; done");
    run_support_turn_until(f->loop, &f->lines, 1);
    process_stop(f->process, 10 * (int64_t)RUN_PATIENCE_MS);
    process_stop(f->process, 10);
    run_support_turn_until(f->loop, &f->ended, 1);
    assert_int_equal(f->exit_status, 128 + SIGKILL);
}

static void a_stopped_process_can_be_stopped(void **state)
{
    struct fixture *f = *state;
    start(f, "echo ready; kill -STOP $$");
    run_support_turn_until(f->loop, &f->lines, 1);
    process_stop(f->process, -1);
    run_support_turn_until(f->loop, &f->ended, 1);
    assert_int_equal(f->exit_status, 128 + SIGTERM);
}

static bool is_seen(void *arg)
{
    return process_sweep(arg, 0, NULL, NULL) > 0;
}

static void stop_reaches_descendants_that_left_the_group(void **state)
{
    struct fixture *f = *state;
    char mark[PROCESS_MARK_SIZE];
    ASSERT_OK(process_sweep_mark(f->dir, mark, e));
    start(f, "setsid sh -c 'echo away; trap \"\" TERM HUP; while :; do sleep 98765; done' & wait");
    run_support_turn_until(f->loop, &f->lines, 1);
    process_stop(f->process, -1);
    run_support_turn_until(f->loop, &f->ended, 1);
    run_support_turn_while(f->loop, is_seen, mark);
}

static void what_a_command_left_in_the_background_ends_with_it(void **state)
{
    struct fixture *f = *state;
    run(f, "sleep 98765 & exit 4");
    assert_int_equal(f->exit_status, 4);
    char mark[PROCESS_MARK_SIZE];
    ASSERT_OK(process_sweep_mark(f->dir, mark, e));
    assert_int_equal(process_sweep(mark, 0, NULL, NULL), 0);
}

static void a_daemon_that_outlives_its_command_is_ended_soon(void **state)
{
    struct fixture *f = *state;
    char mark[PROCESS_MARK_SIZE];
    ASSERT_OK(process_sweep_mark(f->dir, mark, e));
    run(f, "setsid sleep 98765 >/dev/null 2>&1 & sleep 0.1; exit 0");
    run_support_turn_while(f->loop, is_seen, mark);
    start(f, "echo ready; sleep 98765");
    run_support_turn_until(f->loop, &f->lines, 1);
    assert_true(process_sweep(mark, 0, NULL, NULL) > 0); /* the living are left alone */
    process_kill(f->process);
    run_support_turn_while(f->loop, is_seen, mark);
}

static void paused_output_holds_the_command_and_comes_later(void **state)
{
    struct fixture *f = *state;
    process_table_pause_output(f->table, true);
    start(f, "i=0; while [ $i -lt 20000 ]; do echo line number $i; i=$((i+1)); done");
    for (int i = 0; i < 50; i++)
        ASSERT_OK(loop_turn(f->loop, 5, e));
    assert_int_equal(f->lines, 0);
    assert_int_equal(f->ended, 0);
    process_table_pause_output(f->table, false);
    run_support_turn_until(f->loop, &f->ended, 1);
    assert_int_equal(f->lines, 20000);
    assert_non_null(strstr(output(f), "o:line number 19999\n"));
}

static void many_commands_at_once_end_each_for_itself(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 40; i++)
        start(f, "echo $HIVECAST_PROCESS; exit 1");
    run_support_turn_until(f->loop, &f->ended, 40);
    assert_int_equal(f->lines, 40);
    assert_int_equal(process_table_count(f->table), 0);
}

static void run_one_and_die(const char *dir, int ready)
{
    struct fixture f = {0};
    ASSERT_OK(loop_new(&f.loop, e));
    ASSERT_OK(process_table_new(f.loop, dir, "drone-1", &f.table, e));
    struct process_place place = {.directory = dir};
    ASSERT_OK(process_start(f.table, "trap '' TERM; sleep 98765 & echo ready; wait", &place,
                            &events, &f, &f.process, e));
    run_support_turn_until(f.loop, &f.lines, 1);
    assert_int_equal(write(ready, "x", 1), 1);
    kill(getpid(), SIGKILL);
}

static void leftovers_of_an_agent_that_crashed_are_killed_at_its_next_start(void **state)
{
    struct fixture *f = *state;
    char mark[PROCESS_MARK_SIZE];
    ASSERT_OK(process_sweep_mark(f->dir, mark, e));
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0)
        run_one_and_die(f->dir, ready[1]);
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    close(ready[0]);
    close(ready[1]);
    assert_true(process_table_kill_leftovers(f->table) > 0);
    assert_int_equal(process_sweep(mark, 0, NULL, NULL), 0);
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(output_of_both_streams_comes_as_lines_before_the_end),
        TEST(the_exit_status_is_that_of_the_command_or_128_and_the_signal),
        TEST(the_environment_is_clean_and_tells_where_the_command_is),
        TEST(the_command_has_no_descriptor_mask_or_terminal_of_ours),
        TEST(what_keeps_a_command_from_starting_is_told),
        TEST(stop_ends_the_whole_group_and_asks_first),
        TEST(who_ignores_the_request_is_killed_after_the_grace_time),
        TEST(a_shorter_grace_overrules_the_first),
        TEST(a_stopped_process_can_be_stopped),
        TEST(stop_reaches_descendants_that_left_the_group),
        TEST(what_a_command_left_in_the_background_ends_with_it),
        TEST(a_daemon_that_outlives_its_command_is_ended_soon),
        TEST(paused_output_holds_the_command_and_comes_later),
        TEST(many_commands_at_once_end_each_for_itself),
        TEST(leftovers_of_an_agent_that_crashed_are_killed_at_its_next_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
