/* SPDX-License-Identifier: Apache-2.0 */
/* Targets, their rows, and tokens, on every backend. */
#include <stdio.h>
#include <string.h>

#include "store_suite.h"

static const struct page all_rows = {.number = 1, .size = 1000};

static bool note_target(void *arg, const struct target *t)
{
    return suite_note(arg, t->id);
}

static bool copy_target(void *arg, const struct target *t)
{
    *(struct target *)arg = *t;
    return true;
}

static bool note_row(void *arg, const struct task_target *row)
{
    return suite_note(arg, row->target_id);
}

static bool note_row_task(void *arg, const struct task_target *row)
{
    return suite_note(arg, row->task_id);
}

static void a_target_comes_back_as_it_was_put(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    suite_put_target(f, "drone-1");
    suite_commit(f);
    suite_reopen(f);
    struct target expected = suite_target("drone-1");
    struct target found;
    OK(store_target_each(f->store, copy_target, &found, e));
    assert_string_equal(found.id, "drone-1");
    assert_memory_equal(found.public_key, expected.public_key, KEY_BYTES);
    assert_string_equal(found.tags.text, ",camera,arm64,");
    assert_string_equal(found.advertised.text, ",arm64,");
    assert_true(found.location.is_known && found.location_is_fixed);
    assert_true(found.location.latitude == 46.5 && found.location.longitude == -13.25);
    assert_string_equal(found.architecture, "x86_64");
    assert_string_equal(found.os, "linux");
    assert_string_equal(found.agent_version, "0.1.0");
    assert_int_equal(found.disk_free_bytes, 5000000000);
    assert_int_equal(found.memory_bytes, 1000000000);
    assert_int_equal(found.registered_ms, 1700000000000);
    assert_int_equal(found.last_seen_ms, 1700000000123);
    assert_true(found.stream_id == UINT64_MAX - 1);
    assert_int_equal(found.stored_seq, 77);
    assert_false(found.is_online);
}

static void targets_come_in_order_of_id_and_a_visitor_can_stop(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    suite_put_target(f, "drone-2");
    suite_put_target(f, "Drone-3");
    suite_put_target(f, "drone-10");
    suite_commit(f);
    struct names names = {.stop_after = 2};
    OK(store_target_each(f->store, note_target, &names, e));
    assert_string_equal(names.text, "Drone-3 drone-10");
}

static void another_target_with_the_same_key_is_a_conflict(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    suite_put_target(f, "drone-1");
    struct target t = suite_target("drone-1");
    snprintf(t.id, sizeof(t.id), "impostor");
    struct error error;
    assert_int_equal(store_target_put(f->store, &t, &error), ERR_CONFLICT);
    suite_commit(f);
    struct names names = {.count = 0};
    OK(store_target_each(f->store, note_target, &names, e));
    assert_string_equal(names.text, "drone-1");
}

static void putting_a_target_again_replaces_it_and_keeps_its_rows(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    suite_put_target(f, "drone-1");
    suite_put_task(f, "brave-otter", 1);
    suite_put_row(f, "brave-otter", "drone-1", TASK_PENDING);
    struct target t = suite_target("drone-1");
    snprintf(t.os, sizeof(t.os), "other");
    OK(store_target_put(f->store, &t, e));
    suite_commit(f);
    struct target found;
    OK(store_target_each(f->store, copy_target, &found, e));
    assert_string_equal(found.os, "other");
    struct task_target row;
    OK(store_row_get(f->store, "brave-otter", "drone-1", &row, e));
}

static void deleting_a_target_removes_its_rows(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    suite_put_target(f, "drone-1");
    suite_put_target(f, "drone-2");
    suite_put_task(f, "brave-otter", 1);
    suite_put_row(f, "brave-otter", "drone-1", TASK_PENDING);
    suite_put_row(f, "brave-otter", "drone-2", TASK_PENDING);
    OK(store_target_delete(f->store, "drone-1", e));
    struct error error;
    assert_int_equal(store_target_delete(f->store, "drone-1", &error), ERR_NOT_FOUND);
    suite_commit(f);
    struct task_target row;
    assert_int_equal(store_row_get(f->store, "brave-otter", "drone-1", &row, &error),
                     ERR_NOT_FOUND);
    OK(store_row_get(f->store, "brave-otter", "drone-2", &row, e));
}

static void the_stored_sequence_is_set_alone(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    suite_put_target(f, "drone-1");
    OK(store_target_set_stored(f->store, "drone-1", UINT64_MAX, 1234, e));
    struct error error;
    assert_int_equal(store_target_set_stored(f->store, "nobody", 1, 1, &error), ERR_NOT_FOUND);
    suite_commit(f);
    struct target found;
    OK(store_target_each(f->store, copy_target, &found, e));
    assert_true(found.stream_id == UINT64_MAX);
    assert_int_equal(found.stored_seq, 1234);
    assert_string_equal(found.os, "linux");
}

