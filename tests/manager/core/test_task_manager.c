/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks: created for targets, superseded, acknowledged, fetched, stopped, deleted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core_fixture.h"

static struct task_manager *manager_of(void **state)
{
    return ((struct core_fixture *)*state)->core.tasks;
}

static enum task_state state_of(void **state, const char *task_id, const char *target_id)
{
    return get_row(*state, task_id, target_id).state;
}

static enum err acknowledge(void **state, const char *task_id, enum task_state task_state,
                            enum run_state run_state)
{
    struct acknowledgement a = {.state = task_state, .run_state = run_state};
    (void)snprintf(a.task_id, sizeof(a.task_id), "%s", task_id);
    return task_manager_acknowledge(manager_of(state), "drone-1", &a, 5000, NULL);
}

static void a_new_task_has_a_row_per_matching_target(void **state)
{
    struct core_fixture *f = *state;
    add_target(f, "drone-1", "air");
    add_target(f, "drone-2", "air");
    add_target(f, "rover-1", "");
    struct task task;
    draft_init(&task, "rover-1", "air");
    assert_int_equal(task_manager_create(manager_of(state), &task, NULL), ERR_OK);
    assert_int_equal(task.version, 1);
    assert_true(task.created_ms > 0);
    struct task_counts counts;
    assert_int_equal(store_row_counts(f->core.store, task.id, &counts, NULL), ERR_OK);
    assert_int_equal(counts.total, 3);
    assert_int_equal(counts.states[TASK_PENDING], 3);
    const struct task_target row = get_row(f, task.id, "rover-1");
    assert_string_equal(row.app, "default");
    assert_int_equal(row.version, 1);
    task_clear(&task);
}

static void only_connected_targets_are_told(void **state)
{
    struct core_fixture *f = *state;
    add_target(f, "drone-1", "");
    add_target(f, "drone-2", "");
    connect_target(f, "drone-2", "");
    char id[TASK_ID_SIZE];
    create_task(f, "drone-1,drone-2", id);
    assert_int_equal(state_of(state, id, "drone-1"), TASK_PENDING);
    assert_int_equal(state_of(state, id, "drone-2"), TASK_ANNOUNCED);
    assert_int_equal(fake_outbox_sent(&f->outbox, SENT_ANNOUNCE, "drone-1", NULL), 0);
    assert_int_equal(fake_outbox_sent(&f->outbox, SENT_ANNOUNCE, "drone-2", id), 1);
}

static void an_announcement_that_cannot_leave_keeps_the_row_pending(void **state)
{
    struct core_fixture *f = *state;
    add_target(f, "drone-1", "");
    connect_target(f, "drone-1", "");
    f->outbox.is_deaf = true;
    char id[TASK_ID_SIZE];
    create_task(f, "drone-1", id);
    assert_int_equal(state_of(state, id, "drone-1"), TASK_PENDING);
}

static void no_match_is_invalid_and_names_the_field(void **state)
{
    struct core_fixture *f = *state;
    struct task task;
    draft_init(&task, "ghost", "red");
    struct error e = {0};
    assert_int_equal(task_manager_check(manager_of(state), &task, &e), ERR_INVALID);
    assert_string_equal(e.text, "deploy.target: no registered target matches");
    assert_int_equal(task_manager_create(manager_of(state), &task, &e), ERR_INVALID);
    uint64_t last;
    assert_int_equal(store_task_last_version(f->core.store, &last, NULL), ERR_OK);
    assert_int_equal(last, 0);
    task_clear(&task);
}

static void a_build_task_is_stored_without_rows(void **state)
{
    struct core_fixture *f = *state;
    struct task task = {.has_build = true, .build_host = "laptop"};
    assert_int_equal(strlist_add(&task.build_commands, "make", NULL), ERR_OK);
    assert_int_equal(strlist_add(&task.build_artifacts, "count", NULL), ERR_OK);
    assert_int_equal(task_manager_create(manager_of(state), &task, NULL), ERR_OK);
    struct task stored = {0};
    assert_int_equal(store_task_get(f->core.store, task.id, &stored, NULL), ERR_OK);
    assert_true(stored.has_build);
    struct task_counts counts;
    assert_int_equal(store_row_counts(f->core.store, task.id, &counts, NULL), ERR_OK);
    assert_int_equal(counts.total, 0);
    task_clear(&stored);
    task_clear(&task);
}

