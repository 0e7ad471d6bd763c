/* SPDX-License-Identifier: Apache-2.0 */
/* One loop per test, with pipes, timers and this process's own signals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>
#include <zmq.h>

#include "clock.h"
#include "loop.h"

struct fixture {
    struct loop *loop;
    struct loop_timer timers[3];
    struct loop_work work;
    struct loop_watch watches[2];
    struct loop_signal signals[2];
    int pipes[2][2];
    char trace[64];
    size_t length;
    int left;
};

static struct fixture f;

static int setup(void **state)
{
    (void)state;
    f = (struct fixture){0};
    return loop_new(&f.loop, NULL) != ERR_OK || pipe(f.pipes[0]) != 0 || pipe(f.pipes[1]) != 0;
}

static int teardown(void **state)
{
    (void)state;
    loop_free(f.loop);
    for (int i = 0; i < 2; i++) {
        close(f.pipes[i][0]);
        close(f.pipes[i][1]);
    }
    return 0;
}

static void note(char what)
{
    f.trace[f.length++] = what;
}

static void on_a(void *arg)
{
    (void)arg;
    note('a');
}

static void on_b(void *arg)
{
    (void)arg;
    note('b');
}

static void on_quit(void *arg)
{
    (void)arg;
    note('q');
    loop_quit(f.loop);
}

static void run(void)
{
    assert_int_equal(loop_run(f.loop, NULL), ERR_OK);
}

static void timers_fire_in_the_order_of_their_time(void **state)
{
    (void)state;
    loop_timer_start(f.loop, &f.timers[0], 20, on_quit, NULL);
    loop_timer_start(f.loop, &f.timers[1], 10, on_b, NULL);
    loop_timer_start(f.loop, &f.timers[2], 0, on_a, NULL);
    int64_t start_ms = clock_monotonic_ms();
    run();
    assert_string_equal(f.trace, "abq");
    assert_true(clock_monotonic_ms() - start_ms >= 20);
    assert_false(loop_timer_is_started(&f.timers[0]));
}

static void a_stopped_timer_does_not_fire(void **state)
{
    (void)state;
    loop_timer_start(f.loop, &f.timers[0], 5, on_quit, NULL);
    loop_timer_start(f.loop, &f.timers[1], 0, on_b, NULL);
    loop_timer_stop(&f.timers[1]);
    loop_timer_stop(&f.timers[2]);
    run();
    assert_string_equal(f.trace, "q");
}

static void on_again(void *arg)
{
    (void)arg;
    note('r');
    if (f.length < 3)
        loop_timer_start(f.loop, &f.timers[0], 0, on_again, NULL);
}

static void a_timer_restarted_with_no_delay_waits_for_the_next_turn(void **state)
{
    (void)state;
    loop_timer_start(f.loop, &f.timers[0], 0, on_again, NULL);
    assert_int_equal(loop_turn(f.loop, -1, NULL), ERR_OK);
    assert_string_equal(f.trace, "r");
}

static bool on_work(void *arg)
{
    (void)arg;
    note('w');
    return --f.left > 0;
}

static void work_proceeds_while_timers_and_pipes_are_served(void **state)
{
    (void)state;
    f.left = 3;
    loop_work_start(f.loop, &f.work, on_work, NULL);
    loop_timer_start(f.loop, &f.timers[0], 0, on_a, NULL);
    for (int i = 0; i < 3; i++)
        assert_int_equal(loop_turn(f.loop, -1, NULL), ERR_OK);
    assert_false(loop_work_is_started(&f.work));
    assert_string_equal(f.trace, "awww");
}

static void read_one(void *arg, short events)
{
    assert_true(events & ZMQ_POLLIN);
    const int *fd = arg;
    char c;
    assert_int_equal(read(*fd, &c, 1), 1);
    note(c);
}

static void a_readable_pipe_is_called_and_a_paused_one_is_not(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(loop_watch_fd(f.loop, &f.watches[i], f.pipes[i][0], ZMQ_POLLIN, read_one,
                                       &f.pipes[i][0], NULL),
                         ERR_OK);
    }
    assert_int_equal(write(f.pipes[0][1], "x", 1), 1);
    assert_int_equal(write(f.pipes[1][1], "y", 1), 1);
    loop_watch_events(&f.watches[0], 0);
    assert_int_equal(loop_turn(f.loop, -1, NULL), ERR_OK);
    assert_string_equal(f.trace, "y");
    loop_watch_events(&f.watches[0], ZMQ_POLLIN);
    assert_int_equal(loop_turn(f.loop, -1, NULL), ERR_OK);
    assert_string_equal(f.trace, "yx");
}

static void a_paused_pipe_that_hung_up_does_not_keep_the_loop_awake(void **state)
{
    (void)state;
    assert_int_equal(loop_watch_fd(f.loop, &f.watches[0], f.pipes[0][0], 0, read_one, NULL, NULL),
                     ERR_OK);
    close(f.pipes[0][1]);
    f.pipes[0][1] = dup(f.pipes[0][0]);
    int64_t start_ms = clock_monotonic_ms();
    assert_int_equal(loop_turn(f.loop, 30, NULL), ERR_OK);
    assert_true(clock_monotonic_ms() - start_ms >= 25);
}

static void stop_both(void *arg, short events)
{
    (void)arg;
    (void)events;
    note('s');
    loop_watch_stop(&f.watches[0]);
    loop_watch_stop(&f.watches[1]);
}

static void a_watch_stopped_by_another_is_not_called(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            loop_watch_fd(f.loop, &f.watches[i], f.pipes[i][0], ZMQ_POLLIN, stop_both, NULL, NULL),
            ERR_OK);
        assert_int_equal(write(f.pipes[i][1], "x", 1), 1);
    }
    assert_int_equal(loop_turn(f.loop, -1, NULL), ERR_OK);
    assert_int_equal(loop_turn(f.loop, 0, NULL), ERR_OK);
    assert_string_equal(f.trace, "s");
}

static void many_watches_come_and_go(void **state)
{
    (void)state;
    enum { COUNT = 100 };
    static struct loop_watch many[COUNT];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < COUNT; i++) {
            assert_int_equal(loop_watch_fd(f.loop, &many[i], f.pipes[0][0], ZMQ_POLLIN, read_one,
                                           &f.pipes[0][0], NULL),
                             ERR_OK);
        }
        for (int i = 1; i < COUNT; i++)
            loop_watch_stop(&many[i]);
        assert_int_equal(write(f.pipes[0][1], "m", 1), 1);
        assert_int_equal(loop_turn(f.loop, -1, NULL), ERR_OK);
        loop_watch_stop(&many[0]);
    }
    assert_string_equal(f.trace, "mmm");
}

static void a_signal_is_called_for_everyone_who_asked(void **state)
{
    (void)state;
    assert_int_equal(loop_signal_start(f.loop, &f.signals[0], SIGUSR1, on_a, NULL, NULL), ERR_OK);
    assert_int_equal(loop_signal_start(f.loop, &f.signals[1], SIGUSR1, on_quit, NULL, NULL),
                     ERR_OK);
    assert_int_equal(kill(getpid(), SIGUSR1), 0);
    run();
    assert_string_equal(f.trace, "qa");
    loop_signal_stop(&f.signals[1]);
    assert_int_equal(kill(getpid(), SIGUSR1), 0);
    assert_int_equal(loop_turn(f.loop, -1, NULL), ERR_OK);
    assert_string_equal(f.trace, "qaa");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(timers_fire_in_the_order_of_their_time),
        TEST(a_stopped_timer_does_not_fire),
        TEST(a_timer_restarted_with_no_delay_waits_for_the_next_turn),
        TEST(work_proceeds_while_timers_and_pipes_are_served),
        TEST(a_readable_pipe_is_called_and_a_paused_one_is_not),
        TEST(a_paused_pipe_that_hung_up_does_not_keep_the_loop_awake),
        TEST(a_watch_stopped_by_another_is_not_called),
        TEST(many_watches_come_and_go),
        TEST(a_signal_is_called_for_everyone_who_asked),
    };
    return cmocka_run_group_tests_name("agent.loop", tests, NULL, NULL);
}
