/* SPDX-License-Identifier: Apache-2.0 */
/* What need not be fetched: what is staged already, and what the installed release has. */
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
#include <unistd.h>

#include "fs.h"
#include "transfer_fixture.h"
#include "transfer_window.h"

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
    transfer_fixture_add("task");
    transfer_fixture_turn_until(has_some);
    restart();
    uint64_t before = f.manager.chunks_sent;
    unsigned pieces = fake_manager_count(&f.manager, "FetchManifest");
    f.progress = (struct transfer_progress){0};
    transfer_fixture_add("task");
    transfer_fixture_succeeds();
    assert_true(whole_chunks_in(f.progress.resumed) + WINDOW_SLOTS >= before);
    assert_int_equal(f.manager.chunks_sent - before,
                     f.package.chunk_count - whole_chunks_in(f.progress.resumed));
    assert_int_equal(fake_manager_count(&f.manager, "FetchManifest"), pieces);
}

static void a_whole_staged_tree_needs_no_manager(void **state)
{
    (void)state;
    transfer_fixture_add("task");
    transfer_fixture_succeeds();
    restart();
    fake_manager_cut(&f.manager);
    transfer_fixture_add("task");
    transfer_fixture_succeeds();
    assert_int_equal(f.progress.resumed, f.package.info.content_size);
}

static void staged_bytes_that_changed_are_fetched_again(void **state)
{
    (void)state;
    transfer_fixture_add("task");
    transfer_fixture_succeeds();
    restart();
    char path[128];
    snprintf(path, sizeof(path), "%s/data", f.tree_path);
    assert_int_equal(fs_write(path, "short", 5, 0400, NULL), ERR_OK);
    uint64_t before = f.manager.chunks_sent;
    transfer_fixture_add("task");
    transfer_fixture_succeeds();
    assert_true(f.manager.chunks_sent > before);
    assert_true(f.manager.chunks_sent - before < f.package.chunk_count);
}

static void install_old(void)
{
    static const struct sample_file old_files[] = {
        {"before", ENTRY_FILE, 0644, 5000, 9, NULL},
        {"tool", ENTRY_FILE, 0755, 1500 * 1000, 1, NULL},
        {"data", ENTRY_FILE, 0640, 2 * 1000 * 1000, 4, NULL},
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
    transfer_fixture_add("task");
    transfer_fixture_succeeds();
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
    transfer_fixture_add("task");
    transfer_fixture_succeeds();
    assert_true(f.progress.reused > 1000 * 1000);
    assert_true(f.progress.reused < 2000 * 1000);
}

static void a_damaged_installed_manifest_only_costs_bytes(void **state)
{
    (void)state;
    install_old();
    assert_int_equal(fs_write(f.old_manifest_path, "rubbish", 7, 0600, NULL), ERR_OK);
    transfer_fixture_add("task");
    transfer_fixture_succeeds();
    assert_int_equal(f.progress.reused, 0);
}

static void a_full_disk_fails_the_transfer_and_the_next_try_goes_on(void **state)
{
    (void)state;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit small = {.rlim_cur = 1000 * 1000, .rlim_max = before.rlim_max};
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    transfer_fixture_add("task");
    transfer_fixture_turn_until(transfer_fixture_is_done);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(f.failure.code == ERR_IO || f.failure.code == ERR_NO_SPACE);
    f.done = 0;
    transfer_fixture_add("task");
    transfer_fixture_succeeds();
    assert_true(f.progress.resumed > 500 * 1000);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, transfer_fixture_setup, transfer_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(after_a_restart_only_the_rest_is_fetched),
        TEST(a_whole_staged_tree_needs_no_manager),
        TEST(staged_bytes_that_changed_are_fetched_again),
        TEST(chunks_of_the_installed_release_are_not_fetched),
        TEST(installed_files_that_changed_are_fetched),
        TEST(a_damaged_installed_manifest_only_costs_bytes),
        TEST(a_full_disk_fails_the_transfer_and_the_next_try_goes_on),
    };
    return cmocka_run_group_tests_name("agent.transfer_reuse", tests, NULL, NULL);
}