static void creation_is_one_event_however_many_targets(void **state)
{
    struct core_fixture *f = *state;
    add_target(f, "drone-1", "");
    add_target(f, "drone-2", "");
    char id[TASK_ID_SIZE];
    create_task(f, "drone-1,drone-2", id);
    core_fixture_commit(f);
    assert_int_equal(take_events(f, EVENT_TASK_UPDATED), 1);
}

static void versions_and_ids_differ_from_task_to_task(void **state)
{
    add_target(*state, "drone-1", "");
    char first[TASK_ID_SIZE];
    char second[TASK_ID_SIZE];
    create_task(*state, "drone-1", first);
    create_task(*state, "drone-1", second);
    assert_string_not_equal(first, second);
    assert_int_equal(get_row(*state, second, "drone-1").version, 2);
}

static void a_newer_task_of_the_app_closes_what_has_not_begun(void **state)
{
    struct core_fixture *f = *state;
    add_target(f, "drone-1", "");
    add_target(f, "drone-2", "");
    char old[TASK_ID_SIZE];
    char new[TASK_ID_SIZE];
    create_task(f, "drone-1,drone-2", old);
    set_row(f, old, "drone-2", TASK_INSTALLING, RUN_UNKNOWN);
    create_task(f, "drone-1,drone-2", new);
    const struct task_target row = get_row(f, old, "drone-1");
    assert_int_equal(row.state, TASK_STOPPED);
    assert_int_equal(row.code, ERR_SUPERSEDED);
    char expected[MESSAGE_TEXT_SIZE];
    (void)snprintf(expected, sizeof(expected), "superseded by %s", new);
    assert_string_equal(row.message, expected);
    assert_int_equal(state_of(state, old, "drone-2"), TASK_INSTALLING);
    assert_int_equal(state_of(state, new, "drone-1"), TASK_PENDING);
}

static void tasks_of_other_apps_and_targets_are_left_alone(void **state)
{
    struct core_fixture *f = *state;
    add_target(f, "drone-1", "");
    add_target(f, "drone-2", "");
    char both[TASK_ID_SIZE];
    create_task(f, "drone-1,drone-2", both);
    struct task other;
    draft_init(&other, "drone-1", "");
    (void)snprintf(other.app, sizeof(other.app), "camera");
    assert_int_equal(task_manager_create(manager_of(state), &other, NULL), ERR_OK);
    assert_int_equal(state_of(state, both, "drone-1"), TASK_PENDING);
    char newer[TASK_ID_SIZE];
    create_task(f, "drone-1", newer);
    assert_int_equal(state_of(state, both, "drone-1"), TASK_STOPPED);
    assert_int_equal(state_of(state, both, "drone-2"), TASK_PENDING);
    assert_int_equal(state_of(state, other.id, "drone-1"), TASK_PENDING);
    task_clear(&other);
}

static void acknowledgements_move_the_row_and_duplicates_are_harmless(void **state)
{
    struct core_fixture *f = *state;
    add_target(f, "drone-1", "");
    char id[TASK_ID_SIZE];
    create_task(f, "drone-1", id);
    core_fixture_commit(f);
    (void)take_events(f, 0);
    assert_int_equal(acknowledge(state, id, TASK_ACCEPTED, RUN_UNKNOWN), ERR_OK);
    assert_int_equal(acknowledge(state, id, TASK_ACCEPTED, RUN_UNKNOWN), ERR_OK);
    assert_int_equal(acknowledge(state, id, TASK_SUCCEEDED, RUN_STARTING), ERR_OK);
    assert_int_equal(acknowledge(state, id, TASK_TRANSFERRING, RUN_UNKNOWN), ERR_CONFLICT);
    assert_int_equal(acknowledge(state, id, TASK_SUCCEEDED, RUN_UP), ERR_OK);
    assert_int_equal(acknowledge(state, id, TASK_FAILED, RUN_UNKNOWN), ERR_CONFLICT);
    const struct task_target row = get_row(f, id, "drone-1");
    assert_int_equal(row.state, TASK_SUCCEEDED);
    assert_int_equal(row.run_state, RUN_UP);
    core_fixture_commit(f);
    assert_int_equal(take_events(f, EVENT_TASK_UPDATED), 3);
    assert_int_equal(acknowledge(state, "no-such-task", TASK_ACCEPTED, RUN_UNKNOWN), ERR_NOT_FOUND);
}

