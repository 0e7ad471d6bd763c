/* SPDX-License-Identifier: Apache-2.0 */
#include "store_suite.h"

#include <stdio.h>
#include <string.h>

#include "fs.h"

static const struct store_backend *present;

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    f->backend = present;
    snprintf(f->dir, sizeof(f->dir), "/tmp/hivecast-store-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof(f->path), "%s/manager.db", f->dir);
    OK(store_open(f->backend->kind, f->path, &f->store, e));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    store_close(f->store);
    OK(fs_remove(f->dir, e));
    free(f);
    return 0;
}

static int run_present(const char *name, const struct CMUnitTest *tests, size_t count)
{
    struct CMUnitTest *with_store = calloc(count, sizeof(*with_store));
    if (with_store == NULL)
        return 1;
    memcpy(with_store, tests, count * sizeof(*tests));
    for (size_t i = 0; i < count; i++) {
        with_store[i].setup_func = set_up;
        with_store[i].teardown_func = tear_down;
    }
    char group[128];
    snprintf(group, sizeof(group), "%s on %s", name, present->kind);
    int failed = _cmocka_run_group_tests(group, with_store, count, NULL, NULL);
    free(with_store);
    return failed;
}

int suite_run(const char *name, const struct CMUnitTest *tests, size_t count)
{
    int failed = 0;
    for (size_t i = 0; i < store_backend_count; i++) {
        present = &store_backends[i];
        failed += run_present(name, tests, count);
    }
    return failed;
}

int suite_run_on(const char *kind, const char *name, const struct CMUnitTest *tests, size_t count)
{
    size_t i = 0;
    while (strcmp(store_backends[i].kind, kind) != 0)
        i++;
    present = &store_backends[i];
    return run_present(name, tests, count);
}

void suite_ok(enum err err, const struct error *e)
{
    if (err != ERR_OK)
        fail_msg("%s: %s", err_name(err), e->text);
}

void suite_begin(struct fixture *f)
{
    OK(store_begin(f->store, e));
}

void suite_commit(struct fixture *f)
{
    OK(store_commit(f->store, e));
}

void suite_reopen(struct fixture *f)
{
    if (!f->backend->is_durable)
        return;
    store_close(f->store);
    OK(store_open(f->backend->kind, f->path, &f->store, e));
}

struct target suite_target(const char *id)
{
    struct target t = {
        .location = {.is_known = true, .latitude = 46.5, .longitude = -13.25},
        .location_is_fixed = true,
        .architecture = "x86_64",
        .os = "linux",
        .agent_version = "0.1.0",
        .disk_free_bytes = 5000000000,
        .memory_bytes = 1000000000,
        .registered_ms = 1700000000000,
        .last_seen_ms = 1700000000123,
        .stream_id = UINT64_MAX - 1,
        .stored_seq = 77,
    };
    snprintf(t.id, sizeof(t.id), "%s", id);
    snprintf((char *)t.public_key, sizeof(t.public_key), "key of %.20s", id);
    snprintf(t.tags.text, sizeof(t.tags.text), ",camera,arm64,");
    snprintf(t.advertised.text, sizeof(t.advertised.text), ",arm64,");
    return t;
}

void suite_put_target(struct fixture *f, const char *id)
{
    struct target t = suite_target(id);
    OK(store_target_put(f->store, &t, e));
}

struct task suite_task(const char *id, uint64_t version)
{
    struct task t = {
        .version = version,
        .description = "Count to three",
        .app = "counter",
        .debug = true,
        .auto_restart = true,
        .has_deploy = true,
        .has_build = true,
        .build_host = "builder",
        .has_package = true,
        .package = {.digest = {1, 2, 3},
                    .manifest_size = 10,
                    .entry_count = 11,
                    .chunk_count = 12,
                    .content_size = 13,
                    .sealed_size = 14},
        .created_ms = 1700000000000 + (int64_t)version,
    };
    snprintf(t.id, sizeof(t.id), "%s", id);
    snprintf(t.package_id, sizeof(t.package_id), "package-of-%.12s", id);
    snprintf(t.selector.tags.text, sizeof(t.selector.tags.text), ",camera,");
    OK(strlist_add(&t.install_commands, "make install", e));
    OK(strlist_add(&t.install_commands, "", e));
    OK(strlist_add(&t.run_commands, "./count\n--to 3", e));
    OK(strlist_add(&t.selector.ids, "drone-1", e));
    OK(strlist_add(&t.build_commands, "make", e));
    OK(strlist_add(&t.build_artifacts, "count", e));
    t.document = strdup("{\"deploy\": \"\xc3\xa4\"}");
    assert_non_null(t.document);
    OK(bytes_append(&t.signed_task, "\0signed\xff", 8, e));
    return t;
}

void suite_put_task(struct fixture *f, const char *id, uint64_t version)
{
    struct task t = suite_task(id, version);
    OK(store_task_insert(f->store, &t, e));
    task_clear(&t);
}

struct task_target suite_row(const char *task_id, const char *target_id, enum task_state state)
{
    struct task_target row = {
        .app = "counter",
        .version = 1,
        .state = state,
        .run_state = state == TASK_SUCCEEDED ? RUN_UP : RUN_UNKNOWN,
        .exit_status = -9,
        .since_ms = 1700000000456,
        .code = ERR_UNSUITABLE,
        .message = "not enough disk",
    };
    snprintf(row.task_id, sizeof(row.task_id), "%s", task_id);
    snprintf(row.target_id, sizeof(row.target_id), "%s", target_id);
    return row;
}

void suite_put_row(struct fixture *f, const char *task_id, const char *target_id,
                   enum task_state state)
{
    struct task_target row = suite_row(task_id, target_id, state);
    OK(store_row_put(f->store, &row, e));
}

void suite_log(struct fixture *f, const char *target_id, const char *task_id, int64_t time_ms,
               const char *output)
{
    struct log_line line = {.time_ms = time_ms, .output = output};
    struct log_batch batch = {.target_id = target_id,
                              .task_id = task_id,
                              .stage = STAGE_RUN,
                              .command = "./count",
                              .lines = &line,
                              .count = 1};
    OK(store_log_append(f->store, &batch, e));
}

bool suite_note(struct names *n, const char *name)
{
    size_t used = strlen(n->text);
    snprintf(n->text + used, sizeof(n->text) - used, "%s%s", used == 0 ? "" : " ", name);
    n->count++;
    return n->count != n->stop_after;
}
