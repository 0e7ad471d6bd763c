/* SPDX-License-Identifier: Apache-2.0 */
/* Turns, marks and readers, on every backend. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "store_suite.h"

static const struct page first_page = {.number = 1, .size = 100};

static bool note_target(void *arg, const struct target *t)
{
    return suite_note(arg, t->id);
}

static bool note_line(void *arg, const struct log_row *row)
{
    return suite_note(arg, row->line.output);
}

static void assert_targets(struct store *store, const char *expected)
{
    struct names names = {.count = 0};
    OK(store_target_each(store, note_target, &names, e));
    assert_string_equal(names.text, expected);
}

static void assert_lines(struct store *store, const char *text, const char *expected)
{
    struct names names = {.count = 0};
    uint64_t total = 0;
    struct log_query query = {.text = text, .page = first_page};
    OK(store_log_query(store, &query, &total, note_line, &names, e));
    assert_string_equal(names.text, expected);
    assert_int_equal(total, names.count);
}

static void a_rolled_back_turn_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    suite_put_target(f, "drone-1");
    suite_commit(f);
    suite_begin(f);
    suite_put_target(f, "drone-2");
    OK(store_target_delete(f->store, "drone-1", e));
    suite_put_task(f, "brave-otter", 1);
    suite_log(f, "drone-2", "brave-otter", 1, "word");
    assert_targets(f->store, "drone-2");
    store_rollback(f->store);
    assert_targets(f->store, "drone-1");
    assert_lines(f->store, NULL, "");
    assert_lines(f->store, "word", "");
    struct task t;
    struct error error;
    assert_int_equal(store_task_get(f->store, "brave-otter", &t, &error), ERR_NOT_FOUND);
    uint64_t version = 9;
    OK(store_task_last_version(f->store, &version, e));
    assert_int_equal(version, 0);
}

static void an_undone_mark_takes_back_what_came_after_it(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    suite_put_target(f, "drone-1");
    suite_log(f, "drone-1", "", 1, "one");
    OK(store_mark(f->store, e));
    suite_put_target(f, "drone-2");
    suite_log(f, "drone-1", "", 2, "two");
    OK(store_target_delete(f->store, "drone-1", e));
    store_undo(f->store);
    suite_put_target(f, "drone-3");
    suite_log(f, "drone-1", "", 3, "three");
    suite_commit(f);
    assert_targets(f->store, "drone-1 drone-3");
    assert_lines(f->store, NULL, "three one");
    assert_lines(f->store, "two", "");
}

static void a_kept_mark_goes_with_the_turn(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    OK(store_mark(f->store, e));
    suite_put_target(f, "drone-1");
    OK(store_keep(f->store, e));
    OK(store_mark(f->store, e));
    store_undo(f->store);
    suite_commit(f);
    assert_targets(f->store, "drone-1");
}

static void marks_are_nested(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    OK(store_mark(f->store, e));
    suite_put_target(f, "drone-1");
    OK(store_mark(f->store, e));
    suite_put_target(f, "drone-2");
    store_undo(f->store);
    assert_targets(f->store, "drone-1");
    OK(store_mark(f->store, e));
    suite_put_target(f, "drone-3");
    OK(store_keep(f->store, e));
    assert_targets(f->store, "drone-1 drone-3");
    store_undo(f->store);
    assert_targets(f->store, "");
    suite_commit(f);
    assert_targets(f->store, "");
}

static void a_failed_operation_leaves_the_turn_usable(void **state)
{
    struct fixture *f = *state;
    struct error error;
    suite_begin(f);
    suite_put_target(f, "drone-1");
    OK(store_mark(f->store, e));
    assert_int_equal(store_task_set_stopped(f->store, "nothing", &error), ERR_NOT_FOUND);
    store_undo(f->store);
    suite_put_target(f, "drone-2");
    suite_commit(f);
    assert_targets(f->store, "drone-1 drone-2");
}

static void turns_do_not_overlap(void **state)
{
    struct fixture *f = *state;
    struct error error;
    struct target t = suite_target("drone-1");
    assert_int_equal(store_target_put(f->store, &t, &error), ERR_CONFLICT);
    assert_int_equal(store_mark(f->store, &error), ERR_CONFLICT);
    assert_int_equal(store_keep(f->store, &error), ERR_CONFLICT);
    assert_int_equal(store_commit(f->store, &error), ERR_CONFLICT);
    suite_begin(f);
    assert_int_equal(store_begin(f->store, &error), ERR_CONFLICT);
    suite_commit(f);
    assert_int_equal(store_commit(f->store, &error), ERR_CONFLICT);
    store_rollback(f->store);
    assert_targets(f->store, "");
}

static void a_reader_sees_committed_facts_only(void **state)
{
    struct fixture *f = *state;
    struct store *reader = NULL;
    OK(store_open_reader(f->backend->kind, f->path, &reader, e));
    suite_begin(f);
    suite_put_target(f, "drone-1");
    suite_log(f, "drone-1", "", 1, "one");
    assert_targets(reader, "");
    assert_lines(reader, "one", "");
    suite_commit(f);
    assert_targets(reader, "drone-1");
    assert_lines(reader, "one", "one");
    suite_begin(f);
    OK(store_target_delete(f->store, "drone-1", e));
    assert_targets(reader, "drone-1");
    store_rollback(f->store);
    store_close(reader);
}

static void a_reader_refuses_to_write(void **state)
{
    struct fixture *f = *state;
    struct store *reader = NULL;
    struct error error;
    OK(store_open_reader(f->backend->kind, f->path, &reader, e));
    struct target t = suite_target("drone-1");
    uint8_t hash[DIGEST_BYTES] = {1};
    struct chunk_place place = {.pack = "one"};
    struct log_batch batch = {.target_id = "drone-1", .task_id = "", .command = "ls"};
    struct log_line line = {.output = "one"};
    batch.lines = &line;
    batch.count = 1;
    assert_int_equal(store_begin(reader, &error), ERR_FORBIDDEN);
    assert_int_equal(store_target_put(reader, &t, &error), ERR_FORBIDDEN);
    assert_int_equal(store_log_append(reader, &batch, &error), ERR_FORBIDDEN);
    assert_in_range(store_chunk_insert(reader, hash, &place, &error), ERR_INVALID, ERR_FORBIDDEN);
    store_close(reader);
    assert_targets(f->store, "");
}

static bool read_again(void *arg, const struct target *t)
{
    assert_string_not_equal(t->id, "");
    assert_targets(arg, "drone-1 drone-2");
    return true;
}

static void a_visitor_may_read_the_same_again(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    suite_put_target(f, "drone-1");
    suite_put_target(f, "drone-2");
    suite_commit(f);
    struct store *reader = NULL;
    OK(store_open_reader(f->backend->kind, f->path, &reader, e));
    assert_targets(reader, "drone-1 drone-2");
    struct names names = {.count = 0};
    OK(store_target_each(reader, read_again, reader, e));
    OK(store_target_each(reader, note_target, &names, e));
    assert_string_equal(names.text, "drone-1 drone-2");
    store_close(reader);
}

struct reading {
    struct fixture *f;
    const bool *is_done;
    size_t rounds;
};

static void *read_until_done(void *arg)
{
    struct reading *reading = arg;
    struct store *reader = NULL;
    OK(store_open_reader(reading->f->backend->kind, reading->f->path, &reader, e));
    struct names names;
    do {
        names = (struct names){.count = 0};
        OK(store_target_each(reader, note_target, &names, e));
        /* Turns add two targets each. */
        assert_int_equal(names.count % 2, 0);
        reading->rounds++;
    } while (!__atomic_load_n(reading->is_done, __ATOMIC_ACQUIRE));
    store_close(reader);
    return NULL;
}

