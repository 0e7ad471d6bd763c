/* SPDX-License-Identifier: Apache-2.0 */
/* Targets: registered, found, edited, connected, lost. */
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

static const struct target *target_of(void **state, const char *id)
{
    const struct target *t = registry_find(registry_of(state), id);
    assert_non_null(t);
    return t;
}

static size_t events_after_commit(void **state, unsigned topic)
{
    core_fixture_commit(*state);
    return take_events(*state, topic);
}

static void add_twice_is_a_conflict(void **state)
{
    struct target t = {.id = "drone-1", .public_key = {1}};
    assert_int_equal(registry_add(registry_of(state), &t, NULL), ERR_OK);
    assert_int_equal(registry_add(registry_of(state), &t, NULL), ERR_CONFLICT);
    t.public_key[0] = 2;
    assert_int_equal(registry_add(registry_of(state), &t, NULL), ERR_CONFLICT);
    assert_int_equal(registry_count(registry_of(state)), 1);
}

static void one_key_belongs_to_one_target(void **state)
{
    struct target t = {.id = "drone-1", .public_key = {1}};
    assert_int_equal(registry_add(registry_of(state), &t, NULL), ERR_OK);
    (void)snprintf(t.id, sizeof(t.id), "drone-2");
    assert_int_equal(registry_add(registry_of(state), &t, NULL), ERR_CONFLICT);
}

static void an_id_that_is_no_name_is_refused(void **state)
{
    const struct target t = {.id = "../drone", .public_key = {1}};
    struct error e;
    assert_int_equal(registry_add(registry_of(state), &t, &e), ERR_INVALID);
    assert_int_equal(registry_count(registry_of(state)), 0);
}

static void targets_are_found_by_id_and_by_key(void **state)
{
    for (int i = 0; i < 200; i++) {
        struct target t = {.public_key = {(uint8_t)(i * 37), (uint8_t)(i / 7)}};
        (void)snprintf(t.id, sizeof(t.id), "drone-%d", i);
        assert_int_equal(registry_add(registry_of(state), &t, NULL), ERR_OK);
    }
    for (int i = 0; i < 200; i++) {
        char id[ID_SIZE];
        (void)snprintf(id, sizeof(id), "drone-%d", i);
        const struct target *t = target_of(state, id);
        const struct target *same = registry_find_key(registry_of(state), t->public_key);
        assert_ptr_equal(t, same);
    }
    const uint8_t stranger[KEY_BYTES] = {255, 255, 255};
    assert_null(registry_find_key(registry_of(state), stranger));
    assert_null(registry_find(registry_of(state), "drone-200"));
}

static void a_removed_target_is_unknown_by_id_and_key(void **state)
{
    add_target(*state, "drone-1", "");
    add_target(*state, "drone-2", "");
    uint8_t key[KEY_BYTES];
    memcpy(key, target_of(state, "drone-1")->public_key, sizeof(key));
    connect_target(*state, "drone-1", "");
    assert_int_equal(registry_remove(registry_of(state), "drone-1", NULL), ERR_OK);
    assert_null(registry_find(registry_of(state), "drone-1"));
    assert_null(registry_find_key(registry_of(state), key));
    assert_int_equal(registry_online_count(registry_of(state)), 0);
    assert_non_null(registry_find(registry_of(state), "drone-2"));
    assert_int_equal(registry_remove(registry_of(state), "drone-1", NULL), ERR_NOT_FOUND);
}

static void updates_are_stored_and_told_only_when_they_change_something(void **state)
{
    add_target(*state, "drone-1", "roof");
    assert_int_equal(events_after_commit(state, EVENT_TARGET_ADDED), 1);
    const struct tags roof = tags_of("roof");
    uint64_t changes = registry_changes(registry_of(state));
    assert_int_equal(registry_update(registry_of(state), "drone-1", &roof, NULL, NULL), ERR_OK);
    assert_int_equal(registry_changes(registry_of(state)), changes);
    assert_int_equal(events_after_commit(state, EVENT_TARGET_UPDATED), 0);

    const struct tags cellar = tags_of("cellar");
    assert_int_equal(registry_update(registry_of(state), "drone-1", &cellar, NULL, NULL), ERR_OK);
    assert_int_equal(events_after_commit(state, EVENT_TARGET_UPDATED), 1);
    assert_int_equal(registry_reload(registry_of(state), NULL), ERR_OK);
    assert_true(tags_has(&target_of(state, "drone-1")->tags, "cellar"));
    assert_int_equal(registry_update(registry_of(state), "nobody", &cellar, NULL, NULL),
                     ERR_NOT_FOUND);
}

static void a_location_must_lie_on_earth(void **state)
{
    add_target(*state, "drone-1", "");
    const struct location bad[] = {{true, 91, 0}, {true, 0, -181}, {true, __builtin_nan(""), 0}};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(registry_update(registry_of(state), "drone-1", NULL, &bad[i], NULL),
                         ERR_INVALID);
    const struct location turin = {true, 45.07, 7.69};
    assert_int_equal(registry_update(registry_of(state), "drone-1", NULL, &turin, NULL), ERR_OK);
    assert_true(target_of(state, "drone-1")->location.is_known);
}

