/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks and packages, on every backend. */
#include <stdio.h>
#include <string.h>

#include "store_suite.h"

static bool note_task(void *arg, const struct task *t)
{
    assert_null(t->signed_task.data);
    assert_int_equal(t->install_commands.count, 2);
    return suite_note(arg, t->id);
}

static bool note_name(void *arg, const char *name)
{
    return suite_note(arg, name);
}

static void check_task(const struct task *t)
{
    assert_string_equal(t->description, "Count to three");
    assert_string_equal(t->app, "counter");
    assert_true(t->debug && t->auto_restart && t->has_deploy && t->has_build && t->has_package);
    assert_int_equal(t->install_commands.count, 2);
    assert_string_equal(t->install_commands.items[0], "make install");
    assert_string_equal(t->install_commands.items[1], "");
    assert_string_equal(t->run_commands.items[0], "./count\n--to 3");
    assert_string_equal(t->selector.ids.items[0], "drone-1");
    assert_string_equal(t->selector.tags.text, ",camera,");
    assert_string_equal(t->build_host, "builder");
    assert_string_equal(t->build_commands.items[0], "make");
    assert_string_equal(t->build_artifacts.items[0], "count");
    assert_string_equal(t->document, "{\"deploy\": \"\xc3\xa4\"}");
    assert_int_equal(t->signed_task.size, 8);
    assert_memory_equal(t->signed_task.data, "\0signed\xff", 8);
    assert_int_equal(t->package.digest[2], 3);
    assert_int_equal(t->package.manifest_size, 10);
    assert_int_equal(t->package.entry_count, 11);
    assert_int_equal(t->package.chunk_count, 12);
    assert_int_equal(t->package.content_size, 13);
    assert_int_equal(t->package.sealed_size, 14);
}

static void a_task_comes_back_as_it_was_inserted(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    suite_put_task(f, "brave-otter", 7);
    suite_commit(f);
    suite_reopen(f);
    struct task t;
    OK(store_task_get(f->store, "brave-otter", &t, e));
    check_task(&t);
    assert_string_equal(t.id, "brave-otter");
    assert_string_equal(t.package_id, "package-of-brave-otter");
    assert_int_equal(t.version, 7);
    assert_int_equal(t.created_ms, 1700000000007);
    assert_false(t.is_stopped);
    task_clear(&t);
    struct error error;
    assert_int_equal(store_task_get(f->store, "nothing", &t, &error), ERR_NOT_FOUND);
}

static void an_empty_task_comes_back_empty(void **state)
{
    struct fixture *f = *state;
    struct task empty = {.id = "calm-crow", .version = 1};
    suite_begin(f);
    OK(store_task_insert(f->store, &empty, e));
    suite_commit(f);
    struct task t;
    OK(store_task_get(f->store, "calm-crow", &t, e));
    assert_null(t.document);
    assert_int_equal(t.signed_task.size, 0);
    assert_int_equal(t.run_commands.count, 0);
    assert_false(t.has_package);
    task_clear(&t);
}

static void a_taken_task_id_or_version_is_a_conflict(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    suite_put_task(f, "brave-otter", 1);
    struct error error;
    struct task t = {.id = "brave-otter", .version = 2};
    assert_int_equal(store_task_insert(f->store, &t, &error), ERR_CONFLICT);
    t = (struct task){.id = "calm-crow", .version = 1};
    assert_int_equal(store_task_insert(f->store, &t, &error), ERR_CONFLICT);
    suite_commit(f);
}

static void a_version_is_not_given_again_after_its_task_is_deleted(void **state)
{
    struct fixture *f = *state;
    uint64_t version = 99;
    OK(store_task_last_version(f->store, &version, e));
    assert_int_equal(version, 0);
    suite_begin(f);
    suite_put_task(f, "brave-otter", 1);
    suite_put_task(f, "calm-crow", 2);
    OK(store_task_delete(f->store, "calm-crow", e));
    struct error error;
    assert_int_equal(store_task_delete(f->store, "calm-crow", &error), ERR_NOT_FOUND);
    suite_commit(f);
    suite_reopen(f);
    OK(store_task_last_version(f->store, &version, e));
    assert_int_equal(version, 2);
}

