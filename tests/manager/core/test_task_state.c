/* SPDX-License-Identifier: Apache-2.0 */
/* The table of task states, pair by pair, against a copy written another way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "task_state.h"

/* Row: from; column: to; in the order of enum task_state, from pending. */
static const char *const expected[] = {
    /*               PNATIAsBCrfst */
    /* pending      */ ".xxxxxxxxxxxx",
    /* announced    */ "..xxxxxxxxxxx",
    /* accepted     */ "...xxxxxxxxxx",
    /* transferring */ "....xxxxxxxxx",
    /* installing   */ ".....xx..xxxx",
    /* activating   */ "......x..xxxx",
    /* succeeded    */ ".............",
    /* building     */ "......x.xxxxx",
    /* collecting   */ "......x..xxxx",
    /* rejected     */ ".............",
    /* failed       */ ".............",
    /* stopped      */ ".............",
    /* timed-out    */ ".............",
};

static bool is_expected(unsigned from, unsigned to)
{
    return expected[from - TASK_PENDING][to - TASK_PENDING] == 'x';
}

static void exactly_the_listed_pairs_are_allowed(void **state)
{
    (void)state;
    for (unsigned from = TASK_PENDING; from < TASK_STATE_COUNT; from++) {
        for (unsigned to = TASK_PENDING; to < TASK_STATE_COUNT; to++)
            assert_int_equal(task_state_may_follow(from, to), is_expected(from, to));
    }
    assert_false(task_state_may_follow(0, TASK_ANNOUNCED));
    assert_false(task_state_may_follow(TASK_PENDING, (enum task_state)TASK_STATE_COUNT));
    assert_false(task_state_may_follow((enum task_state)TASK_STATE_COUNT, TASK_FAILED));
}

static void a_listed_pair_moves_the_row_and_an_unlisted_one_changes_nothing(void **state)
{
    (void)state;
    for (unsigned from = TASK_PENDING; from < TASK_STATE_COUNT; from++) {
        for (unsigned to = TASK_PENDING; to < TASK_STATE_COUNT; to++) {
            struct task_target row = {.state = from, .since_ms = 5, .message = "before"};
            const struct task_target before = row;
            const struct acknowledgement a = {.state = to, .message = "after"};
            struct error e = {0};
            enum err err = task_state_apply(&row, &a, 9, &e);
            if (from == to || is_expected(from, to)) {
                assert_int_equal(err, ERR_OK);
                assert_int_equal(row.state, to);
                assert_int_equal(row.since_ms, from == to ? 5 : 9);
                assert_string_equal(row.message, "after");
            } else {
                assert_int_equal(err, ERR_CONFLICT);
                assert_memory_equal(&row, &before, sizeof(row));
            }
        }
    }
}

static void the_same_state_again_updates_run_state_and_message(void **state)
{
    (void)state;
    struct task_target row = {.state = TASK_SUCCEEDED, .run_state = RUN_UP, .since_ms = 5};
    const struct acknowledgement a = {.state = TASK_SUCCEEDED,
                                      .run_state = RUN_EXITED,
                                      .exit_status = 139,
                                      .message = "killed by signal 11"};
    assert_int_equal(task_state_apply(&row, &a, 9, NULL), ERR_OK);
    assert_int_equal(row.run_state, RUN_EXITED);
    assert_int_equal(row.exit_status, 139);
    assert_string_equal(row.message, "killed by signal 11");
    assert_int_equal(row.since_ms, 5);
}

static void states_that_do_not_exist_are_invalid(void **state)
{
    (void)state;
    struct task_target row = {.state = TASK_ANNOUNCED};
    struct acknowledgement a = {.state = (enum task_state)TASK_STATE_COUNT};
    assert_int_equal(task_state_apply(&row, &a, 9, NULL), ERR_INVALID);
    a = (struct acknowledgement){.state = TASK_ACCEPTED,
                                 .run_state = (enum run_state)RUN_STATE_COUNT};
    assert_int_equal(task_state_apply(&row, &a, 9, NULL), ERR_INVALID);
    a = (struct acknowledgement){0};
    assert_int_equal(task_state_apply(&row, &a, 9, NULL), ERR_INVALID);
    assert_int_equal(row.state, TASK_ANNOUNCED);
}

static void a_guess_that_a_task_was_superseded_gives_way_to_its_success(void **state)
{
    (void)state;
    struct task_target row = {.state = TASK_STOPPED, .code = ERR_SUPERSEDED};
    const struct acknowledgement late = {.state = TASK_INSTALLING};
    assert_int_equal(task_state_apply(&row, &late, 9, NULL), ERR_CONFLICT);
    const struct acknowledgement done = {.state = TASK_SUCCEEDED, .run_state = RUN_UP};
    assert_int_equal(task_state_apply(&row, &done, 9, NULL), ERR_OK);
    assert_int_equal(row.state, TASK_SUCCEEDED);
    assert_int_equal(row.code, ERR_OK);
}