static void a_first_connection_is_news_and_the_same_again_is_not(void **state)
{
    add_target(*state, "drone-1", "");
    core_fixture_commit(*state);
    (void)take_events(*state, 0);
    connect_target(*state, "drone-1", "x86");
    assert_int_equal(events_after_commit(state, EVENT_TARGET_UPDATED), 1);
    uint64_t changes = registry_changes(registry_of(state));
    connect_target(*state, "drone-1", "x86");
    assert_int_equal(events_after_commit(state, EVENT_TARGET_UPDATED), 0);
    assert_int_equal(registry_changes(registry_of(state)), changes);
    assert_int_equal(registry_online_count(registry_of(state)), 1);
}

static void coming_back_unchanged_is_told_but_not_written(void **state)
{
    add_target(*state, "drone-1", "");
    connect_target(*state, "drone-1", "x86");
    assert_int_equal(registry_disconnected(registry_of(state), "drone-1", 2000, NULL), ERR_OK);
    core_fixture_commit(*state);
    (void)take_events(*state, 0);
    uint64_t changes = registry_changes(registry_of(state));
    connect_target(*state, "drone-1", "x86");
    assert_int_equal(registry_changes(registry_of(state)), changes);
    assert_int_equal(events_after_commit(state, EVENT_TARGET_UPDATED), 1);
}

static void changes_of_advertised_tags_and_edits_of_operators_live_together(void **state)
{
    add_target(*state, "drone-1", "mine");
    connect_target(*state, "drone-1", "x86,indoor");
    const struct target *t = target_of(state, "drone-1");
    assert_string_equal(t->tags.text, ",indoor,mine,x86,");

    const struct tags edited = tags_of("mine,x86,night");
    assert_int_equal(registry_update(registry_of(state), "drone-1", &edited, NULL, NULL), ERR_OK);
    connect_target(*state, "drone-1", "x86,indoor");
    assert_string_equal(t->tags.text, ",mine,night,x86,");

    connect_target(*state, "drone-1", "x86,outdoor");
    assert_string_equal(t->tags.text, ",mine,night,outdoor,x86,");
    connect_target(*state, "drone-1", "x86,indoor");
    assert_string_equal(t->tags.text, ",indoor,mine,night,x86,");
}

static void too_many_advertised_tags_do_not_keep_a_device_out(void **state)
{
    add_target(*state, "drone-1", "");
    struct tags full = {0};
    for (int i = 0; i < TAGS_MAX; i++) {
        char tag[TAG_MAX + 1];
        (void)snprintf(tag, sizeof(tag), "operator-%d", i);
        assert_int_equal(tags_add(&full, tag, NULL), ERR_OK);
    }
    assert_int_equal(registry_update(registry_of(state), "drone-1", &full, NULL, NULL), ERR_OK);
    connect_target(*state, "drone-1", "x86");
    assert_true(target_of(state, "drone-1")->is_online);
    assert_int_equal(tags_count(&target_of(state, "drone-1")->tags), TAGS_MAX);
}

static void say_location(void **state, double latitude)
{
    const struct advertisement a = {.location = {true, latitude, 7}};
    assert_int_equal(registry_connected(registry_of(state), "drone-1", &a, 1000, NULL), ERR_OK);
}

static void an_operators_location_stays_until_it_is_lifted(void **state)
{
    add_target(*state, "drone-1", "");
    const struct target *t = target_of(state, "drone-1");
    say_location(state, 10);
    assert_true(t->location.latitude == 10);
    const struct location fixed = {true, 45, 7};
    assert_int_equal(registry_update(registry_of(state), "drone-1", NULL, &fixed, NULL), ERR_OK);
    say_location(state, 11);
    assert_true(t->location.latitude == 45);
    const struct location lifted = {0};
    assert_int_equal(registry_update(registry_of(state), "drone-1", NULL, &lifted, NULL), ERR_OK);
    say_location(state, 12);
    assert_true(t->location.latitude == 12);
    say_location(state, 400);
    assert_true(t->location.latitude == 12);
}

static void a_new_stream_starts_the_numbering_again(void **state)
{
    add_target(*state, "drone-1", "");
    connect_target(*state, "drone-1", "");
    assert_int_equal(registry_set_stored(registry_of(state), "drone-1", 7, 42, NULL), ERR_OK);
    connect_target(*state, "drone-1", "");
    assert_int_equal(target_of(state, "drone-1")->stored_seq, 42);
    const struct advertisement a = {.stream_id = 8};
    assert_int_equal(registry_connected(registry_of(state), "drone-1", &a, 1000, NULL), ERR_OK);
    assert_int_equal(target_of(state, "drone-1")->stored_seq, 0);
    assert_int_equal(registry_set_stored(registry_of(state), "nobody", 7, 1, NULL), ERR_NOT_FOUND);
}

