/* SPDX-License-Identifier: Apache-2.0 */
#include "task_processor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_host.h"
#include "fs.h"
#include "layout.h"

static int setup(void **state)
{
    struct fake_host *f = calloc(1, sizeof(*f));
    fake_host_init(f, NULL);
    fake_host_start(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fake_host_clear(*state);
    free(*state);
    return 0;
}

static void deploy(struct fake_host *f, const char *task_id, const char *app, uint64_t version)
{
    fake_host_announce(f, task_id, app, version);
    fake_host_answer_all(f);
}

static void assert_current(const struct fake_host *f, const char *app, const char *task_id)
{
    char current[TASK_ID_SIZE];
    layout_current(f->dir, app, current);
    assert_string_equal(current, task_id);
}

static bool release_exists(const struct fake_host *f, const char *app, const char *task_id)
{
    AUTO_FREE char *path = NULL;
    assert_int_equal(layout_release(f->dir, app, task_id, &path, NULL), ERR_OK);
    return access(path, F_OK) == 0;
}

static void make_release(const struct fake_host *f, const char *app, const char *task_id)
{
    AUTO_FREE char *path = NULL;
    assert_int_equal(layout_release(f->dir, app, task_id, &path, NULL), ERR_OK);
    assert_int_equal(fs_mkdirs(path, 0755, NULL), ERR_OK);
}

static void a_task_goes_all_the_way_in_order(void **state)
{
    struct fake_host *f = *state;
    deploy(f, "app-1", "app", 1);
    assert_string_equal(f->log, "app-1=accepted;fetch app-1;app-1=transferring;transfer app-1;"
                                "app-1=installing;install app-1;app-1=activating;run app-1;"
                                "app-1=succeeded/up;");
    assert_current(f, "app", "app-1");
}

static void a_task_without_package_gets_an_empty_release(void **state)
{
    struct fake_host *f = *state;
    f->has_package = false;
    deploy(f, "app-1", "app", 1);
    assert_false(fake_host_saw(f, "transfer app-1"));
    assert_true(fake_host_saw(f, "install app-1"));
    assert_true(release_exists(f, "app", "app-1"));
    assert_int_equal(fake_host_status(f, "app-1").run_state, RUN_UP);
}

static void a_repeated_announcement_changes_nothing(void **state)
{
    struct fake_host *f = *state;
    f->has_package = false;
    deploy(f, "app-1", "app", 1);
    f->log[0] = '\0';
    deploy(f, "app-1", "app", 1);
    assert_string_equal(f->log, "");
}

static void a_task_that_does_not_fit_is_rejected_with_the_numbers(void **state)
{
    struct fake_host *f = *state;
    struct announcement a = {.task_id = "app-1", .app = "app", .version = 1, .has_package = true};
    a.package.content_size = UINT64_MAX / 2;
    task_processor_announce(f->tasks, &a);
    assert_string_equal(f->log, "app-1=rejected:no-space;");
    struct announcement b = {.task_id = "app-2", .app = "app", .architecture = "pdp11"};
    task_processor_announce(f->tasks, &b);
    assert_true(fake_host_saw(f, "app-2=rejected:unsuitable"));
}

static void a_task_that_is_gone_is_forgotten(void **state)
{
    struct fake_host *f = *state;
    fake_host_announce(f, "app-1", "app", 1);
    struct error gone = {ERR_NOT_FOUND, "no such task"};
    task_processor_fetched(f->tasks, "app-1", &gone, NULL, 0);
    assert_int_equal(task_processor_count(f->tasks), 0);
}

static void fetching_waits_for_the_manager(void **state)
{
    struct fake_host *f = *state;
    f->has_package = false;
    f->is_offline = true;
    fake_host_announce(f, "app-1", "app", 1);
    assert_int_equal(fake_host_status(f, "app-1").state, TASK_ACCEPTED);
    f->is_offline = false;
    task_processor_connected(f->tasks);
    fake_host_answer_all(f);
    assert_int_equal(fake_host_status(f, "app-1").state, TASK_SUCCEEDED);
}

static void a_task_under_another_name_is_corrupt(void **state)
{
    struct fake_host *f = *state;
    fake_host_announce(f, "app-1", "app", 1);
    const uint8_t garbage[] = {0xff, 0xff, 0xff};
    task_processor_fetched(f->tasks, "app-1", NULL, garbage, sizeof(garbage));
    assert_true(fake_host_saw(f, "app-1=failed:corrupt"));
}

static void a_failed_install_leaves_the_old_release_alone(void **state)
{
    struct fake_host *f = *state;
    f->has_package = false;
    deploy(f, "app-1", "app", 1);
    fake_host_announce(f, "app-2", "app", 2);
    assert_true(fake_host_answer(f));
    struct error why = {ERR_COMMAND_FAILED, "'make' ended with status 2"};
    task_processor_installed(f->tasks, "app-2", &why);
    assert_true(fake_host_saw(f, "app-2=failed:command-failed"));
    assert_false(fake_host_saw(f, "stop app-1"));
    assert_false(release_exists(f, "app", "app-2"));
    assert_current(f, "app", "app-1");
    assert_int_equal(fake_host_status(f, "app-1").run_state, RUN_UP);
}

static void a_new_release_replaces_the_old_one(void **state)
{
    struct fake_host *f = *state;
    f->has_package = false;
    deploy(f, "app-1", "app", 1);
    f->log[0] = '\0';
    deploy(f, "app-2", "app", 2);
    assert_string_equal(f->log, "app-2=accepted;fetch app-2;app-2=transferring;app-2=installing;"
                                "install app-2;app-2=activating;stop app-1;"
                                "app-1=succeeded/stopped;run app-2;app-2=succeeded/up;");
    assert_current(f, "app", "app-2");
}

static void one_earlier_release_is_kept(void **state)
{
    struct fake_host *f = *state;
    f->has_package = false;
    deploy(f, "app-1", "app", 1);
    deploy(f, "app-2", "app", 2);
    deploy(f, "app-3", "app", 3);
    assert_false(release_exists(f, "app", "app-1"));
    assert_true(release_exists(f, "app", "app-2"));
    assert_true(release_exists(f, "app", "app-3"));
}

static void other_apps_are_untouched(void **state)
{
    struct fake_host *f = *state;
    f->has_package = false;
    deploy(f, "one-1", "one", 1);
    deploy(f, "two-2", "two", 2);
    assert_false(fake_host_saw(f, "stop one-1"));
    assert_current(f, "one", "one-1");
    assert_current(f, "two", "two-2");
}

static void a_newer_task_supersedes_one_on_its_way(void **state)
{
    struct fake_host *f = *state;
    fake_host_announce(f, "app-1", "app", 1);
    assert_true(fake_host_answer(f));
    fake_host_announce(f, "app-2", "app", 2);
    assert_true(fake_host_saw(f, "cancel-transfer app-1"));
    assert_true(fake_host_saw(f, "app-1=stopped:superseded"));
    fake_host_answer_all(f);
    assert_current(f, "app", "app-2");
}

static void an_older_task_that_comes_late_is_superseded(void **state)
{
    struct fake_host *f = *state;
    f->has_package = false;
    deploy(f, "app-2", "app", 2);
    deploy(f, "app-1", "app", 1);
    assert_true(fake_host_saw(f, "app-1=stopped:superseded"));
    assert_current(f, "app", "app-2");
}

static void the_next_install_waits_for_the_end_of_the_cancelled_one(void **state)
{
    struct fake_host *f = *state;
    f->has_package = false;
    fake_host_announce(f, "app-1", "app", 1);
    assert_true(fake_host_answer(f)); /* install app-1 is under way */
    fake_host_announce(f, "app-2", "app", 2);
    assert_true(fake_host_saw(f, "cancel-install app-1"));
    struct error stopped = {ERR_STOPPED, "stopped"};
    f->pending_count = 0;
    task_processor_fetched(f->tasks, "app-2", &stopped, NULL, 0);
    task_processor_installed(f->tasks, "app-1", &stopped);
    assert_true(fake_host_saw(f, "app-1=stopped:superseded"));
}

static void an_operator_stops_a_task_in_any_state(void **state)
{
    struct fake_host *f = *state;
    for (int answers = 0; answers < 3; answers++) {
        char id[TASK_ID_SIZE], expected[96];
        snprintf(id, sizeof(id), "app-%d", answers + 1);
        snprintf(expected, sizeof(expected), "%s=stopped:stopped", id);
        fake_host_announce(f, id, "app", (uint64_t)answers + 1);
        for (int i = 0; i < answers; i++)
            assert_true(fake_host_answer(f));
        task_processor_stop(f->tasks, id);
        fake_host_answer_all(f); /* late answers, and the installer's last word */
        assert_true(fake_host_saw(f, expected));
        assert_false(release_exists(f, "app", id));
    }
    assert_current(f, "app", "");
}

static void a_stopped_release_stays_stopped_after_a_boot(void **state)
{
    struct fake_host *f = *state;
    f->has_package = false;
    deploy(f, "app-1", "app", 1);
    task_processor_stop(f->tasks, "");
    fake_host_answer_all(f);
    assert_true(fake_host_saw(f, "app-1=succeeded/stopped"));
    fake_host_stop(f);
    fake_host_start(f);
    assert_false(fake_host_saw(f, "run app-1"));
    assert_int_equal(fake_host_status(f, "app-1").run_state, RUN_STOPPED);
}

static void a_release_runs_again_after_a_boot(void **state)
{
    struct fake_host *f = *state;
    f->has_package = false;
    deploy(f, "app-1", "app", 1);
    deploy(f, "app-2", "app", 2);
    fake_host_stop(f);
    fake_host_start(f);
    assert_true(fake_host_saw(f, "run app-2"));
    assert_false(fake_host_saw(f, "run app-1"));
}

static void a_release_that_does_not_start_gives_way_to_the_old_one(void **state)
{
    struct fake_host *f = *state;
    f->has_package = false;
    deploy(f, "app-1", "app", 1);
    f->log[0] = '\0';
    f->failing = "run app-2";
    deploy(f, "app-2", "app", 2);
    assert_true(fake_host_saw(f, "app-2=failed:io"));
    assert_true(fake_host_saw(f, "run app-1"));
    assert_current(f, "app", "app-1");
    assert_int_equal(fake_host_status(f, "app-1").run_state, RUN_UP);
}

static void what_the_commands_do_is_told(void **state)
{
    struct fake_host *f = *state;
    f->has_package = false;
    deploy(f, "app-1", "app", 1);
    task_processor_run_changed(f->tasks, "app-1", RUN_BACKING_OFF, 1);
    task_processor_run_changed(f->tasks, "app-1", RUN_EXITED, 0);
    assert_true(fake_host_saw(f, "app-1=succeeded/backing-off"));
    assert_true(fake_host_saw(f, "app-1=succeeded/exited"));
}

static void tasks_that_are_long_over_are_forgotten(void **state)
{
    struct fake_host *f = *state;
    f->has_package = false;
    char id[TASK_ID_SIZE];
    for (int i = 1; i <= 50; i++) {
        snprintf(id, sizeof(id), "app-%d", i);
        deploy(f, id, "app", (uint64_t)i);
        f->log[0] = '\0';
    }
    assert_true(task_processor_count(f->tasks) < 40);
    assert_int_equal(fake_host_status(f, "app-50").state, TASK_SUCCEEDED);
    fake_host_stop(f);
    fake_host_start(f);
    assert_true(task_processor_count(f->tasks) < 40);
}

static void what_belongs_to_nobody_is_removed_at_boot(void **state)
{
    struct fake_host *f = *state;
    f->has_package = false;
    deploy(f, "app-1", "app", 1);
    make_release(f, "app", "lost-1");
    fake_host_stop(f);
    fake_host_start(f);
    assert_false(release_exists(f, "app", "lost-1"));
    assert_true(release_exists(f, "app", "app-1"));
}

/* One life of an agent that goes on with dir, deploys app-1 then app-2, and ends without warning at
 * its calls_left-th act. Returns whether it got to its end instead. */
static bool live(const char *dir, bool has_package, int calls_left)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct fake_host f;
        fake_host_init(&f, dir);
        f.has_package = has_package;
        f.calls_left = calls_left;
        fake_host_start(&f);
        deploy(&f, "app-1", "app", 1);
        deploy(&f, "app-2", "app", 2);
        _exit(1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status) == 1;
}