static void create_packaged(void **state, char id[TASK_ID_SIZE])
{
    struct task task;
    draft_init(&task, "drone-1", "");
    task.has_package = true;
    memset(task.package.digest, 5, sizeof(task.package.digest));
    assert_int_equal(task_manager_create(manager_of(state), &task, NULL), ERR_OK);
    memcpy(id, task.id, TASK_ID_SIZE);
    task_clear(&task);
}

static void success_needs_the_digest_of_what_was_sent(void **state)
{
    add_target(*state, "drone-1", "");
    char id[TASK_ID_SIZE];
    struct acknowledgement a = {
        .state = TASK_SUCCEEDED, .run_state = RUN_UP, .has_digest = true, .digest = {9}};
    create_packaged(state, id);
    memcpy(a.task_id, id, sizeof(a.task_id));
    assert_int_equal(task_manager_acknowledge(manager_of(state), "drone-1", &a, 1, NULL), ERR_OK);
    assert_int_equal(state_of(state, id, "drone-1"), TASK_FAILED);
    assert_int_equal(get_row(*state, id, "drone-1").code, ERR_CORRUPT);

    create_packaged(state, id);
    memcpy(a.task_id, id, sizeof(a.task_id));
    memset(a.digest, 5, sizeof(a.digest));
    assert_int_equal(task_manager_acknowledge(manager_of(state), "drone-1", &a, 1, NULL), ERR_OK);
    assert_int_equal(state_of(state, id, "drone-1"), TASK_SUCCEEDED);

    create_packaged(state, id);
    memcpy(a.task_id, id, sizeof(a.task_id));
    a.has_digest = false;
    assert_int_equal(task_manager_acknowledge(manager_of(state), "drone-1", &a, 1, NULL), ERR_OK);
    assert_int_equal(state_of(state, id, "drone-1"), TASK_FAILED);
}

static void stopping_ends_what_was_not_told_and_asks_the_others(void **state)
{
    struct core_fixture *f = *state;
    add_target(f, "drone-1", "");
    add_target(f, "drone-2", "");
    add_target(f, "drone-3", "");
    add_target(f, "drone-4", "");
    char id[TASK_ID_SIZE];
    create_task(f, "drone-1,drone-2,drone-3,drone-4", id);
    set_row(f, id, "drone-2", TASK_TRANSFERRING, RUN_UNKNOWN);
    set_row(f, id, "drone-3", TASK_SUCCEEDED, RUN_UP);
    set_row(f, id, "drone-4", TASK_FAILED, RUN_UNKNOWN);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(task_manager_stop(manager_of(state), id, NULL), ERR_OK);
        assert_int_equal(state_of(state, id, "drone-1"), TASK_STOPPED);
        assert_true(get_row(f, id, "drone-2").stop_wanted);
        assert_true(get_row(f, id, "drone-3").stop_wanted);
        assert_false(get_row(f, id, "drone-4").stop_wanted);
    }
    assert_int_equal(fake_outbox_sent(&f->outbox, SENT_STOP, "drone-1", NULL), 0);
    assert_true(fake_outbox_sent(&f->outbox, SENT_STOP, "drone-2", id) > 0);
    assert_true(fake_outbox_sent(&f->outbox, SENT_STOP, "drone-3", id) > 0);
    assert_int_equal(task_manager_stop(manager_of(state), "no-such-task", NULL), ERR_NOT_FOUND);
}

static void a_task_of_many_pages_is_stopped_everywhere(void **state)
{
    struct core_fixture *f = *state;
    enum { TARGETS = 600 };
    for (int i = 0; i < TARGETS; i++) {
        char id[ID_SIZE];
        (void)snprintf(id, sizeof(id), "%d-drone", i);
        add_target(f, id, "all");
    }
    struct task task;
    draft_init(&task, "", "all");
    assert_int_equal(task_manager_create(manager_of(state), &task, NULL), ERR_OK);
    assert_int_equal(task_manager_stop(manager_of(state), task.id, NULL), ERR_OK);
    struct task_counts counts;
    assert_int_equal(store_row_counts(f->core.store, task.id, &counts, NULL), ERR_OK);
    assert_int_equal(counts.states[TASK_STOPPED], TARGETS);
    task_clear(&task);
}

