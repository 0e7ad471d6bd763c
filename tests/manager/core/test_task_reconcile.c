/* SPDX-License-Identifier: Apache-2.0 */
/* What both sides believe of a task, compared: every kind of difference, and how it is settled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core_fixture.h"

/* One target, one task for it, nothing sent yet. */
struct scene {
    struct core_fixture *f;
    char task_id[TASK_ID_SIZE];
};

static struct scene scene_of(void **state)
{
    struct scene s = {.f = *state};
    add_target(s.f, "drone-1", "");
    create_task(s.f, "drone-1", s.task_id);
    return s;
}

static void reconcile(struct scene *s, const struct task_status *tasks, size_t count)
{
    struct error e = {0};
    if (task_manager_reconcile(s->f->core.tasks, "drone-1", tasks, count, &e) != ERR_OK)
        fail_msg("%s", e.text);
}

static void reconcile_one(struct scene *s, enum task_state state, enum run_state run_state)
{
    struct task_status status = {.state = state, .run_state = run_state};
    memcpy(status.task_id, s->task_id, sizeof(status.task_id));
    reconcile(s, &status, 1);
}

static struct task_target row_of(struct scene *s)
{
    return get_row(s->f, s->task_id, "drone-1");
}

static size_t sent(struct scene *s, enum sent_kind kind)
{
    return fake_outbox_sent(&s->f->outbox, kind, "drone-1", s->task_id);
}

static void set_stop_wanted(struct scene *s)
{
    struct task_target row = row_of(s);
    row.stop_wanted = true;
    assert_int_equal(store_row_put(s->f->core.store, &row, NULL), ERR_OK);
}

static void a_pending_task_is_announced(void **state)
{
    struct scene s = scene_of(state);
    reconcile(&s, NULL, 0);
    assert_int_equal(sent(&s, SENT_ANNOUNCE), 1);
    assert_int_equal(row_of(&s).state, TASK_ANNOUNCED);
}

static void a_lost_announcement_is_repeated(void **state)
{
    struct scene s = scene_of(state);
    reconcile(&s, NULL, 0);
    reconcile(&s, NULL, 0);
    assert_int_equal(sent(&s, SENT_ANNOUNCE), 2);
    assert_int_equal(row_of(&s).state, TASK_ANNOUNCED);
}

static void a_task_that_cannot_be_announced_stays_pending(void **state)
{
    struct scene s = scene_of(state);
    s.f->outbox.is_deaf = true;
    reconcile(&s, NULL, 0);
    assert_int_equal(row_of(&s).state, TASK_PENDING);
}

static void a_known_task_is_not_announced_again(void **state)
{
    struct scene s = scene_of(state);
    reconcile_one(&s, TASK_ACCEPTED, RUN_UNKNOWN);
    assert_int_equal(sent(&s, SENT_ANNOUNCE), 0);
    assert_int_equal(row_of(&s).state, TASK_ACCEPTED);
}

static void an_agent_that_forgot_its_task_hears_of_it_again(void **state)
{
    struct scene s = scene_of(state);
    set_row(s.f, s.task_id, "drone-1", TASK_TRANSFERRING, RUN_UNKNOWN);
    reconcile(&s, NULL, 0);
    assert_int_equal(sent(&s, SENT_ANNOUNCE), 1);
    assert_int_equal(row_of(&s).state, TASK_TRANSFERRING);
}

static void states_ahead_are_taken_over_and_states_behind_are_not(void **state)
{
    struct scene s = scene_of(state);
    reconcile_one(&s, TASK_ACTIVATING, RUN_UNKNOWN);
    assert_int_equal(row_of(&s).state, TASK_ACTIVATING);
    reconcile_one(&s, TASK_ACCEPTED, RUN_UNKNOWN);
    assert_int_equal(row_of(&s).state, TASK_ACTIVATING);
    reconcile_one(&s, TASK_SUCCEEDED, RUN_UP);
    assert_int_equal(row_of(&s).state, TASK_SUCCEEDED);
    assert_int_equal(row_of(&s).run_state, RUN_UP);
}

static void taking_over_the_same_state_keeps_what_was_said_of_it(void **state)
{
    struct scene s = scene_of(state);
    struct task_target row = row_of(&s);
    row.state = TASK_ACTIVATING;
    (void)snprintf(row.message, sizeof(row.message), "waiting for the robot to land");
    assert_int_equal(store_row_put(s.f->core.store, &row, NULL), ERR_OK);
    reconcile_one(&s, TASK_ACTIVATING, RUN_STARTING);
    assert_string_equal(row_of(&s).message, "waiting for the robot to land");
    assert_int_equal(row_of(&s).run_state, RUN_STARTING);
}

static void nothing_new_is_nothing_written(void **state)
{
    struct scene s = scene_of(state);
    reconcile_one(&s, TASK_ACCEPTED, RUN_UNKNOWN);
    core_fixture_commit(s.f);
    (void)take_events(s.f, 0);
    reconcile_one(&s, TASK_ACCEPTED, RUN_UNKNOWN);
    core_fixture_commit(s.f);
    assert_int_equal(take_events(s.f, EVENT_TASK_UPDATED), 0);
}

