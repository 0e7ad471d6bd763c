/* SPDX-License-Identifier: Apache-2.0 */
/* Names of states and stages, and what a task frees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model.h"

static void every_task_state_has_a_name_that_leads_back(void **state)
{
    (void)state;
    for (unsigned s = TASK_PENDING; s < TASK_STATE_COUNT; s++) {
        const char *name = task_state_name(s);
        assert_non_null(name);
        assert_int_equal(task_state_from_name(name), s);
    }
    assert_string_equal(task_state_name(TASK_TIMED_OUT), "timed-out");
}

static void unknown_states_have_no_name(void **state)
{
    (void)state;
    assert_null(task_state_name(0));
    assert_null(task_state_name((enum task_state)TASK_STATE_COUNT));
    assert_null(task_state_name((enum task_state) - 1));
    assert_null(run_state_name((enum run_state)RUN_STATE_COUNT));
    assert_null(stage_name(STAGE_NONE));
    assert_null(stage_name(99));
    assert_int_equal(task_state_from_name("asleep"), 0);
    assert_int_equal(stage_from_name("asleep"), STAGE_NONE);
}

static void stages_and_run_states_are_named_as_in_the_api(void **state)
{
    (void)state;
    assert_string_equal(run_state_name(RUN_BACKING_OFF), "backing-off");
    for (unsigned s = STAGE_BUILD; s <= STAGE_AGENT; s++)
        assert_int_equal(stage_from_name(stage_name(s)), s);
    assert_int_equal(stage_from_name("terminal"), STAGE_TERMINAL);
}

static void five_states_are_final(void **state)
{
    (void)state;
    unsigned count = 0;
    for (unsigned s = 0; s < TASK_STATE_COUNT; s++)
        count += task_state_is_final(s);
    assert_int_equal(count, 5);
    assert_true(task_state_is_final(TASK_SUCCEEDED));
    assert_false(task_state_is_final(TASK_ACTIVATING));
}

static void a_cleared_task_is_empty_and_can_be_cleared_again(void **state)
{
    (void)state;
    struct task task = {.id = "brave-otter"};
    assert_int_equal(strlist_add(&task.run_commands, "sleep 1", NULL), ERR_OK);
    assert_int_equal(strlist_add(&task.selector.ids, "drone-1", NULL), ERR_OK);
    assert_int_equal(bytes_append(&task.signed_task, "abc", 3, NULL), ERR_OK);
    task.document = strdup("{}");
    task_clear(&task);
    assert_string_equal(task.id, "");
    assert_null(task.document);
    assert_int_equal(task.run_commands.count, 0);
    task_clear(&task);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_task_state_has_a_name_that_leads_back),
        cmocka_unit_test(unknown_states_have_no_name),
        cmocka_unit_test(stages_and_run_states_are_named_as_in_the_api),
        cmocka_unit_test(five_states_are_final),
        cmocka_unit_test(a_cleared_task_is_empty_and_can_be_cleared_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