static void stopping_a_target_concerns_all_of_its_tasks(void **state)
{
    struct core_fixture *f = *state;
    add_target(f, "drone-1", "");
    add_target(f, "drone-2", "");
    char first[TASK_ID_SIZE];
    char second[TASK_ID_SIZE];
    create_task(f, "drone-1,drone-2", first);
    set_row(f, first, "drone-1", TASK_SUCCEEDED, RUN_UP);
    create_task(f, "drone-1,drone-2", second);
    assert_int_equal(task_manager_stop_target(manager_of(state), "drone-1", NULL), ERR_OK);
    assert_true(get_row(f, first, "drone-1").stop_wanted);
    assert_int_equal(state_of(state, second, "drone-1"), TASK_STOPPED);
    assert_int_equal(state_of(state, second, "drone-2"), TASK_PENDING);
    assert_int_equal(fake_outbox_sent(&f->outbox, SENT_STOP, "drone-1", ""), 1);
    assert_int_equal(task_manager_stop_target(manager_of(state), "ghost", NULL), ERR_NOT_FOUND);
}

static void a_task_can_be_deleted_once_nothing_of_it_works_or_runs(void **state)
{
    struct core_fixture *f = *state;
    add_target(f, "drone-1", "");
    char id[TASK_ID_SIZE];
    create_task(f, "drone-1", id);
    assert_int_equal(task_manager_delete(manager_of(state), id, NULL), ERR_CONFLICT);
    const enum run_state busy[] = {RUN_STARTING, RUN_UP, RUN_BACKING_OFF};
    for (size_t i = 0; i < 3; i++) {
        set_row(f, id, "drone-1", TASK_SUCCEEDED, busy[i]);
        assert_int_equal(task_manager_delete(manager_of(state), id, NULL), ERR_CONFLICT);
    }
    set_row(f, id, "drone-1", TASK_SUCCEEDED, RUN_EXITED);
    assert_int_equal(task_manager_delete(manager_of(state), id, NULL), ERR_OK);
    assert_int_equal(task_manager_delete(manager_of(state), id, NULL), ERR_NOT_FOUND);
}

static void removing_a_target_removes_its_rows(void **state)
{
    struct core_fixture *f = *state;
    add_target(f, "drone-1", "");
    add_target(f, "drone-2", "");
    char id[TASK_ID_SIZE];
    create_task(f, "drone-1,drone-2", id);
    assert_int_equal(registry_remove(f->core.registry, "drone-1", NULL), ERR_OK);
    struct task_counts counts;
    assert_int_equal(store_row_counts(f->core.store, id, &counts, NULL), ERR_OK);
    assert_int_equal(counts.total, 1);
}

#define TASK_TEST(name)                                                                            \
    cmocka_unit_test_setup_teardown(name, core_fixture_setup, core_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TASK_TEST(a_new_task_has_a_row_per_matching_target),
        TASK_TEST(only_connected_targets_are_told),
        TASK_TEST(an_announcement_that_cannot_leave_keeps_the_row_pending),
        TASK_TEST(no_match_is_invalid_and_names_the_field),
        TASK_TEST(a_build_task_is_stored_without_rows),
        TASK_TEST(creation_is_one_event_however_many_targets),
        TASK_TEST(versions_and_ids_differ_from_task_to_task),
        TASK_TEST(a_newer_task_of_the_app_closes_what_has_not_begun),
        TASK_TEST(tasks_of_other_apps_and_targets_are_left_alone),
        TASK_TEST(acknowledgements_move_the_row_and_duplicates_are_harmless),
        TASK_TEST(success_needs_the_digest_of_what_was_sent),
        TASK_TEST(stopping_ends_what_was_not_told_and_asks_the_others),
        TASK_TEST(a_task_of_many_pages_is_stopped_everywhere),
        TASK_TEST(stopping_a_target_concerns_all_of_its_tasks),
        TASK_TEST(a_task_can_be_deleted_once_nothing_of_it_works_or_runs),
        TASK_TEST(removing_a_target_removes_its_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