static void silence_is_noticed_and_a_sign_of_life_too(void **state)
{
    add_target(*state, "drone-1", "");
    add_target(*state, "drone-2", "");
    connect_target(*state, "drone-1", "");
    connect_target(*state, "drone-2", "");
    registry_seen(registry_of(state), "drone-2", 5, 9000);
    core_fixture_commit(*state);
    (void)take_events(*state, 0);
    assert_int_equal(registry_expire(registry_of(state), 9000), 1);
    assert_false(target_of(state, "drone-1")->is_online);
    assert_true(target_of(state, "drone-2")->is_online);
    assert_int_equal(registry_expire(registry_of(state), 9000), 0);
    assert_int_equal(events_after_commit(state, EVENT_TARGET_UPDATED), 1);

    registry_seen(registry_of(state), "drone-1", 5, 9500);
    assert_true(target_of(state, "drone-1")->is_online);
    assert_int_equal(registry_online_count(registry_of(state)), 2);
    assert_int_equal(events_after_commit(state, EVENT_TARGET_UPDATED), 1);
    registry_seen(registry_of(state), "nobody", 5, 9500);
}

static void setting_the_wall_clock_makes_nobody_silent(void **state)
{
    struct core_fixture *f = *state;
    add_target(f, "drone-1", "");
    connect_target(f, "drone-1", "");
    registry_seen(registry_of(state), "drone-1", 5, 5000);
    registry_clock_set(registry_of(state), 1000000);
    assert_int_equal(registry_expire(registry_of(state), 1004000), 0);
    assert_int_equal(target_of(state, "drone-1")->last_seen_ms, 1005000);
    registry_clock_set(registry_of(state), -1000000);
    assert_int_equal(registry_expire(registry_of(state), 6000), 1);
}

static bool copy_target(void *arg, const struct target *t)
{
    *(struct target *)arg = *t;
    return true;
}

static void when_a_target_was_seen_is_stored_at_its_disconnect(void **state)
{
    struct core_fixture *f = *state;
    add_target(f, "drone-1", "");
    connect_target(f, "drone-1", "");
    struct target stored;
    registry_seen(registry_of(state), "drone-1", 77, 5000);
    assert_int_equal(store_target_each(f->core.store, copy_target, &stored, NULL), ERR_OK);
    assert_int_not_equal(stored.last_seen_ms, 5000);
    assert_int_equal(registry_disconnected(registry_of(state), "drone-1", 6000, NULL), ERR_OK);
    assert_int_equal(store_target_each(f->core.store, copy_target, &stored, NULL), ERR_OK);
    assert_int_equal(stored.last_seen_ms, 6000);
    assert_int_equal(stored.disk_free_bytes, 77);
    assert_int_equal(registry_disconnected(registry_of(state), "nobody", 6000, NULL), ERR_OK);
}

static void reloading_forgets_what_was_not_stored_but_not_who_is_there(void **state)
{
    struct core_fixture *f = *state;
    add_target(f, "drone-1", "");
    connect_target(f, "drone-1", "");
    core_fixture_commit(f);
    add_target(f, "drone-2", "");
    store_rollback(f->core.store);
    assert_int_equal(store_begin(f->core.store, NULL), ERR_OK);
    assert_int_equal(registry_reload(registry_of(state), NULL), ERR_OK);
    assert_null(registry_find(registry_of(state), "drone-2"));
    assert_true(target_of(state, "drone-1")->is_online);
    assert_int_equal(registry_online_count(registry_of(state)), 1);
}

#define REGISTRY_TEST(name)                                                                        \
    cmocka_unit_test_setup_teardown(name, core_fixture_setup, core_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        REGISTRY_TEST(add_twice_is_a_conflict),
        REGISTRY_TEST(one_key_belongs_to_one_target),
        REGISTRY_TEST(an_id_that_is_no_name_is_refused),
        REGISTRY_TEST(targets_are_found_by_id_and_by_key),
        REGISTRY_TEST(a_removed_target_is_unknown_by_id_and_key),
        REGISTRY_TEST(updates_are_stored_and_told_only_when_they_change_something),
        REGISTRY_TEST(a_location_must_lie_on_earth),
        REGISTRY_TEST(a_first_connection_is_news_and_the_same_again_is_not),
        REGISTRY_TEST(coming_back_unchanged_is_told_but_not_written),
        REGISTRY_TEST(changes_of_advertised_tags_and_edits_of_operators_live_together),
        REGISTRY_TEST(too_many_advertised_tags_do_not_keep_a_device_out),
        REGISTRY_TEST(an_operators_location_stays_until_it_is_lifted),
        REGISTRY_TEST(a_new_stream_starts_the_numbering_again),
        REGISTRY_TEST(silence_is_noticed_and_a_sign_of_life_too),
        REGISTRY_TEST(setting_the_wall_clock_makes_nobody_silent),
        REGISTRY_TEST(when_a_target_was_seen_is_stored_at_its_disconnect),
        REGISTRY_TEST(reloading_forgets_what_was_not_stored_but_not_who_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
