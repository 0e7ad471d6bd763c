/* SPDX-License-Identifier: Apache-2.0 */
/* Drafts of tasks: what is refused, and that the sentence begins with the field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "task_check.h"

static void task_value_auto(struct task *t)
{
    task_clear(t);
}

static void add(struct strlist *l, const char *text)
{
    assert_int_equal(strlist_add(l, text, NULL), ERR_OK);
}

static struct task deployable(void)
{
    struct task task = {.has_deploy = true, .app = "default"};
    add(&task.run_commands, "./count.sh");
    add(&task.selector.ids, "drone-1");
    return task;
}

static struct task buildable(void)
{
    struct task task = {.has_build = true, .build_host = "laptop"};
    add(&task.build_commands, "make");
    add(&task.build_artifacts, "bin/count");
    return task;
}

static void expect_refused(const struct task *task, enum err code, const char *start)
{
    struct error e = {0};
    assert_int_equal(task_check(task, &e), code);
    if (strncmp(e.text, start, strlen(start)) != 0)
        fail_msg("'%s' does not begin with '%s'", e.text, start);
}

static void a_small_deployment_is_fine(void **state)
{
    (void)state;
    AUTO(task_value) struct task task = deployable();
    assert_int_equal(task_check(&task, NULL), ERR_OK);
}

static void a_build_without_deployment_is_fine(void **state)
{
    (void)state;
    AUTO(task_value) struct task task = buildable();
    assert_int_equal(task_check(&task, NULL), ERR_OK);
}

static void files_without_commands_are_something_to_do(void **state)
{
    (void)state;
    AUTO(task_value) struct task task = deployable();
    strlist_clear(&task.run_commands);
    expect_refused(&task, ERR_INVALID, "deploy: nothing to do");
    task.has_package = true;
    assert_int_equal(task_check(&task, NULL), ERR_OK);
}

static void neither_build_nor_deploy_is_invalid(void **state)
{
    (void)state;
    const struct task task = {0};
    expect_refused(&task, ERR_INVALID, "build, deploy:");
}

static void the_app_must_be_fit_for_a_folder(void **state)
{
    (void)state;
    AUTO(task_value) struct task task = deployable();
    (void)snprintf(task.app, sizeof(task.app), "../up");
    expect_refused(&task, ERR_INVALID, "deploy.app");
}

static void commands_are_neither_blank_nor_long_nor_many(void **state)
{
    (void)state;
    AUTO(task_value) struct task task = deployable();
    add(&task.install_commands, "true");
    add(&task.install_commands, " \t\n");
    expect_refused(&task, ERR_INVALID, "deploy.install.commands[1]");
    strlist_clear(&task.install_commands);

    char longest[COMMAND_MAX + 2];
    memset(longest, 'x', sizeof(longest));
    longest[COMMAND_MAX] = '\0';
    add(&task.run_commands, longest);
    assert_int_equal(task_check(&task, NULL), ERR_OK);
    longest[COMMAND_MAX] = 'x';
    longest[COMMAND_MAX + 1] = '\0';
    add(&task.run_commands, longest);
    expect_refused(&task, ERR_TOO_LARGE, "deploy.run.commands[2]");

    strlist_clear(&task.run_commands);
    for (int i = 0; i <= COMMANDS_MAX; i++)
        add(&task.run_commands, "true");
    expect_refused(&task, ERR_TOO_LARGE, "deploy.run.commands");
}

static void a_selector_names_somebody_and_names_are_names(void **state)
{
    (void)state;
    AUTO(task_value) struct task task = deployable();
    add(&task.selector.ids, "a/b");
    expect_refused(&task, ERR_INVALID, "deploy.target.ids[1]");
    strlist_clear(&task.selector.ids);
    expect_refused(&task, ERR_INVALID, "deploy.target:");
    assert_int_equal(tags_add(&task.selector.tags, "roof", NULL), ERR_OK);
    assert_int_equal(task_check(&task, NULL), ERR_OK);
}

static void a_build_needs_host_commands_and_artifacts_inside_the_tree(void **state)
{
    (void)state;
    AUTO(task_value) struct task task = buildable();
    add(&task.build_artifacts, "../../etc/passwd");
    expect_refused(&task, ERR_INVALID, "build.artifacts[1]");
    strlist_clear(&task.build_artifacts);
    expect_refused(&task, ERR_INVALID, "build.artifacts");
    strlist_clear(&task.build_commands);
    expect_refused(&task, ERR_INVALID, "build.commands");
    task.build_host[0] = '\0';
    expect_refused(&task, ERR_INVALID, "build.host");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_deployment_is_fine),
        cmocka_unit_test(a_build_without_deployment_is_fine),
        cmocka_unit_test(files_without_commands_are_something_to_do),
        cmocka_unit_test(neither_build_nor_deploy_is_invalid),
        cmocka_unit_test(the_app_must_be_fit_for_a_folder),
        cmocka_unit_test(commands_are_neither_blank_nor_long_nor_many),
        cmocka_unit_test(a_selector_names_somebody_and_names_are_names),
        cmocka_unit_test(a_build_needs_host_commands_and_artifacts_inside_the_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
