/* SPDX-License-Identifier: Apache-2.0 */
/* Whole transfers: what arrives, what is refused, what is tried again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "transfer_fixture.h"
#include "transfer_window.h"

static void a_package_arrives_as_it_was_made(void **state)
{
    (void)state;
    transfer_fixture_add("task");
    transfer_fixture_succeeds();
    assert_int_equal(f.manager.chunks_sent, f.package.chunk_count);
    assert_int_equal(f.progress.content_done, f.package.info.content_size);
    assert_int_equal(f.progress.received,
                     f.package.info.sealed_size + f.package.info.manifest_size);
}

static void a_package_without_content_needs_no_chunk(void **state)
{
    (void)state;
    static const struct sample_file few[] = {
        {"d", ENTRY_DIRECTORY, 0755, 0, 0, NULL},
        {"d/e", ENTRY_FILE, 0644, 0, 0, NULL},
    };
    sample_package_clear(&f.package);
    sample_package_make(&f.package, f.dir, few, 2, false);
    transfer_fixture_add("task");
    transfer_fixture_turn_until(transfer_fixture_is_done);
    assert_int_equal(f.failure.code, ERR_OK);
    sample_package_compare(f.tree_path, few, 2);
    assert_int_equal(fake_manager_count(&f.manager, "FetchChunks"), 0);
}

static bool is_cut(void)
{
    return f.manager.router == NULL;
}

static bool is_waiting(void)
{
    return f.progress.is_waiting;
}

static void a_lost_connection_costs_no_chunk_twice_but_those_under_way(void **state)
{
    (void)state;
    f.manager.chunks_until_cut = 12;
    transfer_fixture_add("task");
    transfer_fixture_turn_until(is_cut);
    transfer_fixture_turn_until(is_waiting);
    fake_manager_return(&f.manager);
    transfer_fixture_succeeds();
    assert_true(f.manager.chunks_sent <= f.package.chunk_count + WINDOW_SLOTS);
}

static void a_damaged_chunk_is_fetched_again(void **state)
{
    (void)state;
    f.manager.damaged_chunk = 3;
    f.manager.damages = 2;
    transfer_fixture_add("task");
    transfer_fixture_succeeds();
    assert_true(f.manager.chunks_sent >= f.package.chunk_count + 2);
}

static void a_chunk_that_stays_damaged_fails_the_transfer(void **state)
{
    (void)state;
    f.manager.damaged_chunk = 3;
    f.manager.damages = 1000;
    transfer_fixture_add("task");
    transfer_fixture_fails(ERR_CORRUPT);
}

static void a_manifest_with_another_digest_fails_the_transfer(void **state)
{
    (void)state;
    f.package.info.digest[5] ^= 1;
    transfer_fixture_add("task");
    transfer_fixture_fails(ERR_CORRUPT);
    assert_int_equal(f.manager.chunks_sent, 0);
}

static void a_file_with_another_digest_fails_the_transfer(void **state)
{
    (void)state;
    static const struct sample_file one[] = {{"a", ENTRY_FILE, 0644, 100, 1, NULL}};
    sample_package_clear(&f.package);
    sample_package_make(&f.package, f.dir, one, 1, true);
    transfer_fixture_add("task");
    transfer_fixture_fails(ERR_CORRUPT);
}

static void a_refusal_for_good_fails_the_transfer_with_its_code(void **state)
{
    (void)state;
    f.manager.failure = ERR_FORBIDDEN;
    f.manager.failure_method = rpc_method(RPC_MANAGER, "FetchChunks");
    f.manager.failures = 1;
    transfer_fixture_add("task");
    transfer_fixture_fails(ERR_FORBIDDEN);
}

static void a_refusal_for_now_is_tried_again(void **state)
{
    (void)state;
    f.manager.failure = ERR_THROTTLED;
    f.manager.failures = 2;
    transfer_fixture_add("task");
    transfer_fixture_succeeds();
}

static bool has_some(void)
{
    return f.manager.chunks_sent >= f.package.chunk_count / 2;
}

static bool are_two_done(void)
{
    return f.done == 2;
}

static void transfers_wait_for_one_another(void **state)
{
    (void)state;
    transfer_fixture_add("one");
    struct transfer_request r = transfer_fixture_request("two");
    char tree[128];
    char manifest[128];
    snprintf(tree, sizeof(tree), "%s/tree-2", f.dir);
    snprintf(manifest, sizeof(manifest), "%s/manifest-2", f.dir);
    r.tree_path = tree;
    r.manifest_path = manifest;
    assert_int_equal(transfer_add(f.transfer, &r, NULL), ERR_OK);
    assert_int_equal(transfer_add(f.transfer, &r, NULL), ERR_CONFLICT);
    transfer_fixture_turn_until(are_two_done);
    sample_package_compare(f.tree_path, transfer_fixture_files, FILE_COUNT);
    sample_package_compare(tree, transfer_fixture_files, FILE_COUNT);
}

static void a_cancelled_transfer_is_silent_and_the_next_one_starts(void **state)
{
    (void)state;
    transfer_fixture_add("one");
    transfer_fixture_turn_until(has_some);
    transfer_fixture_add("two");
    transfer_cancel(f.transfer, "one");
    transfer_cancel(f.transfer, "unknown");
    transfer_fixture_succeeds();
    assert_int_equal(f.done, 1);
}

static void sizes_beyond_the_limits_are_refused(void **state)
{
    (void)state;
    struct transfer_request r = transfer_fixture_request("task");
    r.package.manifest_size = (uint64_t)MANIFEST_MAX_BYTES + 1;
    assert_int_equal(transfer_add(f.transfer, &r, NULL), ERR_TOO_LARGE);
    r = transfer_fixture_request("task");
    r.package.entry_count = PACKAGE_ENTRIES_MAX + 1;
    assert_int_equal(transfer_add(f.transfer, &r, NULL), ERR_TOO_LARGE);
}

static void when_told_to_hurry_it_connects_at_once(void **state)
{
    (void)state;
    f.manager.chunks_until_cut = 5;
    transfer_fixture_add("task");
    transfer_fixture_turn_until(is_cut);
    transfer_fixture_turn_until(is_waiting);
    fake_manager_return(&f.manager);
    transfer_hurry(f.transfer);
    transfer_fixture_succeeds();
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, transfer_fixture_setup, transfer_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_package_arrives_as_it_was_made),
        TEST(a_package_without_content_needs_no_chunk),
        TEST(a_lost_connection_costs_no_chunk_twice_but_those_under_way),
        TEST(a_damaged_chunk_is_fetched_again),
        TEST(a_chunk_that_stays_damaged_fails_the_transfer),
        TEST(a_manifest_with_another_digest_fails_the_transfer),
        TEST(a_file_with_another_digest_fails_the_transfer),
        TEST(a_refusal_for_good_fails_the_transfer_with_its_code),
        TEST(a_refusal_for_now_is_tried_again),
        TEST(transfers_wait_for_one_another),
        TEST(a_cancelled_transfer_is_silent_and_the_next_one_starts),
        TEST(sizes_beyond_the_limits_are_refused),
        TEST(when_told_to_hurry_it_connects_at_once),
    };
    return cmocka_run_group_tests_name("agent.transfer", tests, NULL, NULL);
}
