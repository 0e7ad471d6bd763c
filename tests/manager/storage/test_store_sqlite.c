/* SPDX-License-Identifier: Apache-2.0 */
/* What only the SQLite store has: facts outlive crashes, full disks and old versions. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "fs.h"
#include "store_sqlite.h"
#include "store_sqlite_schema.h"
#include "store_sqlite_tables.h"
#include "store_suite.h"

static bool count_target(void *arg, const struct target *t)
{
    (void)t;
    ++*(size_t *)arg;
    return true;
}

static size_t count_targets(struct fixture *f)
{
    size_t count = 0;
    OK(store_target_each(f->store, count_target, &count, e));
    return count;
}

/* A turn of two targets, so that half a turn would show. */
static void put_pair(struct fixture *f, unsigned number)
{
    char id[32];
    snprintf(id, sizeof(id), "a%u", number);
    suite_put_target(f, id);
    snprintf(id, sizeof(id), "b%u", number);
    suite_put_target(f, id);
}

static void tell(int fd)
{
    assert_int_equal(write(fd, "x", 1), 1);
}

/* The child commits turns and tells of each until it is killed. */
static void commit_until_killed(struct fixture *f, int fd)
{
    OK(store_sqlite_open(f->path, &f->store, e));
    for (unsigned i = 0;; i++) {
        suite_begin(f);
        put_pair(f, i);
        suite_commit(f);
        tell(fd);
    }
}

static void die_within_a_turn(struct fixture *f, int fd)
{
    OK(store_sqlite_open(f->path, &f->store, e));
    suite_begin(f);
    put_pair(f, 0);
    tell(fd);
    pause();
}

/* Runs child in a process of its own, kills it after it told told_min times, and returns how often
 * it had. */
static size_t run_and_kill(struct fixture *f, void (*child)(struct fixture *, int), size_t told_min)
{
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    store_close(f->store);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(fds[0]);
        child(f, fds[1]);
        _exit(1);
    }
    close(fds[1]);
    char byte;
    size_t told = 0;
    while (told < told_min && read(fds[0], &byte, 1) == 1)
        told++;
    assert_int_equal(kill(pid, SIGKILL), 0);
    while (read(fds[0], &byte, 1) == 1)
        told++;
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    close(fds[0]);
    OK(store_sqlite_open(f->path, &f->store, e));
    return told;
}

static void committed_turns_survive_a_kill(void **state)
{
    struct fixture *f = *state;
    size_t told = run_and_kill(f, commit_until_killed, 25);
    size_t found = count_targets(f);
    assert_true(told >= 25);
    assert_in_range(found, 2 * told, 2 * (told + 1));
    assert_int_equal(found % 2, 0);
}

static void a_turn_that_was_cut_off_never_happened(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run_and_kill(f, die_within_a_turn, 1), 1);
    assert_int_equal(count_targets(f), 0);
    suite_begin(f);
    put_pair(f, 0);
    suite_commit(f);
    assert_int_equal(count_targets(f), 2);
}