static void what_an_agent_writes_is_made_harmless(void **state)
{
    (void)state;
    struct task_target row = {.state = TASK_ANNOUNCED};
    const struct acknowledgement a = {.state = TASK_FAILED, .message = "bell \a and \xff"};
    assert_int_equal(task_state_apply(&row, &a, 9, NULL), ERR_OK);
    assert_string_equal(row.message, "bell ? and ?");
}

static void a_stop_is_confirmed_by_the_end_of_the_work_or_of_the_processes(void **state)
{
    (void)state;
    struct task_target row = {.state = TASK_INSTALLING, .stop_wanted = true};
    const struct acknowledgement stopped = {.state = TASK_STOPPED, .code = ERR_STOPPED};
    assert_int_equal(task_state_apply(&row, &stopped, 9, NULL), ERR_OK);
    assert_false(row.stop_wanted);

    row = (struct task_target){.state = TASK_ACTIVATING, .stop_wanted = true};
    struct acknowledgement a = {.state = TASK_SUCCEEDED, .run_state = RUN_UP};
    assert_int_equal(task_state_apply(&row, &a, 9, NULL), ERR_OK);
    assert_true(row.stop_wanted);
    a.run_state = RUN_EXITED;
    assert_int_equal(task_state_apply(&row, &a, 9, NULL), ERR_OK);
    assert_true(row.stop_wanted);
    a.run_state = RUN_STOPPED;
    assert_int_equal(task_state_apply(&row, &a, 9, NULL), ERR_OK);
    assert_false(row.stop_wanted);
}

static void only_what_works_or_runs_can_be_stopped(void **state)
{
    (void)state;
    for (unsigned s = TASK_PENDING; s < TASK_STATE_COUNT; s++) {
        const struct task_target row = {.state = s, .run_state = RUN_UP};
        bool is_expected_stoppable = !task_state_is_final(s) || s == TASK_SUCCEEDED;
        assert_int_equal(task_state_is_stoppable(&row), is_expected_stoppable);
    }
    const struct task_target nothing_runs = {.state = TASK_SUCCEEDED, .run_state = RUN_NONE};
    assert_false(task_state_is_stoppable(&nothing_runs));
    const struct task_target stopped = {.state = TASK_SUCCEEDED, .run_state = RUN_STOPPED};
    assert_false(task_state_is_stoppable(&stopped));
}

static void stopping_without_the_agent_keeps_a_success_a_success(void **state)
{
    (void)state;
    struct task_target row = {.state = TASK_ACCEPTED, .stop_wanted = true};
    task_state_stop(&row, ERR_STOPPED, "stopped", 9);
    assert_int_equal(row.state, TASK_STOPPED);
    assert_int_equal(row.code, ERR_STOPPED);
    assert_int_equal(row.since_ms, 9);
    assert_false(row.stop_wanted);

    row = (struct task_target){.state = TASK_SUCCEEDED, .run_state = RUN_UP, .stop_wanted = true};
    task_state_stop(&row, ERR_STOPPED, "stopped", 9);
    assert_int_equal(row.state, TASK_SUCCEEDED);
    assert_int_equal(row.run_state, RUN_STOPPED);
    assert_false(row.stop_wanted);

    row = (struct task_target){.state = TASK_FAILED, .code = ERR_COMMAND_FAILED};
    task_state_stop(&row, ERR_STOPPED, "stopped", 9);
    assert_int_equal(row.state, TASK_FAILED);
    assert_int_equal(row.code, ERR_COMMAND_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exactly_the_listed_pairs_are_allowed),
        cmocka_unit_test(a_listed_pair_moves_the_row_and_an_unlisted_one_changes_nothing),
        cmocka_unit_test(the_same_state_again_updates_run_state_and_message),
        cmocka_unit_test(states_that_do_not_exist_are_invalid),
        cmocka_unit_test(a_guess_that_a_task_was_superseded_gives_way_to_its_success),
        cmocka_unit_test(what_an_agent_writes_is_made_harmless),
        cmocka_unit_test(a_stop_is_confirmed_by_the_end_of_the_work_or_of_the_processes),
        cmocka_unit_test(only_what_works_or_runs_can_be_stopped),
        cmocka_unit_test(stopping_without_the_agent_keeps_a_success_a_success),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