static void a_row_comes_back_as_it_was_put(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    suite_put_target(f, "drone-1");
    suite_put_task(f, "brave-otter", 1);
    suite_put_row(f, "brave-otter", "drone-1", TASK_ANNOUNCED);
    struct task_target row = suite_row("brave-otter", "drone-1", TASK_SUCCEEDED);
    row.stop_wanted = true;
    row.version = 1;
    OK(store_row_put(f->store, &row, e));
    suite_commit(f);
    suite_reopen(f);
    struct task_target found;
    OK(store_row_get(f->store, "brave-otter", "drone-1", &found, e));
    assert_string_equal(found.task_id, "brave-otter");
    assert_string_equal(found.target_id, "drone-1");
    assert_string_equal(found.app, "counter");
    assert_int_equal(found.version, 1);
    assert_int_equal(found.state, TASK_SUCCEEDED);
    assert_int_equal(found.run_state, RUN_UP);
    assert_int_equal(found.exit_status, -9);
    assert_true(found.stop_wanted);
    assert_int_equal(found.since_ms, 1700000000456);
    assert_int_equal(found.code, ERR_UNSUITABLE);
    assert_string_equal(found.message, "not enough disk");
}

static void a_row_of_an_unknown_task_or_target_is_not_found(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    suite_put_target(f, "drone-1");
    suite_put_task(f, "brave-otter", 1);
    struct error error;
    struct task_target row = suite_row("brave-otter", "nobody", TASK_PENDING);
    assert_int_equal(store_row_put(f->store, &row, &error), ERR_NOT_FOUND);
    row = suite_row("nothing", "drone-1", TASK_PENDING);
    assert_int_equal(store_row_put(f->store, &row, &error), ERR_NOT_FOUND);
    suite_commit(f);
}

static void put_swarm(struct fixture *f)
{
    suite_begin(f);
    suite_put_task(f, "brave-otter", 1);
    suite_put_task(f, "brave-otters", 2);
    for (int i = 0; i < 9; i++) {
        char id[16];
        snprintf(id, sizeof(id), "drone-%d", i);
        suite_put_target(f, id);
        suite_put_row(f, "brave-otter", id, i % 3 == 0 ? TASK_SUCCEEDED : TASK_PENDING);
    }
    suite_put_row(f, "brave-otters", "drone-1", TASK_FAILED);
    suite_commit(f);
}

static void rows_are_listed_by_page_and_state(void **state)
{
    struct fixture *f = *state;
    put_swarm(f);
    struct names names = {.count = 0};
    uint64_t total = 0;
    struct row_query query = {.task_id = "brave-otter", .page = {.number = 2, .size = 4}};
    OK(store_row_list(f->store, &query, &total, note_row, &names, e));
    assert_string_equal(names.text, "drone-4 drone-5 drone-6 drone-7");
    assert_int_equal(total, 9);
    names = (struct names){.stop_after = 2};
    query = (struct row_query){
        .task_id = "brave-otter", .has_state = true, .state = TASK_SUCCEEDED, .page = all_rows};
    OK(store_row_list(f->store, &query, &total, note_row, &names, e));
    assert_string_equal(names.text, "drone-0 drone-3");
    assert_int_equal(total, 3);
    query.page.number = 9;
    names = (struct names){.count = 0};
    OK(store_row_list(f->store, &query, &total, note_row, &names, e));
    assert_string_equal(names.text, "");
}

static void rows_are_counted_per_state(void **state)
{
    struct fixture *f = *state;
    put_swarm(f);
    struct task_counts counts;
    OK(store_row_counts(f->store, "brave-otter", &counts, e));
    assert_int_equal(counts.total, 9);
    assert_int_equal(counts.states[TASK_SUCCEEDED], 3);
    assert_int_equal(counts.states[TASK_PENDING], 6);
    assert_int_equal(counts.states[TASK_FAILED], 0);
    assert_int_equal(counts.runs[RUN_UP], 3);
    assert_int_equal(counts.runs[RUN_UNKNOWN], 0);
    OK(store_row_counts(f->store, "nothing", &counts, e));
    assert_int_equal(counts.total, 0);
}

