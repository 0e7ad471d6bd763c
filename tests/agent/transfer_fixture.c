/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "clock.h"
#include "fs.h"
#include "transfer_fixture.h"

enum { PATIENCE_MS = 60000, TURN_MS = 20 };

const struct sample_file transfer_fixture_files[FILE_COUNT] = {
    {"bin", ENTRY_DIRECTORY, 0755, 0, 0, NULL},
    {"bin/tool", ENTRY_FILE, 0755, 1500 * 1000, 1, NULL},
    {"bin/empty", ENTRY_FILE, 0644, 0, 0, NULL},
    {"bin/again", ENTRY_HARDLINK, 0755, 0, 0, "bin/tool"},
    {"locked", ENTRY_DIRECTORY, 0555, 0, 0, NULL},
    {"locked/small", ENTRY_FILE, 0444, 10, 2, NULL},
    {"locked/nothing", ENTRY_DIRECTORY, 0700, 0, 0, NULL},
    {"odd \n\xff name", ENTRY_FILE, 0600, 70 * 1000, 3, NULL},
    {"link", ENTRY_SYMLINK, 0777, 0, 0, "bin/empty"},
    {"data", ENTRY_FILE, 0640, 2 * 1000 * 1000, 4, NULL},
    {"last", ENTRY_SYMLINK, 0777, 0, 0, "locked"},
};
struct transfer_fixture f;

int transfer_fixture_setup(void **state)
{
    (void)state;
    f = (struct transfer_fixture){.dir = "/tmp/hivecast-transfer-XXXXXX"};
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
    sample_package_make(&f.package, f.dir, transfer_fixture_files, FILE_COUNT, false);
    f.manager.package = &f.package;
    assert_int_equal(transfer_new(&f.config, &f.transfer, NULL), ERR_OK);
    return 0;
}

int transfer_fixture_teardown(void **state)
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

struct transfer_request transfer_fixture_request(const char *task_id)
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

void transfer_fixture_add(const char *task_id)
{
    struct transfer_request r = transfer_fixture_request(task_id);
    if (f.old.chunk_count > 0) {
        r.old_manifest_path = f.old_manifest_path;
        r.old_tree_path = f.old_tree_path;
        r.old_package = f.old.info;
    }
    assert_int_equal(transfer_add(f.transfer, &r, NULL), ERR_OK);
}

void transfer_fixture_turn_until(bool (*is_true)(void))
{
    int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    while (!is_true()) {
        assert_true(clock_monotonic_ms() < end_ms);
        assert_int_equal(loop_turn(f.loop, TURN_MS, NULL), ERR_OK);
    }
}

bool transfer_fixture_is_done(void)
{
    return f.done > 0;
}

void transfer_fixture_succeeds(void)
{
    transfer_fixture_turn_until(transfer_fixture_is_done);
    if (f.failure.code != ERR_OK)
        print_error("%s\n", f.failure.text);
    assert_int_equal(f.failure.code, ERR_OK);
    sample_package_compare(f.tree_path, transfer_fixture_files, FILE_COUNT);
}

void transfer_fixture_fails(enum err code)
{
    transfer_fixture_turn_until(transfer_fixture_is_done);
    assert_int_equal(f.failure.code, code);
}
