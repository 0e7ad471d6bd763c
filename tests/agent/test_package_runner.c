/* SPDX-License-Identifier: Apache-2.0 */
/* Real shells; the times of backing off are short. */
#include "run_fixture.h"

#include "package_runner.h"

struct outcome {
    int changes;
    enum run_state states[64];
    int32_t exit_status;
    int stopped;
};

static struct outcome outcome;
static struct task task;

static int set_up(void **state)
{
    outcome = (struct outcome){.changes = 0};
    task = (struct task){.id = "brave-otter", .app = "web"};
    return run_fixture_set_up(state);
}

static int tear_down(void **state)
{
    strlist_clear(&task.run_commands);
    return run_fixture_tear_down(state);
}

static void on_changed(void *arg, enum run_state state, int32_t exit_status)
{
    struct outcome *o = arg;
    assert_true(o->changes < 64);
    o->states[o->changes++] = state;
    o->exit_status = exit_status;
}

static void on_stopped(void *arg)
{
    struct outcome *o = arg;
    o->stopped++;
}

static void add_run(const char *command)
{
    ASSERT_OK(strlist_add(&task.run_commands, command, e));
}

static struct package_runner_order run_order(const struct run_fixture *f)
{
    return (struct package_runner_order){
        .task = &task,
        .directory = f->dir,
        .app_data = "/data",
        .timing = {.backoff_first_ms = 5, .backoff_max_ms = 40, .steady_ms = 200, .grace_ms = 200},
        .changed = on_changed,
        .stopped = on_stopped,
        .arg = &outcome,
    };
}

static struct package_runner *start_run(struct run_fixture *f)
{
    struct package_runner_order order = run_order(f);
    struct package_runner *r = NULL;
    ASSERT_OK(package_runner_start(f->loop, f->processes, f->collector, &order, &r, e));
    assert_int_equal(outcome.changes, 0);
    return r;
}

static void stop_run(struct run_fixture *f, struct package_runner *r)
{
    package_runner_stop(r);
    assert_int_equal(outcome.stopped, 0);
    run_support_turn_until(f->loop, &outcome.stopped, 1);
    assert_int_equal(process_table_count(f->processes), 0);
}

static void run_commands_are_up_together_until_they_are_stopped(void **state)
{
    struct run_fixture *f = *state;
    add_run("echo one >&2; sleep 98765");
    add_run("echo two >&2; sleep 98765");
    struct package_runner *r = start_run(f);
    assert_int_equal(package_runner_state(r, NULL), RUN_UP);
    assert_int_equal(process_table_count(f->processes), 2);
    run_fixture_await(f, "one");
    run_fixture_await(f, "two");
    stop_run(f, r);
    assert_int_equal(outcome.changes, 0);
}

static void a_task_without_run_commands_runs_nothing(void **state)
{
    struct run_fixture *f = *state;
    struct package_runner *r = start_run(f);
    assert_int_equal(package_runner_state(r, NULL), RUN_NONE);
    stop_run(f, r);
}

static void a_command_that_ends_is_told_with_its_status(void **state)
{
    struct run_fixture *f = *state;
    add_run("exit 5");
    add_run("sleep 98765");
    struct package_runner *r = start_run(f);
    run_support_turn_until(f->loop, &outcome.changes, 1);
    assert_int_equal(outcome.states[0], RUN_EXITED);
    assert_int_equal(outcome.exit_status, 5);
    int32_t exit_status = 0;
    assert_int_equal(package_runner_state(r, &exit_status), RUN_EXITED);
    assert_int_equal(exit_status, 5);
    ASSERT_SENT(f, "log brave-otter run exit 5 eE exited with status 5\n");
    stop_run(f, r);
}

static void auto_restart_starts_again_with_growing_pauses(void **state)
{
    struct run_fixture *f = *state;
    task.auto_restart = true;
    add_run("exit 1");
    struct package_runner *r = start_run(f);
    run_support_turn_until(f->loop, &outcome.changes, 12);
    for (int i = 0; i < 12; i++)
        assert_int_equal(outcome.states[i], i % 2 == 0 ? RUN_BACKING_OFF : RUN_STARTING);
    stop_run(f, r);
    static const char *const pauses[] = {"5", "10", "20", "40", "40"};
    const char *at = run_fixture_sent(f);
    for (int i = 0; i < 5; i++) {
        char expected[64];
        snprintf(expected, sizeof(expected), "restarts in %s ms\n", pauses[i]);
        at = strstr(at, expected);
        assert_non_null(at);
        at++;
    }
}

