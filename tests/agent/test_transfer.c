/* SPDX-License-Identifier: Apache-2.0 */
/* Whole transfers over real CURVE sockets from a fake manager that shares the loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "clock.h"
#include "fake_manager.h"
#include "fs.h"
#include "transfer.h"
#include "transfer_window.h"

enum { PATIENCE_MS = 60000, TURN_MS = 20 };

static const struct sample_file files[] = {
    {"bin",             ENTRY_DIRECTORY, 0755, 0,               0, NULL       },
    {"bin/tool",        ENTRY_FILE,      0755, 1500 * 1000,     1, NULL       },
    {"bin/empty",       ENTRY_FILE,      0644, 0,               0, NULL       },
    {"bin/again",       ENTRY_HARDLINK,  0755, 0,               0, "bin/tool" },
    {"locked",          ENTRY_DIRECTORY, 0555, 0,               0, NULL       },
    {"locked/small",    ENTRY_FILE,      0444, 10,              2, NULL       },
    {"locked/nothing",  ENTRY_DIRECTORY, 0700, 0,               0, NULL       },
    {"odd \n\xff name", ENTRY_FILE,      0600, 70 * 1000,       3, NULL       },
    {"link",            ENTRY_SYMLINK,   0777, 0,               0, "bin/empty"},
    {"data",            ENTRY_FILE,      0640, 2 * 1000 * 1000, 4, NULL       },
    {"last",            ENTRY_SYMLINK,   0777, 0,               0, "locked"   },
};
enum { FILE_COUNT = sizeof(files) / sizeof(files[0]) };

struct fixture {
    char dir[64];
    char manifest_path[96];
    char tree_path[96];
    char old_manifest_path[96];
    char old_tree_path[96];
    void *zmq;
    struct loop *loop;
    struct fake_manager manager;
    struct key_pair keys;
    struct dealer_config config;
    struct transfer *transfer;
    struct sample_package package;
    struct sample_package old;
    int done;
    struct error failure;
    struct transfer_progress progress;
};

static struct fixture f;

static int setup(void **state)
{
    (void)state;
    f = (struct fixture){.dir = "/tmp/hivecast-transfer-XXXXXX"};
    assert_int_equal(keys_init(NULL), ERR_OK);
    assert_non_null(mkdtemp(f.dir));
    snprintf(f.manifest_path, sizeof(f.manifest_path), "%s/manifest", f.dir);
    snprintf(f.tree_path, sizeof(f.tree_path), "%s/tree", f.dir);
    snprintf(f.old_manifest_path, sizeof(f.old_manifest_path), "%s/old-manifest", f.dir);
    snprintf(f.old_tree_path, sizeof(f.old_tree_path), "%s/old-tree", f.dir);
    char path[96];
    snprintf(path, sizeof(path), "%s/keys", f.dir);
    assert_int_equal(keys_load_or_create(path, &f.keys, NULL), ERR_OK);
    f.zmq = zmq_ctx_new();
    assert_int_equal(loop_new(&f.loop, NULL), ERR_OK);
    fake_manager_start(&f.manager, f.zmq, f.loop);
    fake_manager_config(&f.manager, &f.keys, &f.config);
    sample_package_make(&f.package, f.dir, files, FILE_COUNT, false);
    f.manager.package = &f.package;
    assert_int_equal(transfer_new(&f.config, &f.transfer, NULL), ERR_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    transfer_free(f.transfer);
    fake_manager_stop(&f.manager);
    zmq_ctx_term(f.zmq);
    loop_free(f.loop);
    sample_package_clear(&f.package);
    sample_package_clear(&f.old);
    return fs_remove(f.dir, NULL) == ERR_OK ? 0 : -1;
}

static void on_done(void *arg, const struct error *failure)
{
    (void)arg;
    f.done++;
    f.failure = (struct error){0};
    if (failure != NULL)
        f.failure = *failure;
}

static void on_progress(void *arg, const struct transfer_progress *p)
{
    (void)arg;
    f.progress = *p;
}

static struct transfer_request request_of(const char *task_id)
{
    return (struct transfer_request){
        .task_id = task_id,
        .package = f.package.info,
        .manifest_path = f.manifest_path,
        .tree_path = f.tree_path,
        .progress = on_progress,
        .done = on_done,
    };
}

static void add(const char *task_id)
{
    struct transfer_request r = request_of(task_id);
    if (f.old.chunk_count > 0) {
        r.old_manifest_path = f.old_manifest_path;
        r.old_tree_path = f.old_tree_path;
        r.old_package = f.old.info;
    }
    assert_int_equal(transfer_add(f.transfer, &r, NULL), ERR_OK);
}

static void turn_until(bool (*is_true)(void))
{
    int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    while (!is_true()) {
        assert_true(clock_monotonic_ms() < end_ms);
        assert_int_equal(loop_turn(f.loop, TURN_MS, NULL), ERR_OK);
    }
}

static bool is_done(void)
{
    return f.done > 0;
}

static void run_to_success(void)
{
    turn_until(is_done);
    if (f.failure.code != ERR_OK)
        print_error("%s\n", f.failure.text);
    assert_int_equal(f.failure.code, ERR_OK);
    sample_package_compare(f.tree_path, files, FILE_COUNT);
}

static void run_to_failure(enum err code)
{
    turn_until(is_done);
    assert_int_equal(f.failure.code, code);
}

static void a_package_arrives_as_it_was_made(void **state)
{
    (void)state;
    add("task");
    run_to_success();
    assert_int_equal(f.manager.chunks_sent, f.package.chunk_count);
    assert_int_equal(f.progress.content_done, f.package.info.content_size);
    assert_int_equal(f.progress.received,
                     f.package.info.sealed_size + f.package.info.manifest_size);
}

static void a_package_without_content_needs_no_chunk(void **state)
{
    (void)state;
    static const struct sample_file few[] = {
        {"d",   ENTRY_DIRECTORY, 0755, 0, 0, NULL},
        {"d/e", ENTRY_FILE,      0644, 0, 0, NULL},
    };
    sample_package_clear(&f.package);
    sample_package_make(&f.package, f.dir, few, 2, false);
    add("task");
    turn_until(is_done);
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
    add("task");
    turn_until(is_cut);
    turn_until(is_waiting);
    fake_manager_return(&f.manager);
    run_to_success();
    assert_true(f.manager.chunks_sent <= f.package.chunk_count + WINDOW_SLOTS);
}

static bool has_some(void)
{
    return f.manager.chunks_sent >= f.package.chunk_count / 2;
}

static uint64_t whole_chunks_in(uint64_t content)
{
    uint64_t n = 0;
    for (uint64_t sum = 0; n < f.package.chunk_count; n++) {
        sum += f.package.chunks[n].size;
        if (sum > content)
            break;
    }
    return n;
}

static void restart(void)
{
    transfer_free(f.transfer);
    f.transfer = NULL;
    assert_int_equal(transfer_new(&f.config, &f.transfer, NULL), ERR_OK);
    f.done = 0;
}

static void after_a_restart_only_the_rest_is_fetched(void **state)
{
    (void)state;
    add("task");
    turn_until(has_some);
    restart();
    uint64_t before = f.manager.chunks_sent;
    unsigned pieces = fake_manager_count(&f.manager, "FetchManifest");
    f.progress = (struct transfer_progress){0};
    add("task");
    run_to_success();
    assert_true(whole_chunks_in(f.progress.resumed) + WINDOW_SLOTS >= before);
    assert_int_equal(f.manager.chunks_sent - before,
                     f.package.chunk_count - whole_chunks_in(f.progress.resumed));
    assert_int_equal(fake_manager_count(&f.manager, "FetchManifest"), pieces);
}

static void a_whole_staged_tree_needs_no_manager(void **state)
{
    (void)state;
    add("task");
    run_to_success();
    restart();
    fake_manager_cut(&f.manager);
    add("task");
    run_to_success();
    assert_int_equal(f.progress.resumed, f.package.info.content_size);
}

static void staged_bytes_that_changed_are_fetched_again(void **state)
{
    (void)state;
    add("task");
    run_to_success();
    restart();
    char path[128];
    snprintf(path, sizeof(path), "%s/data", f.tree_path);
    assert_int_equal(fs_write(path, "short", 5, 0400, NULL), ERR_OK);
    uint64_t before = f.manager.chunks_sent;
    add("task");
    run_to_success();
    assert_true(f.manager.chunks_sent > before);
    assert_true(f.manager.chunks_sent - before < f.package.chunk_count);
}

static void a_damaged_chunk_is_fetched_again(void **state)
{
    (void)state;
    f.manager.damaged_chunk = 3;
    f.manager.damages = 2;
    add("task");
    run_to_success();
    assert_true(f.manager.chunks_sent >= f.package.chunk_count + 2);
}

static void a_chunk_that_stays_damaged_fails_the_transfer(void **state)
{
    (void)state;
    f.manager.damaged_chunk = 3;
    f.manager.damages = 1000;
    add("task");
    run_to_failure(ERR_CORRUPT);
}

static void a_manifest_with_another_digest_fails_the_transfer(void **state)
{
    (void)state;
    f.package.info.digest[5] ^= 1;
    add("task");
    run_to_failure(ERR_CORRUPT);
    assert_int_equal(f.manager.chunks_sent, 0);
}

static void a_file_with_another_digest_fails_the_transfer(void **state)
{
    (void)state;
    static const struct sample_file one[] = {
        {"a", ENTRY_FILE, 0644, 100, 1, NULL}
    };
    sample_package_clear(&f.package);
    sample_package_make(&f.package, f.dir, one, 1, true);
    add("task");
    run_to_failure(ERR_CORRUPT);
}

static void a_refusal_for_good_fails_the_transfer_with_its_code(void **state)
{
    (void)state;
    f.manager.failure = ERR_FORBIDDEN;
    f.manager.failure_method = rpc_method(RPC_MANAGER, "FetchChunks");
    f.manager.failures = 1;
    add("task");
    run_to_failure(ERR_FORBIDDEN);
}

static void a_refusal_for_now_is_tried_again(void **state)
{
    (void)state;
    f.manager.failure = ERR_THROTTLED;
    f.manager.failures = 2;
    add("task");
    run_to_success();
}

static void install_old(void)
{
    static const struct sample_file old_files[] = {
        {"before", ENTRY_FILE, 0644, 5000,            9, NULL},
        {"tool",   ENTRY_FILE, 0755, 1500 * 1000,     1, NULL},
        {"data",   ENTRY_FILE, 0640, 2 * 1000 * 1000, 4, NULL},
    };
    sample_package_make(&f.old, f.dir, old_files, 3, false);
    sample_package_install(f.old_tree_path, old_files, 3);
    assert_int_equal(
        fs_write(f.old_manifest_path, f.old.manifest.data, f.old.manifest.size, 0600, NULL),
        ERR_OK);
}

static void chunks_of_the_installed_release_are_not_fetched(void **state)
{
    (void)state;
    install_old();
    add("task");
    run_to_success();
    assert_true(f.progress.reused > 3 * 1000 * 1000);
    assert_true(f.manager.chunks_sent < f.package.chunk_count / 4);
}

static void installed_files_that_changed_are_fetched(void **state)
{
    (void)state;
    install_old();
    char path[128];
    snprintf(path, sizeof(path), "%s/data", f.old_tree_path);
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "changed", 7, 1000 * 1000), 7);
    close(fd);
    snprintf(path, sizeof(path), "%s/tool", f.old_tree_path);
    assert_int_equal(unlink(path), 0);
    add("task");
    run_to_success();
    assert_true(f.progress.reused > 1000 * 1000);
    assert_true(f.progress.reused < 2000 * 1000);
}

static void a_damaged_installed_manifest_only_costs_bytes(void **state)
{
    (void)state;
    install_old();
    assert_int_equal(fs_write(f.old_manifest_path, "rubbish", 7, 0600, NULL), ERR_OK);
    add("task");
    run_to_success();
    assert_int_equal(f.progress.reused, 0);
}

static bool are_two_done(void)
{
    return f.done == 2;
}

static void transfers_wait_for_one_another(void **state)
{
    (void)state;
    add("one");
    struct transfer_request r = request_of("two");
    char tree[128];
    char manifest[128];
    snprintf(tree, sizeof(tree), "%s/tree-2", f.dir);
    snprintf(manifest, sizeof(manifest), "%s/manifest-2", f.dir);
    r.tree_path = tree;
    r.manifest_path = manifest;
    assert_int_equal(transfer_add(f.transfer, &r, NULL), ERR_OK);
    assert_int_equal(transfer_add(f.transfer, &r, NULL), ERR_CONFLICT);
    turn_until(are_two_done);
    sample_package_compare(f.tree_path, files, FILE_COUNT);
    sample_package_compare(tree, files, FILE_COUNT);
}

static void a_cancelled_transfer_is_silent_and_the_next_one_starts(void **state)
{
    (void)state;
    add("one");
    turn_until(has_some);
    add("two");
    transfer_cancel(f.transfer, "one");
    transfer_cancel(f.transfer, "unknown");
    run_to_success();
    assert_int_equal(f.done, 1);
}

static void a_full_disk_fails_the_transfer_and_the_next_try_goes_on(void **state)
{
    (void)state;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit small = {.rlim_cur = 1000 * 1000, .rlim_max = before.rlim_max};
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    add("task");
    turn_until(is_done);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(f.failure.code == ERR_IO || f.failure.code == ERR_NO_SPACE);
    f.done = 0;
    add("task");
    run_to_success();
    assert_true(f.progress.resumed > 500 * 1000);
}

static void sizes_beyond_the_limits_are_refused(void **state)
{
    (void)state;
    struct transfer_request r = request_of("task");
    r.package.manifest_size = (uint64_t)MANIFEST_MAX_BYTES + 1;
    assert_int_equal(transfer_add(f.transfer, &r, NULL), ERR_TOO_LARGE);
    r = request_of("task");
    r.package.entry_count = PACKAGE_ENTRIES_MAX + 1;
    assert_int_equal(transfer_add(f.transfer, &r, NULL), ERR_TOO_LARGE);
}

static void when_told_to_hurry_it_connects_at_once(void **state)
{
    (void)state;
    f.manager.chunks_until_cut = 5;
    add("task");
    turn_until(is_cut);
    turn_until(is_waiting);
    fake_manager_return(&f.manager);
    transfer_hurry(f.transfer);
    run_to_success();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_package_arrives_as_it_was_made),
        TEST(a_package_without_content_needs_no_chunk),
        TEST(a_lost_connection_costs_no_chunk_twice_but_those_under_way),
        TEST(after_a_restart_only_the_rest_is_fetched),
        TEST(a_whole_staged_tree_needs_no_manager),
        TEST(staged_bytes_that_changed_are_fetched_again),
        TEST(a_damaged_chunk_is_fetched_again),
        TEST(a_chunk_that_stays_damaged_fails_the_transfer),
        TEST(a_manifest_with_another_digest_fails_the_transfer),
        TEST(a_file_with_another_digest_fails_the_transfer),
        TEST(a_refusal_for_good_fails_the_transfer_with_its_code),
        TEST(a_refusal_for_now_is_tried_again),
        TEST(chunks_of_the_installed_release_are_not_fetched),
        TEST(installed_files_that_changed_are_fetched),
        TEST(a_damaged_installed_manifest_only_costs_bytes),
        TEST(transfers_wait_for_one_another),
        TEST(a_cancelled_transfer_is_silent_and_the_next_one_starts),
        TEST(a_full_disk_fails_the_transfer_and_the_next_try_goes_on),
        TEST(sizes_beyond_the_limits_are_refused),
        TEST(when_told_to_hurry_it_connects_at_once),
    };
    return cmocka_run_group_tests_name("agent.transfer", tests, NULL, NULL);
}