static void a_stop_is_repeated_until_the_agent_confirms_it(void **state)
{
    struct scene s = scene_of(state);
    set_row(s.f, s.task_id, "drone-1", TASK_INSTALLING, RUN_UNKNOWN);
    set_stop_wanted(&s);
    reconcile_one(&s, TASK_INSTALLING, RUN_UNKNOWN);
    reconcile_one(&s, TASK_ACTIVATING, RUN_UNKNOWN);
    assert_int_equal(sent(&s, SENT_STOP), 2);
    reconcile_one(&s, TASK_STOPPED, RUN_UNKNOWN);
    assert_int_equal(sent(&s, SENT_STOP), 2);
    assert_int_equal(row_of(&s).state, TASK_STOPPED);
    assert_false(row_of(&s).stop_wanted);
}

static void a_stop_of_what_the_agent_does_not_know_is_done(void **state)
{
    struct scene s = scene_of(state);
    set_row(s.f, s.task_id, "drone-1", TASK_ANNOUNCED, RUN_UNKNOWN);
    set_stop_wanted(&s);
    reconcile(&s, NULL, 0);
    assert_int_equal(row_of(&s).state, TASK_STOPPED);
    assert_int_equal(row_of(&s).code, ERR_STOPPED);
    assert_int_equal(sent(&s, SENT_STOP) + sent(&s, SENT_ANNOUNCE), 0);
}

static void processes_to_be_stopped_are_stopped_by_the_agents_word(void **state)
{
    struct scene s = scene_of(state);
    set_row(s.f, s.task_id, "drone-1", TASK_SUCCEEDED, RUN_UP);
    set_stop_wanted(&s);
    reconcile_one(&s, TASK_SUCCEEDED, RUN_UP);
    assert_int_equal(sent(&s, SENT_STOP), 1);
    reconcile_one(&s, TASK_SUCCEEDED, RUN_STOPPED);
    assert_int_equal(row_of(&s).state, TASK_SUCCEEDED);
    assert_int_equal(row_of(&s).run_state, RUN_STOPPED);
    assert_false(row_of(&s).stop_wanted);
    reconcile_one(&s, TASK_SUCCEEDED, RUN_STOPPED);
    assert_int_equal(sent(&s, SENT_STOP), 1);
}

static void work_on_what_has_ended_for_us_is_stopped(void **state)
{
    struct scene s = scene_of(state);
    set_row(s.f, s.task_id, "drone-1", TASK_STOPPED, RUN_UNKNOWN);
    reconcile_one(&s, TASK_TRANSFERRING, RUN_UNKNOWN);
    assert_int_equal(sent(&s, SENT_STOP), 1);
    assert_int_equal(row_of(&s).state, TASK_STOPPED);
}

static void what_runs_without_a_row_is_left_alone(void **state)
{
    struct scene s = scene_of(state);
    reconcile(&s, NULL, 0);
    const struct task_status strangers[] = {{"lost-lynx", TASK_SUCCEEDED, RUN_UP},
                                            {"lost-lark", TASK_TRANSFERRING, RUN_UNKNOWN}};
    reconcile(&s, strangers, 2);
    assert_int_equal(fake_outbox_sent(&s.f->outbox, SENT_STOP, "drone-1", NULL), 0);
}

static void a_list_with_states_that_do_not_exist_is_refused(void **state)
{
    struct scene s = scene_of(state);
    struct task_status status = {.state = TASK_ACCEPTED, .run_state = 99};
    memcpy(status.task_id, s.task_id, sizeof(status.task_id));
    assert_int_equal(task_manager_reconcile(s.f->core.tasks, "drone-1", &status, 1, NULL),
                     ERR_INVALID);
    status = (struct task_status){.state = 99};
    memcpy(status.task_id, s.task_id, sizeof(status.task_id));
    reconcile(&s, &status, 1);
    assert_int_equal(row_of(&s).state, TASK_PENDING);
}

#define RECONCILE_TEST(name)                                                                       \
    cmocka_unit_test_setup_teardown(name, core_fixture_setup, core_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RECONCILE_TEST(a_pending_task_is_announced),
        RECONCILE_TEST(a_lost_announcement_is_repeated),
        RECONCILE_TEST(a_task_that_cannot_be_announced_stays_pending),
        RECONCILE_TEST(a_known_task_is_not_announced_again),
        RECONCILE_TEST(an_agent_that_forgot_its_task_hears_of_it_again),
        RECONCILE_TEST(states_ahead_are_taken_over_and_states_behind_are_not),
        RECONCILE_TEST(taking_over_the_same_state_keeps_what_was_said_of_it),
        RECONCILE_TEST(nothing_new_is_nothing_written),
        RECONCILE_TEST(a_stop_is_repeated_until_the_agent_confirms_it),
        RECONCILE_TEST(a_stop_of_what_the_agent_does_not_know_is_done),
        RECONCILE_TEST(processes_to_be_stopped_are_stopped_by_the_agents_word),
        RECONCILE_TEST(work_on_what_has_ended_for_us_is_stopped),
        RECONCILE_TEST(what_runs_without_a_row_is_left_alone),
        RECONCILE_TEST(a_list_with_states_that_do_not_exist_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