static void outstanding_rows_are_not_final_or_wanted_to_stop(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    suite_put_target(f, "drone-1");
    suite_put_target(f, "drone-2");
    static const enum task_state states[] = {TASK_SUCCEEDED, TASK_TRANSFERRING, TASK_SUCCEEDED,
                                             TASK_TIMED_OUT};
    for (size_t i = 0; i < 4; i++) {
        char id[16];
        snprintf(id, sizeof(id), "task-%zu", 9 - i);
        suite_put_task(f, id, i + 1);
        struct task_target row = suite_row(id, "drone-1", states[i]);
        row.version = i + 1;
        row.stop_wanted = i == 2;
        OK(store_row_put(f->store, &row, e));
    }
    suite_put_row(f, "task-9", "drone-2", TASK_PENDING);
    suite_commit(f);
    struct names names = {.count = 0};
    OK(store_row_outstanding(f->store, "drone-1", note_row_task, &names, e));
    assert_string_equal(names.text, "task-8 task-7");
    names = (struct names){.count = 0};
    OK(store_row_of_target(f->store, "drone-1", 3, note_row_task, &names, e));
    assert_string_equal(names.text, "task-6 task-7 task-8");
}

static bool note_set(void *arg, const struct token_set *set)
{
    return suite_note(arg, set->name);
}

static void put_tokens(struct fixture *f, const char *name, uint8_t first)
{
    uint8_t hashes[3 * DIGEST_BYTES] = {0};
    for (uint8_t i = 0; i < 3; i++)
        hashes[i * DIGEST_BYTES] = (uint8_t)(first + i);
    struct token_set set = {.total = 3, .created_ms = 1000, .expires_ms = 2000};
    snprintf(set.name, sizeof(set.name), "%s", name);
    OK(store_token_set_insert(f->store, &set, hashes, 3, e));
}

static void a_token_is_redeemed_once_and_in_time(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    put_tokens(f, "hall", 10);
    uint8_t hash[DIGEST_BYTES] = {11};
    uint8_t unknown[DIGEST_BYTES] = {99};
    uint8_t late[DIGEST_BYTES] = {12};
    char name[ID_SIZE];
    struct error error;
    OK(store_token_redeem(f->store, hash, 1999, name, e));
    assert_string_equal(name, "hall");
    assert_int_equal(store_token_redeem(f->store, hash, 1999, name, &error), ERR_NOT_FOUND);
    assert_int_equal(store_token_redeem(f->store, unknown, 1500, name, &error), ERR_NOT_FOUND);
    assert_int_equal(store_token_redeem(f->store, late, 2000, name, &error), ERR_NOT_FOUND);
    suite_commit(f);
    suite_reopen(f);
    struct token_set set;
    OK(store_token_set_get(f->store, "hall", &set, e));
    assert_int_equal(set.total, 3);
    assert_int_equal(set.available, 2);
    assert_int_equal(set.created_ms, 1000);
    assert_int_equal(set.expires_ms, 2000);
}

static void token_sets_are_listed_and_deleted_with_their_tokens(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    put_tokens(f, "hall", 10);
    put_tokens(f, "field", 20);
    struct token_set again = {.name = "hall", .total = 0};
    struct error error;
    assert_int_equal(store_token_set_insert(f->store, &again, NULL, 0, &error), ERR_CONFLICT);
    struct names names = {.count = 0};
    uint64_t total = 0;
    OK(store_token_set_list(f->store, all_rows, &total, note_set, &names, e));
    assert_string_equal(names.text, "field hall");
    assert_int_equal(total, 2);
    OK(store_token_set_delete(f->store, "hall", e));
    assert_int_equal(store_token_set_delete(f->store, "hall", &error), ERR_NOT_FOUND);
    uint8_t hash[DIGEST_BYTES] = {11};
    char name[ID_SIZE];
    assert_int_equal(store_token_redeem(f->store, hash, 1500, name, &error), ERR_NOT_FOUND);
    struct token_set set;
    assert_int_equal(store_token_set_get(f->store, "hall", &set, &error), ERR_NOT_FOUND);
    suite_commit(f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_target_comes_back_as_it_was_put),
        cmocka_unit_test(targets_come_in_order_of_id_and_a_visitor_can_stop),
        cmocka_unit_test(another_target_with_the_same_key_is_a_conflict),
        cmocka_unit_test(putting_a_target_again_replaces_it_and_keeps_its_rows),
        cmocka_unit_test(deleting_a_target_removes_its_rows),
        cmocka_unit_test(the_stored_sequence_is_set_alone),
        cmocka_unit_test(a_row_comes_back_as_it_was_put),
        cmocka_unit_test(a_row_of_an_unknown_task_or_target_is_not_found),
        cmocka_unit_test(rows_are_listed_by_page_and_state),
        cmocka_unit_test(rows_are_counted_per_state),
        cmocka_unit_test(outstanding_rows_are_not_final_or_wanted_to_stop),
        cmocka_unit_test(a_token_is_redeemed_once_and_in_time),
        cmocka_unit_test(token_sets_are_listed_and_deleted_with_their_tokens),
    };
    return SUITE_RUN("targets", tests);
}
