/* SPDX-License-Identifier: Apache-2.0 */
#include "run_fixture.h"

#include "terminal.h"

static struct terminal *open_terminal(struct run_fixture *f)
{
    AUTO_FREE char *dir = NULL;
    struct terminal *t = NULL;
    ASSERT_OK(fs_join(f->dir, "terminal", &dir, e));
    ASSERT_OK(terminal_new(dir, f->processes, f->collector, &t, e));
    return t;
}

static void the_terminal_runs_one_command_at_a_time(void **state)
{
    struct run_fixture *f = *state;
    AUTO(terminal_free) struct terminal *t = open_terminal(f);
    ASSERT_OK(terminal_run(t, "echo hello; pwd; sleep 98765", e));
    assert_int_equal(terminal_run(t, "true", NULL), ERR_CONFLICT);
    run_fixture_await(f, "log  terminal echo hello; pwd; sleep 98765 o hello\n");
    assert_true(terminal_is_busy(t));
    terminal_stop(t);
    run_fixture_await(f, "eE exited with status 143\n");
    assert_false(terminal_is_busy(t));
    ASSERT_OK(terminal_run(t, "exit 2", e));
    run_fixture_await(f, "log  terminal exit 2 eE exited with status 2\n");
    ASSERT_SENT(f, "/terminal\n");
}

static void the_terminal_refuses_what_is_no_command(void **state)
{
    struct run_fixture *f = *state;
    AUTO(terminal_free) struct terminal *t = open_terminal(f);
    assert_int_equal(terminal_run(t, "", NULL), ERR_INVALID);
    char *command = malloc(COMMAND_MAX + 2);
    assert_non_null(command);
    memset(command, ':', COMMAND_MAX + 1);
    command[COMMAND_MAX + 1] = '\0';
    assert_int_equal(terminal_run(t, command, NULL), ERR_TOO_LARGE);
    free(command);
    terminal_stop(t); /* nothing runs: fine */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, run_fixture_set_up, run_fixture_tear_down)
        TEST(the_terminal_runs_one_command_at_a_time),
        TEST(the_terminal_refuses_what_is_no_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
