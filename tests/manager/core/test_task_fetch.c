/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a task: who may have them, and how many they may be. */
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

static enum err fetch(void **state, const char *target_id, const char *task_id)
{
    struct bytes out = {0};
    enum err err = task_manager_fetch(manager_of(state), target_id, task_id, &out, NULL);
    if (err == ERR_OK)
        assert_string_equal((const char *)out.data, task_id);
    bytes_clear(&out);
    return err;
}

static void only_a_target_with_a_live_row_fetches_a_task(void **state)
{
    add_target(*state, "drone-1", "");
    add_target(*state, "drone-2", "");
    char id[TASK_ID_SIZE];
    create_task(*state, "drone-1", id);
    assert_int_equal(fetch(state, "drone-1", id), ERR_OK);
    assert_int_equal(fetch(state, "drone-1", id), ERR_OK);
    assert_int_equal(fetch(state, "drone-2", id), ERR_NOT_FOUND);
    assert_int_equal(fetch(state, "drone-1", ""), ERR_NOT_FOUND);
    set_row(*state, id, "drone-1", TASK_REJECTED, RUN_UNKNOWN);
    assert_int_equal(fetch(state, "drone-1", id), ERR_NOT_FOUND);
}

static void who_is_to_stop_a_task_or_has_ended_it_does_not_get_it(void **state)
{
    struct core_fixture *f = *state;
    add_target(f, "drone-1", "");
    char id[TASK_ID_SIZE];
    create_task(f, "drone-1", id);
    set_row(f, id, "drone-1", TASK_TRANSFERRING, RUN_UNKNOWN);
    assert_int_equal(fetch(state, "drone-1", id), ERR_OK);
    assert_int_equal(task_manager_stop(manager_of(state), id, NULL), ERR_OK);
    assert_int_equal(fetch(state, "drone-1", id), ERR_NOT_FOUND);
    set_row(f, id, "drone-1", TASK_STOPPED, RUN_UNKNOWN);
    assert_int_equal(task_manager_delete(manager_of(state), id, NULL), ERR_OK);
    assert_int_equal(fetch(state, "drone-1", id), ERR_NOT_FOUND);
}

static void more_tasks_than_are_kept_in_memory_are_fetched_all_the_same(void **state)
{
    enum { TASKS = 12, ROUNDS = 3 };
    char ids[TASKS][TASK_ID_SIZE];
    for (size_t i = 0; i < TASKS; i++) {
        char target_id[ID_SIZE];
        (void)snprintf(target_id, sizeof(target_id), "%zu-drone", i);
        add_target(*state, target_id, "");
        create_task(*state, target_id, ids[i]);
    }
    for (size_t i = 0; i < (size_t)TASKS * ROUNDS; i++) {
        char target_id[ID_SIZE];
        (void)snprintf(target_id, sizeof(target_id), "%zu-drone", i % TASKS);
        assert_int_equal(fetch(state, target_id, ids[i % TASKS]), ERR_OK);
    }
}

static enum err encode_hugely(const struct task *task, struct bytes *out, struct error *e)
{
    (void)task;
    enum err err = bytes_reserve(out, CONTROL_MESSAGE_MAX, e);
    if (err != ERR_OK)
        return err;
    memset(out->data, 0, CONTROL_MESSAGE_MAX);
    out->size = CONTROL_MESSAGE_MAX;
    return ERR_OK;
}

static void a_task_that_fits_no_message_is_too_large(void **state)
{
    struct core_fixture *f = *state;
    add_target(f, "drone-1", "");
    AUTO(task_manager_free) struct task_manager *m = NULL;
    assert_int_equal(task_manager_new(f->core.store, f->core.registry, f->core.events,
                                      &f->outbox.outbox, encode_hugely, &m, NULL),
                     ERR_OK);
    struct task task;
    draft_init(&task, "drone-1", "");
    struct error e = {0};
    assert_int_equal(task_manager_create(m, &task, &e), ERR_TOO_LARGE);
    assert_int_equal(strncmp(e.text, "deploy:", 7), 0);
    task_clear(&task);
}

#define FETCH_TEST(name)                                                                           \
    cmocka_unit_test_setup_teardown(name, core_fixture_setup, core_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FETCH_TEST(only_a_target_with_a_live_row_fetches_a_task),
        FETCH_TEST(who_is_to_stop_a_task_or_has_ended_it_does_not_get_it),
        FETCH_TEST(more_tasks_than_are_kept_in_memory_are_fetched_all_the_same),
        FETCH_TEST(a_task_that_fits_no_message_is_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
