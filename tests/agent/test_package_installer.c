/* SPDX-License-Identifier: Apache-2.0 */
/* Real shells in a release directory. */
#include "run_fixture.h"

#include "package_installer.h"

struct outcome {
    int done;
    struct error failure; /* ERR_OK: success */
};

static struct outcome outcome;
static struct task task;

static int set_up(void **state)
{
    outcome = (struct outcome){.done = 0};
    task = (struct task){.id = "brave-otter", .app = "web"};
    return run_fixture_set_up(state);
}

static int tear_down(void **state)
{
    strlist_clear(&task.install_commands);
    return run_fixture_tear_down(state);
}

static void on_done(void *arg, const struct error *failure)
{
    struct outcome *o = arg;
    if (failure != NULL)
        o->failure = *failure;
    o->done++;
}

static struct package_installer *start_install(struct run_fixture *f, int64_t timeout_ms)
{
    struct package_installer_order order = {.task = &task,
                                            .directory = f->dir,
                                            .app_data = "/data",
                                            .timeout_ms = timeout_ms,
                                            .grace_ms = 100,
                                            .done = on_done,
                                            .arg = &outcome};
    struct package_installer *i = NULL;
    ASSERT_OK(package_installer_start(f->loop, f->processes, f->collector, &order, &i, e));
    assert_int_equal(outcome.done, 0);
    return i;
}

static void install(struct run_fixture *f)
{
    (void)start_install(f, 0);
    run_support_turn_until(f->loop, &outcome.done, 1);
}

static void add_install(const char *command)
{
    ASSERT_OK(strlist_add(&task.install_commands, command, e));
}

static void install_commands_run_in_order_in_the_release(void **state)
{
    struct run_fixture *f = *state;
    task.debug = true;
    add_install("echo $HIVECAST_APP > made");
    add_install("cat made; echo $HIVECAST_APP_DATA");
    install(f);
    assert_int_equal(outcome.failure.code, ERR_OK);
    ASSERT_SENT(f, "install cat made; echo $HIVECAST_APP_DATA o web\n");
    ASSERT_SENT(f, " o /data\n");
    ASSERT_SENT(f, " oE exited with status 0\n");
}

static void no_install_commands_are_a_success(void **state)
{
    install(*state);
    assert_int_equal(outcome.failure.code, ERR_OK);
}

static void the_first_install_command_that_fails_ends_it_and_its_output_is_sent(void **state)
{
    struct run_fixture *f = *state;
    add_install("true");
    add_install("for i in $(seq 1 50); do echo line-$i; done; echo why >&2; exit 3");
    add_install("echo never > never");
    install(f);
    assert_int_equal(outcome.failure.code, ERR_COMMAND_FAILED);
    assert_string_equal(outcome.failure.text,
                        "install command 2 of 3, 'for i in $(seq 1 50); do echo line-$i; done; "
                        "echo why >&2; exit 3', exited with status 3");
    ASSERT_SENT(f, " e why\n");
    ASSERT_SENT(f, " e line-31\n");
    ASSERT_SENT(f, " e line-50\n");
    ASSERT_NOT_SENT(f, "line-30\n");
    ASSERT_SENT(f, " eE exited with status 3\n");
    ASSERT_NOT_SENT(f, "never");
}

static void an_installation_that_cannot_begin_says_why(void **state)
{
    struct run_fixture *f = *state;
    add_install("true");
    struct package_installer_order order = {.task = &task,
                                            .directory = "/nowhere",
                                            .app_data = "/data",
                                            .done = on_done,
                                            .arg = &outcome};
    struct package_installer *i = NULL;
    ASSERT_OK(package_installer_start(f->loop, f->processes, f->collector, &order, &i, e));
    run_support_turn_until(f->loop, &outcome.done, 1);
    assert_int_equal(outcome.failure.code, ERR_NOT_FOUND);
    assert_non_null(strstr(outcome.failure.text, "/nowhere"));
}

static void an_installation_can_be_stopped(void **state)
{
    struct run_fixture *f = *state;
    add_install("echo ready >&2; sleep 98765 | sleep 98765");
    add_install("echo never > never");
    struct package_installer *i = start_install(f, 0);
    run_fixture_await(f, "ready");
    package_installer_stop(i);
    run_support_turn_until(f->loop, &outcome.done, 1);
    assert_int_equal(outcome.failure.code, ERR_STOPPED);
    assert_int_equal(process_table_count(f->processes), 0);
}

static void an_installation_can_be_stopped_before_it_began(void **state)
{
    struct run_fixture *f = *state;
    add_install("echo never > never");
    package_installer_stop(start_install(f, 0));
    run_support_turn_until(f->loop, &outcome.done, 1);
    assert_int_equal(outcome.failure.code, ERR_STOPPED);
    ASSERT_NOT_SENT(f, "started");
}

static void a_command_that_takes_too_long_is_ended(void **state)
{
    struct run_fixture *f = *state;
    add_install("trap '' TERM; while :; do sleep 98765; done");
    (void)start_install(f, 50);
    run_support_turn_until(f->loop, &outcome.done, 1);
    assert_int_equal(outcome.failure.code, ERR_TIMEOUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(install_commands_run_in_order_in_the_release),
        TEST(no_install_commands_are_a_success),
        TEST(the_first_install_command_that_fails_ends_it_and_its_output_is_sent),
        TEST(an_installation_that_cannot_begin_says_why),
        TEST(an_installation_can_be_stopped),
        TEST(an_installation_can_be_stopped_before_it_began),
        TEST(a_command_that_takes_too_long_is_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