static void goes_on_after_being_killed_anywhere(bool has_package)
{
    bool is_complete = false;
    for (int calls = 0; !is_complete; calls++) {
        struct fake_host f;
        fake_host_init(&f, NULL);
        is_complete = live(f.dir, has_package, calls);
        fake_host_start(&f);
        fake_host_answer_all(&f);
        f.has_package = has_package;
        /* The manager announces again what the agent does not list. */
        deploy(&f, "app-1", "app", 1);
        deploy(&f, "app-2", "app", 2);
        assert_int_equal(fake_host_status(&f, "app-1").state, TASK_SUCCEEDED);
        assert_int_equal(fake_host_status(&f, "app-2").state, TASK_SUCCEEDED);
        assert_int_equal(fake_host_status(&f, "app-2").run_state, RUN_UP);
        assert_current(&f, "app", "app-2");
        fake_host_clear(&f);
        assert_true(calls < 100);
    }
}

static void a_kill_at_any_point_is_survived(void **state)
{
    (void)state;
    goes_on_after_being_killed_anywhere(true);
}

static void a_kill_at_any_point_is_survived_without_package(void **state)
{
    (void)state;
    goes_on_after_being_killed_anywhere(false);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_task_goes_all_the_way_in_order),
        TEST(a_task_without_package_gets_an_empty_release),
        TEST(a_repeated_announcement_changes_nothing),
        TEST(a_task_that_does_not_fit_is_rejected_with_the_numbers),
        TEST(a_task_that_is_gone_is_forgotten),
        TEST(fetching_waits_for_the_manager),
        TEST(a_task_under_another_name_is_corrupt),
        TEST(a_failed_install_leaves_the_old_release_alone),
        TEST(a_new_release_replaces_the_old_one),
        TEST(one_earlier_release_is_kept),
        TEST(other_apps_are_untouched),
        TEST(a_newer_task_supersedes_one_on_its_way),
        TEST(an_older_task_that_comes_late_is_superseded),
        TEST(the_next_install_waits_for_the_end_of_the_cancelled_one),
        TEST(an_operator_stops_a_task_in_any_state),
        TEST(a_stopped_release_stays_stopped_after_a_boot),
        TEST(a_release_runs_again_after_a_boot),
        TEST(a_release_that_does_not_start_gives_way_to_the_old_one),
        TEST(what_the_commands_do_is_told),
        TEST(tasks_that_are_long_over_are_forgotten),
        TEST(what_belongs_to_nobody_is_removed_at_boot),
        cmocka_unit_test(a_kill_at_any_point_is_survived),
        cmocka_unit_test(a_kill_at_any_point_is_survived_without_package),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