static void the_file_is_private(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    put_pair(f, 0);
    suite_commit(f);
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char path[128];
        struct stat st;
        snprintf(path, sizeof(path), "%s%s", f->path, suffixes[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
}

static void limit_file_size(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Appends lines until the store refuses; returns why. Several MiB, so that the cache spills. */
static enum err fill(struct fixture *f, struct error *e)
{
    char output[LINE_MAX_BYTES];
    memset(output, 'x', sizeof(output) - 1);
    output[sizeof(output) - 1] = '\0';
    struct log_line line = {.time_ms = 1, .output = output};
    struct log_batch batch = {.target_id = "drone-1",
                              .task_id = "",
                              .stage = STAGE_RUN,
                              .command = "yes",
                              .lines = &line,
                              .count = 1};
    enum err err = ERR_OK;
    for (int i = 0; err == ERR_OK && i < 8000; i++)
        err = store_log_append(f->store, &batch, e);
    return err;
}

static void check_lost_turn(struct fixture *f)
{
    struct error error;
    struct target t = suite_target("drone-9");
    suite_begin(f);
    put_pair(f, 1);
    OK(store_mark(f->store, e));
    assert_int_equal(fill(f, &error), ERR_NO_SPACE);
    store_undo(f->store);
    enum err err = store_target_put(f->store, &t, &error);
    assert_true(err == ERR_OK || err == ERR_NO_SPACE);
    err = store_commit(f->store, &error);
    /* Either the mark could be undone, or the turn as a whole is lost. */
    assert_true(err == ERR_OK || err == ERR_NO_SPACE);
    assert_int_equal(count_targets(f), err == ERR_OK ? 5 : 2);
}

static void a_full_disk_fails_the_turn_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    put_pair(f, 0);
    suite_commit(f);
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    limit_file_size(1024 * 1024);
    check_lost_turn(f);
    limit_file_size(RLIM_INFINITY);
    suite_begin(f);
    put_pair(f, 2);
    suite_commit(f);
    suite_reopen(f);
    assert_true(count_targets(f) >= 4);
}

static void a_full_database_fails_the_turn_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    struct sqlite_store *s = (struct sqlite_store *)f->store;
    suite_begin(f);
    put_pair(f, 0);
    suite_commit(f);
    OK(sqlite_run(s, "PRAGMA max_page_count = 300", e));
    check_lost_turn(f);
    OK(sqlite_run(s, "PRAGMA max_page_count = 100000", e));
    suite_begin(f);
    put_pair(f, 2);
    suite_commit(f);
}

static void expect_refusal(struct fixture *f, enum err expected, const char *words)
{
    struct error error = {.code = ERR_OK};
    struct store *store = NULL;
    assert_int_equal(store_sqlite_open(f->path, &store, &error), expected);
    assert_non_null(strstr(error.text, words));
    assert_null(store);
}

static void a_newer_schema_is_refused(void **state)
{
    struct fixture *f = *state;
    OK(sqlite_run((struct sqlite_store *)f->store, "PRAGMA user_version = 999", e));
    expect_refusal(f, ERR_UNSUPPORTED, "a newer version of this program wrote it (schema 999");
    struct error error;
    struct store *reader = NULL;
    assert_int_equal(store_sqlite_open_reader(f->path, &reader, &error), ERR_UNSUPPORTED);
}

static void a_file_that_is_no_database_is_refused(void **state)
{
    struct fixture *f = *state;
    snprintf(f->path, sizeof(f->path), "%s/other.db", f->dir);
    OK(fs_write(f->path, "this is a text, and not a short one at all", 42, 0600, e));
    expect_refusal(f, ERR_CORRUPT, "damaged");
}

static void a_database_of_another_program_is_refused(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = NULL;
    snprintf(f->path, sizeof(f->path), "%s/other.db", f->dir);
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE books (title)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    expect_refusal(f, ERR_CORRUPT, "another program");
}

static void a_directory_that_is_missing_is_not_found(void **state)
{
    struct fixture *f = *state;
    snprintf(f->path, sizeof(f->path), "%s/no/manager.db", f->dir);
    expect_refusal(f, ERR_NOT_FOUND, "no/manager.db");
}

static void steps_are_taken_once_and_whole(void **state)
{
    struct fixture *f = *state;
    struct sqlite_store s = {.is_reader = false};
    snprintf(f->path, sizeof(f->path), "%s/steps.db", f->dir);
    assert_int_equal(sqlite3_open(f->path, &s.db), SQLITE_OK);
    static const char *const steps[] = {
        "CREATE TABLE a (x)", "INSERT INTO a VALUES (1); ALTER TABLE a ADD COLUMN y DEFAULT 7",
        "INSERT INTO a VALUES (2, 8)", "INSERT INTO a VALUES (3, 9); INSERT INTO b VALUES (1)"};
    OK(schema_apply(&s, steps, 1, e));
    OK(schema_apply(&s, steps, 3, e));
    OK(schema_apply(&s, steps, 3, e));
    struct error error;
    assert_int_not_equal(schema_apply(&s, steps, 4, &error), ERR_OK);
    assert_non_null(strstr(error.text, "migrate to schema 4"));
    int64_t sum = 0;
    OK(sqlite_number(&s, "SELECT sum(x * y) FROM a", NULL, &sum, e));
    assert_int_equal(sum, 1 * 7 + 2 * 8);
    assert_int_equal(schema_apply(&s, steps, 2, &error), ERR_UNSUPPORTED);
    for (size_t i = 0; i < s.cached; i++)
        sqlite3_finalize(s.cache[i].statement);
    sqlite3_close(s.db);
}

static bool note_output(void *arg, const struct log_row *row)
{
    return suite_note(arg, row->line.output);
}

static void load_fixture(struct fixture *f, const char *file)
{
    struct bytes sql = {0};
    sqlite3 *db = NULL;
    store_close(f->store);
    snprintf(f->path, sizeof(f->path), "%s/old.db", f->dir);
    OK(fs_read(file, 1000000, &sql, e));
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, (const char *)sql.data, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    bytes_clear(&sql);
    OK(store_sqlite_open(f->path, &f->store, e));
}

static void check_old_logs(struct fixture *f)
{
    struct names names = {.count = 0};
    uint64_t total = 0;
    struct log_query query = {.text = "failed", .page = {.number = 1, .size = 10}};
    OK(store_log_query(f->store, &query, &total, note_output, &names, e));
    assert_string_equal(names.text, "three failed");
    query = (struct log_query){.task_id = "brave-otter", .page = {.number = 1, .size = 10}};
    names = (struct names){.count = 0};
    OK(store_log_query(f->store, &query, &total, note_output, &names, e));
    assert_string_equal(names.text, "three failed one and two");
    assert_int_equal(total, 2);
}

static void a_database_of_schema_1_is_taken_over(void **state)
{
    struct fixture *f = *state;
    load_fixture(f, SOURCE_DIR "/schema_1.sql");
    int64_t version = 0;
    OK(sqlite_number((struct sqlite_store *)f->store, "PRAGMA user_version", NULL, &version, e));
    assert_int_equal(version, schema_version());
    assert_int_equal(count_targets(f), 1);
    struct task t;
    OK(store_task_get(f->store, "brave-otter", &t, e));
    assert_string_equal(t.run_commands.items[0], "./count");
    assert_string_equal(t.document, "{\"deploy\": {}}");
    task_clear(&t);
    struct task_target row;
    OK(store_row_get(f->store, "brave-otter", "drone-1", &row, e));
    assert_int_equal(row.state, TASK_SUCCEEDED);
    check_old_logs(f);
    uint8_t hash[DIGEST_BYTES] = {[31] = 5};
    uint8_t name[DIGEST_BYTES] = {[31] = 9};
    char set_name[ID_SIZE];
    struct chunk_place place;
    bool found = false;
    suite_begin(f);
    OK(store_token_redeem(f->store, hash, 1500, set_name, e));
    OK(store_chunk_find(f->store, name, &place, &found, e));
    assert_true(found);
    assert_int_equal(place.offset, 4096);
    OK(store_task_delete(f->store, "brave-otter", e));
    suite_commit(f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(committed_turns_survive_a_kill),
        cmocka_unit_test(a_turn_that_was_cut_off_never_happened),
        cmocka_unit_test(the_file_is_private),
        cmocka_unit_test(a_full_disk_fails_the_turn_and_nothing_else),
        cmocka_unit_test(a_full_database_fails_the_turn_and_nothing_else),
        cmocka_unit_test(a_newer_schema_is_refused),
        cmocka_unit_test(a_file_that_is_no_database_is_refused),
        cmocka_unit_test(a_database_of_another_program_is_refused),
        cmocka_unit_test(a_directory_that_is_missing_is_not_found),
        cmocka_unit_test(steps_are_taken_once_and_whole),
        cmocka_unit_test(a_database_of_schema_1_is_taken_over),
    };
    return suite_run_on("sqlite", "sqlite only", tests, sizeof(tests) / sizeof(tests[0]));
}
