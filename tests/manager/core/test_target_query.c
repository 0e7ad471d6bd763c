/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing targets: pages of listings, and selectors of tasks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core_fixture.h"

static struct tags tags_of(const char *list)
{
    struct tags tags = {0};
    assert_int_equal(tags_parse(&tags, list, NULL), ERR_OK);
    return tags;
}

static struct registry *registry_of(void **state)
{
    return ((struct core_fixture *)*state)->core.registry;
}

struct listing {
    char text[256];
    size_t stop_after;
    size_t count;
};

static bool list_one(void *arg, const struct target *t)
{
    struct listing *l = arg;
    size_t used = strlen(l->text);
    (void)snprintf(l->text + used, sizeof(l->text) - used, "%s ", t->id);
    return ++l->count != l->stop_after;
}

static void expect_listing(void **state, const struct target_query *q, uint64_t total,
                           const char *expected)
{
    struct listing l = {0};
    uint64_t found = 99;
    assert_int_equal(registry_query(registry_of(state), q, &found, list_one, &l, NULL), ERR_OK);
    assert_string_equal(l.text, expected);
    assert_int_equal(found, total);
}

static void listings_are_filtered_sorted_and_paged(void **state)
{
    add_target(*state, "drone-3", "air");
    add_target(*state, "rover-1", "ground,blue");
    add_target(*state, "drone-1", "air,blue");
    connect_target(*state, "drone-3", "air");
    const struct page all = {1, 100};
    expect_listing(state, &(struct target_query){.page = all}, 3, "drone-1 drone-3 rover-1 ");
    expect_listing(state, &(struct target_query){.id = "one-", .page = all}, 2, "drone-1 drone-3 ");
    expect_listing(state, &(struct target_query){.tags = tags_of("blue,air"), .page = all}, 1,
                   "drone-1 ");
    expect_listing(state, &(struct target_query){.has_online = true, .page = all}, 2,
                   "drone-1 rover-1 ");
    expect_listing(state,
                   &(struct target_query){.has_online = true, .is_online = true, .page = all}, 1,
                   "drone-3 ");
    expect_listing(state, &(struct target_query){.is_descending = true, .page = {1, 2}}, 3,
                   "rover-1 drone-3 ");
    expect_listing(state, &(struct target_query){.page = {2, 2}}, 3, "rover-1 ");
    expect_listing(state, &(struct target_query){.page = {9, 2}}, 3, "");
    expect_listing(state,
                   &(struct target_query){
                       .sort = TARGET_SORT_LAST_SEEN, .is_descending = true, .page = {1, 1}},
                   3, "drone-3 ");
    expect_listing(state, &(struct target_query){.sort = TARGET_SORT_REGISTERED, .page = all}, 3,
                   "drone-1 drone-3 rover-1 ");
    uint64_t total;
    const struct target_query from_zero = {.page = {0, 2}};
    assert_int_equal(registry_query(registry_of(state), &from_zero, &total, list_one, NULL, NULL),
                     ERR_INVALID);
}

static void a_selector_matches_ids_or_tags_each_target_once(void **state)
{
    add_target(*state, "drone-1", "air,blue");
    add_target(*state, "drone-2", "air");
    add_target(*state, "rover-1", "ground");
    struct task task;
    draft_init(&task, "rover-1,drone-1,ghost", "blue,red");
    struct listing l = {0};
    registry_match(registry_of(state), &task.selector, list_one, &l);
    assert_string_equal(l.text, "drone-1 rover-1 ");
    l = (struct listing){.stop_after = 1};
    registry_match(registry_of(state), &task.selector, list_one, &l);
    assert_string_equal(l.text, "drone-1 ");
    task_clear(&task);

    draft_init(&task, "", "ground");
    l = (struct listing){0};
    registry_match(registry_of(state), &task.selector, list_one, &l);
    assert_string_equal(l.text, "rover-1 ");
    task_clear(&task);
}

#define QUERY_TEST(name)                                                                           \
    cmocka_unit_test_setup_teardown(name, core_fixture_setup, core_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        QUERY_TEST(listings_are_filtered_sorted_and_paged),
        QUERY_TEST(a_selector_matches_ids_or_tags_each_target_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