static void stopping_a_task_is_remembered(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    suite_put_task(f, "brave-otter", 1);
    OK(store_task_set_stopped(f->store, "brave-otter", e));
    OK(store_task_set_stopped(f->store, "brave-otter", e));
    struct error error;
    assert_int_equal(store_task_set_stopped(f->store, "nothing", &error), ERR_NOT_FOUND);
    suite_commit(f);
    struct task t;
    OK(store_task_get(f->store, "brave-otter", &t, e));
    assert_true(t.is_stopped);
    check_task(&t);
    task_clear(&t);
}

static void tasks_are_listed_newest_first(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    suite_put_target(f, "drone-1");
    suite_put_task(f, "brave-otter", 1);
    suite_put_task(f, "calm-crow", 2);
    suite_put_task(f, "able-ant", 3);
    struct task other = {.id = "dull-dog", .version = 4, .description = "100% other"};
    OK(strlist_add(&other.install_commands, "a", e));
    OK(strlist_add(&other.install_commands, "b", e));
    OK(store_task_insert(f->store, &other, e));
    task_clear(&other);
    suite_put_row(f, "calm-crow", "drone-1", TASK_FAILED);
    suite_commit(f);
    struct names names = {.stop_after = 3};
    uint64_t total = 0;
    struct task_query query = {.page = {.number = 1, .size = 10}};
    OK(store_task_list(f->store, &query, &total, note_task, &names, e));
    assert_string_equal(names.text, "dull-dog able-ant calm-crow");
    assert_int_equal(total, 4);
    names = (struct names){.count = 0};
    query.description = "TO three";
    query.page = (struct page){.number = 2, .size = 2};
    OK(store_task_list(f->store, &query, &total, note_task, &names, e));
    assert_string_equal(names.text, "brave-otter");
    assert_int_equal(total, 3);
    names = (struct names){.count = 0};
    query = (struct task_query){
        .has_state = true, .state = TASK_FAILED, .page = {.number = 1, .size = 10}};
    OK(store_task_list(f->store, &query, &total, note_task, &names, e));
    assert_string_equal(names.text, "calm-crow");
    assert_int_equal(total, 1);
}

static void deleting_a_task_removes_its_rows(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    suite_put_target(f, "drone-1");
    suite_put_task(f, "brave-otter", 1);
    suite_put_row(f, "brave-otter", "drone-1", TASK_PENDING);
    OK(store_task_delete(f->store, "brave-otter", e));
    suite_commit(f);
    struct error error;
    struct task_target row;
    assert_int_equal(store_row_get(f->store, "brave-otter", "drone-1", &row, &error),
                     ERR_NOT_FOUND);
}

/* A package that refers to one or two packs. */
static void put_package(struct fixture *f, const char *id, const char *other_pack)
{
    struct package_info info = {.manifest_size = 1};
    struct strlist packs = {0};
    OK(strlist_add(&packs, id, e));
    if (other_pack != NULL)
        OK(strlist_add(&packs, other_pack, e));
    OK(store_package_insert(f->store, id, &info, &packs, e));
    strlist_clear(&packs);
}

static void put_chunk(struct fixture *f, uint8_t name, const char *pack)
{
    uint8_t digest[DIGEST_BYTES] = {name};
    struct chunk_place place = {.offset = 5000000000 + name, .sealed_size = 100};
    snprintf(place.pack, sizeof(place.pack), "%s", pack);
    OK(store_chunk_insert(f->store, digest, &place, e));
}

static bool find_chunk(struct fixture *f, uint8_t name, struct chunk_place *out)
{
    uint8_t digest[DIGEST_BYTES] = {name};
    bool found = false;
    OK(store_chunk_find(f->store, digest, out, &found, e));
    return found;
}