static void who_stays_up_after_a_restart_is_up_again_and_its_backoff_anew(void **state)
{
    struct run_fixture *f = *state;
    task.auto_restart = true;
    add_run("n=$(cat n); echo $((n+1)) > n; [ \"$n\" = 2 ] || exit 1; sleep 98765");
    struct package_runner *r = start_run(f);
    run_support_turn_until(f->loop, &outcome.changes, 1);
    while (outcome.states[outcome.changes - 1] != RUN_UP)
        run_support_turn_until(f->loop, &outcome.changes, outcome.changes + 1);
    assert_int_equal(package_runner_state(r, NULL), RUN_UP);
    char mark[PROCESS_MARK_SIZE];
    ASSERT_OK(process_sweep_mark(f->dir, mark, e));
    int changes = outcome.changes;
    assert_true(process_sweep(mark, SIGKILL, NULL, NULL) > 0);
    run_support_turn_until(f->loop, &outcome.changes, changes + 1);
    assert_int_equal(outcome.states[changes], RUN_BACKING_OFF);
    const char *killed = strstr(run_fixture_sent(f), "exited with status 137\n");
    assert_non_null(killed);
    assert_non_null(strstr(killed, "restarts in 5 ms\n"));
    stop_run(f, r);
}

static void a_runner_can_be_stopped_while_it_backs_off(void **state)
{
    struct run_fixture *f = *state;
    task.auto_restart = true;
    add_run("exit 1");
    struct package_runner_order order = run_order(f);
    order.timing.backoff_first_ms = 10 * (int64_t)RUN_PATIENCE_MS;
    struct package_runner *r = NULL;
    ASSERT_OK(package_runner_start(f->loop, f->processes, f->collector, &order, &r, e));
    run_support_turn_until(f->loop, &outcome.changes, 1);
    stop_run(f, r);
}

static void who_does_not_stop_is_killed(void **state)
{
    struct run_fixture *f = *state;
    add_run("trap '' TERM; echo ready >&2; while :; do sleep 98765; done");
    struct package_runner *r = start_run(f);
    run_fixture_await(f, "ready");
    stop_run(f, r);
}

static void when_one_command_cannot_start_none_is_left(void **state)
{
    struct run_fixture *f = *state;
    add_run("sleep 98765");
    struct package_runner_order order = run_order(f);
    order.directory = "/nowhere";
    struct package_runner *r = NULL;
    struct error e;
    assert_int_equal(package_runner_start(f->loop, f->processes, f->collector, &order, &r, &e),
                     ERR_NOT_FOUND);
    assert_non_null(strstr(e.text, "run command 1 of 1: change to directory /nowhere"));
    assert_int_equal(process_table_count(f->processes), 0);
}

static void a_command_that_floods_is_held_by_the_manager_and_loses_nothing(void **state)
{
    struct run_fixture *f = *state;
    task.debug = true;
    response_collector_set_online(f->collector, true);
    add_run("seq 1 400000");
    struct package_runner *r = start_run(f);
    while (outcome.changes == 0 || spool_pending_bytes(f->spool) > 0) {
        uint64_t last;
        ASSERT_OK(loop_turn(f->loop, 100, e));
        assert_true(spool_pending_bytes(f->spool) < 900 * 1024);
        if ((f->is_high || outcome.changes > 0) && sent_reports_take(&f->sent, f->spool, &last))
            response_collector_confirm(f->collector, last);
    }
    assert_int_equal(f->sent.lost, 0);
    (void)run_fixture_sent(f);
    assert_int_equal(f->sent.lines, 400000 + 2); /* it started and exited */
    ASSERT_SENT(f, "o 400000\n");
    stop_run(f, r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(run_commands_are_up_together_until_they_are_stopped),
        TEST(a_task_without_run_commands_runs_nothing),
        TEST(a_command_that_ends_is_told_with_its_status),
        TEST(auto_restart_starts_again_with_growing_pauses),
        TEST(who_stays_up_after_a_restart_is_up_again_and_its_backoff_anew),
        TEST(a_runner_can_be_stopped_while_it_backs_off),
        TEST(who_does_not_stop_is_killed),
        TEST(when_one_command_cannot_start_none_is_left),
        TEST(a_command_that_floods_is_held_by_the_manager_and_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