static void readers_on_other_threads_see_whole_turns(void **state)
{
    struct fixture *f = *state;
    bool is_done = false;
    struct reading readings[2] = {{f, &is_done, 0}, {f, &is_done, 0}};
    pthread_t threads[2];
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_until_done, &readings[i]), 0);
    for (int i = 0; i < 25; i++) {
        char id[32];
        suite_begin(f);
        snprintf(id, sizeof(id), "a%d", i);
        suite_put_target(f, id);
        snprintf(id, sizeof(id), "b%d", i);
        suite_put_target(f, id);
        suite_commit(f);
    }
    __atomic_store_n(&is_done, true, __ATOMIC_RELEASE);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_true(readings[0].rounds > 0 && readings[1].rounds > 0);
}

static void an_unknown_kind_of_store_is_not_found(void **state)
{
    (void)state;
    struct store *store = NULL;
    struct error error;
    assert_int_equal(store_open("paper", "x", &store, &error), ERR_NOT_FOUND);
    assert_int_equal(store_open_reader("paper", "x", &store, &error), ERR_NOT_FOUND);
}

static void a_reader_of_no_store_is_refused(void **state)
{
    struct fixture *f = *state;
    char path[128];
    struct store *store = NULL;
    struct error error;
    snprintf(path, sizeof(path), "%s/nothing", f->dir);
    assert_int_not_equal(store_open_reader(f->backend->kind, path, &store, &error), ERR_OK);
    assert_null(store);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rolled_back_turn_leaves_nothing),
        cmocka_unit_test(an_undone_mark_takes_back_what_came_after_it),
        cmocka_unit_test(a_kept_mark_goes_with_the_turn),
        cmocka_unit_test(marks_are_nested),
        cmocka_unit_test(a_failed_operation_leaves_the_turn_usable),
        cmocka_unit_test(turns_do_not_overlap),
        cmocka_unit_test(a_reader_sees_committed_facts_only),
        cmocka_unit_test(a_reader_refuses_to_write),
        cmocka_unit_test(a_visitor_may_read_the_same_again),
        cmocka_unit_test(readers_on_other_threads_see_whole_turns),
        cmocka_unit_test(an_unknown_kind_of_store_is_not_found),
        cmocka_unit_test(a_reader_of_no_store_is_refused),
    };
    return SUITE_RUN("turns", tests);
}