static void a_chunk_is_found_where_it_was_put_first(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    put_package(f, "one", NULL);
    put_package(f, "two", "one");
    put_chunk(f, 1, "one");
    put_chunk(f, 1, "two");
    struct error error;
    struct chunk_place place = {.pack = "nothing"};
    uint8_t digest[DIGEST_BYTES] = {2};
    assert_int_equal(store_chunk_insert(f->store, digest, &place, &error), ERR_NOT_FOUND);
    suite_commit(f);
    suite_reopen(f);
    assert_true(find_chunk(f, 1, &place));
    assert_string_equal(place.pack, "one");
    assert_int_equal(place.offset, 5000000001);
    assert_int_equal(place.sealed_size, 100);
    assert_false(find_chunk(f, 2, &place));
    struct names names = {.count = 0};
    OK(store_package_each(f->store, note_name, &names, e));
    assert_string_equal(names.text, "one two");
}

static void a_package_id_is_taken_once(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    put_package(f, "one", NULL);
    struct package_info info = {.manifest_size = 1};
    struct strlist packs = {0};
    struct error error;
    assert_int_equal(store_package_insert(f->store, "one", &info, &packs, &error), ERR_CONFLICT);
    suite_commit(f);
}

static void put_task_with_package(struct fixture *f, const char *id, uint64_t version,
                                  const char *package_id)
{
    struct task t = {.version = version, .has_package = true};
    snprintf(t.id, sizeof(t.id), "%s", id);
    snprintf(t.package_id, sizeof(t.package_id), "%s", package_id);
    OK(store_task_insert(f->store, &t, e));
}

static void unused_packages_are_collected_but_packs_in_use_stay(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    put_package(f, "one", NULL);
    put_package(f, "two", "one");
    put_package(f, "three", NULL);
    put_chunk(f, 1, "one");
    put_chunk(f, 3, "three");
    put_task_with_package(f, "brave-otter", 1, "one");
    put_task_with_package(f, "calm-crow", 2, "two");
    OK(store_task_delete(f->store, "brave-otter", e));
    struct names names = {.count = 0};
    OK(store_package_collect(f->store, note_name, note_name, &names, e));
    assert_string_equal(names.text, "one three three");
    struct chunk_place place;
    assert_true(find_chunk(f, 1, &place));
    assert_false(find_chunk(f, 3, &place));
    OK(store_task_delete(f->store, "calm-crow", e));
    names = (struct names){.count = 0};
    OK(store_package_collect(f->store, note_name, note_name, &names, e));
    assert_string_equal(names.text, "two one two");
    assert_false(find_chunk(f, 1, &place));
    suite_commit(f);
}

static void a_package_cannot_share_a_pack_that_is_gone(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    put_package(f, "one", NULL);
    struct names names = {.count = 0};
    OK(store_pack_each(f->store, note_name, &names, e));
    assert_string_equal(names.text, "one");
    OK(store_package_collect(f->store, note_name, note_name, &names, e));
    struct package_info info = {.manifest_size = 1};
    struct strlist packs = {0};
    OK(strlist_add(&packs, "one", e));
    struct error error;
    OK(store_mark(f->store, e));
    assert_int_equal(store_package_insert(f->store, "two", &info, &packs, &error), ERR_UNAVAILABLE);
    store_undo(f->store);
    strlist_clear(&packs);
    suite_commit(f);
    names = (struct names){.count = 0};
    OK(store_pack_each(f->store, note_name, &names, e));
    OK(store_package_each(f->store, note_name, &names, e));
    assert_string_equal(names.text, "");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_comes_back_as_it_was_inserted),
        cmocka_unit_test(an_empty_task_comes_back_empty),
        cmocka_unit_test(a_taken_task_id_or_version_is_a_conflict),
        cmocka_unit_test(a_version_is_not_given_again_after_its_task_is_deleted),
        cmocka_unit_test(stopping_a_task_is_remembered),
        cmocka_unit_test(tasks_are_listed_newest_first),
        cmocka_unit_test(deleting_a_task_removes_its_rows),
        cmocka_unit_test(a_chunk_is_found_where_it_was_put_first),
        cmocka_unit_test(a_package_id_is_taken_once),
        cmocka_unit_test(unused_packages_are_collected_but_packs_in_use_stay),
        cmocka_unit_test(a_package_cannot_share_a_pack_that_is_gone),
    };
    return SUITE_RUN("tasks and packages", tests);
}
