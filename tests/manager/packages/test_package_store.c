/* SPDX-License-Identifier: Apache-2.0 */
/* Packages made, shared, damaged, removed. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fs.h"
#include "package_suite.h"

static void a_tree_comes_back_as_it_was(void **state)
{
    struct fixture *f = *state;
    tree_file(f, "p/run.sh", "#!/bin/sh\necho hi\n", 18, 0755);
    tree_file(f, "p/empty", "", 0, 0600);
    tree_file(f, "p/odd names/new\nline", "1", 1, 0644);
    tree_file(f, "p/odd names/\xff\xfe bytes \"and' $(quotes)", "2", 1, 0644);
    tree_file(f, "p/odd names/\xc3\xbcml\xc3\xa4ut", "3", 1, 0444);
    tree_file(f, "p/-rf", "4", 1, 0644);
    tree_dir(f, "p/nothing/in/here");
    tree_link(f, "p/link", "big/own");
    tree_link(f, "p/nothing/dangling", "in/there");
    tree_noise(f, "p/big/noise", 3 * 1024 * 1024 + 7, 1);
    tree_noise(f, "p/big/exact", CHUNK_MAX, 2);
    tree_noise(f, "p/big/own", CHUNK_AVERAGE, 3);
    for (uint32_t i = 0; i < 200; i++) {
        char path[64];
        snprintf(path, sizeof(path), "p/small/%u", i);
        tree_noise(f, path, 1 + 37 * i % 9000, i);
    }
    AUTO(package_draft_free) struct package_draft *d = NULL;
    package_make(f, "p", &d);
    package_check(f, d, "p");
    package_reopen(f);
    package_check(f, d, "p");
}

static void an_empty_tree_is_a_package_without_pack(void **state)
{
    struct fixture *f = *state;
    tree_dir(f, "p");
    AUTO(package_draft_free) struct package_draft *d = NULL;
    package_make(f, "p", &d);
    package_check(f, d, "p");
    assert_int_equal(d->info.chunk_count, 0);
    assert_int_equal(d->packs.count, 0);
    assert_int_equal(package_count_files(f, "packs"), 0);
}

static void small_files_share_chunks_and_large_ones_begin_their_own(void **state)
{
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 10; i++) {
        char path[64];
        snprintf(path, sizeof(path), "small/%u", i);
        tree_noise(f, path, 1000, i);
    }
    tree_noise(f, "large/a", 300000, 7);
    tree_noise(f, "shifted/0", 1000, 8);
    tree_noise(f, "shifted/a", 300000, 7);
    AUTO(package_draft_free) struct package_draft *small = NULL;
    AUTO(package_draft_free) struct package_draft *large = NULL;
    AUTO(package_draft_free) struct package_draft *shifted = NULL;
    package_make(f, "small", &small);
    assert_int_equal(small->info.chunk_count, 1);
    package_make(f, "large", &large);
    package_make(f, "shifted", &shifted);
    assert_int_equal(shifted->info.chunk_count, large->info.chunk_count + 1);
    assert_int_equal(shifted->packs.count, 2);
    package_check(f, shifted, "shifted");
}

static void stored_path(struct fixture *f, const char *folder, const char *id, const char *file,
                        char out[static 192])
{
    snprintf(out, 192, "%s/%s/%s%s", f->data, folder, id, file);
}

/* Bytes of the pack that came with a package; 0 when there is none. */
static uint64_t pack_bytes(struct fixture *f, const char *id)
{
    char path[160];
    struct stat st;
    snprintf(path, sizeof(path), "%s/packs/%s", f->data, id);
    return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static void equal_content_is_stored_once(void **state)
{
    struct fixture *f = *state;
    tree_noise(f, "one/a", 2000000, 1);
    tree_noise(f, "one/again/a", 2000000, 1);
    tree_noise(f, "two/other name", 2000000, 1);
    tree_noise(f, "two/new", 100000, 2);
    AUTO(package_draft_free) struct package_draft *one = NULL;
    AUTO(package_draft_free) struct package_draft *two = NULL;
    package_make(f, "one", &one);
    assert_in_range(pack_bytes(f, one->id), 2000000, 2020000);
    package_make(f, "two", &two);
    assert_in_range(pack_bytes(f, two->id), 100000, 110000);
    package_check(f, one, "one");
    package_check(f, two, "two");
    AUTO(package_draft_free) struct package_draft *same = NULL;
    package_make(f, "one", &same);
    assert_int_equal(pack_bytes(f, same->id), 0);
    assert_memory_equal(same->info.digest, one->info.digest, DIGEST_BYTES);
    package_check(f, same, "one");
}

static void stored_bytes_do_not_show_the_content(void **state)
{
    struct fixture *f = *state;
    static const char words[] = "the launch code is 0000, do not tell anybody, never, ever";
    tree_file(f, "p/secret-name", words, sizeof(words), 0644);
    AUTO(package_draft_free) struct package_draft *d = NULL;
    package_make(f, "p", &d);
    static const char *const names[][2] = {
        {"packages", "/manifest"}, {"packages", "/index"}, {"packs", ""}};
    for (size_t i = 0; i < 3; i++) {
        char path[192];
        struct bytes stored = {0};
        stored_path(f, names[i][0], d->id, names[i][1], path);
        OK(fs_read(path, 100000, &stored, e));
        assert_null(memmem(stored.data, stored.size, "launch", 6));
        assert_null(memmem(stored.data, stored.size, "secret-name", 11));
        bytes_clear(&stored);
    }
}

static void a_draft_that_is_not_committed_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    tree_noise(f, "p/a", 100000, 1);
    struct package_draft *d = NULL;
    OK(package_of_path(f, "p", &d, e));
    assert_int_equal(package_count_files(f, "packages"), 1);
    assert_int_equal(package_count_files(f, "packs"), 1);
    package_draft_free(d);
    assert_int_equal(package_count_files(f, "packages"), 0);
    assert_int_equal(package_count_files(f, "packs"), 0);
}

static void a_failed_ingest_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    tree_noise(f, "p/a", 1000000, 1);
    tree_link(f, "p/z", "/etc/passwd");
    struct package_draft *d = NULL;
    struct error error;
    assert_int_equal(package_of_path(f, "p", &d, &error), ERR_INVALID);
    assert_null(d);
    assert_int_equal(package_count_files(f, "packages"), 0);
    assert_int_equal(package_count_files(f, "packs"), 0);
}

static void packs_stay_while_another_package_refers_to_them(void **state)
{
    struct fixture *f = *state;
    tree_noise(f, "p/a", 500000, 1);
    tree_noise(f, "q/a", 500000, 1);
    tree_noise(f, "q/b", 500000, 2);
    AUTO(package_draft_free) struct package_draft *p = NULL;
    AUTO(package_draft_free) struct package_draft *q = NULL;
    package_make(f, "p", &p);
    package_make(f, "q", &q);
    package_delete_tasks(f, 1);
    assert_int_equal(package_count_files(f, "packages"), 1);
    assert_int_equal(package_count_files(f, "packs"), 2);
    package_check(f, q, "q");
    package_delete_tasks(f, 2);
    assert_int_equal(package_count_files(f, "packages"), 0);
    assert_int_equal(package_count_files(f, "packs"), 0);
}

static void a_pack_that_went_away_during_the_ingest_is_noticed(void **state)
{
    struct fixture *f = *state;
    tree_noise(f, "p/a", 500000, 1);
    AUTO(package_draft_free) struct package_draft *first = NULL;
    AUTO(package_draft_free) struct package_draft *second = NULL;
    package_make(f, "p", &first);
    OK(package_of_path(f, "p", &second, e));
    package_delete_tasks(f, f->versions);
    struct error error;
    OK(store_begin(f->store, e));
    assert_int_equal(package_draft_commit(second, f->store, &error), ERR_UNAVAILABLE);
    store_rollback(f->store);
    assert_false(second->is_committed);
}

static void the_start_removes_what_the_store_does_not_know(void **state)
{
    struct fixture *f = *state;
    tree_noise(f, "p/a", 500000, 1);
    tree_noise(f, "q/a", 500000, 2);
    AUTO(package_draft_free) struct package_draft *kept = NULL;
    struct package_draft *lost = NULL;
    package_make(f, "p", &kept);
    OK(package_of_path(f, "q", &lost, e));
    lost->is_committed = true; /* as if the manager had died here */
    package_draft_free(lost);
    char path[160];
    snprintf(path, sizeof(path), "%s/packages/0123.new/index", f->data);
    *strrchr(path, '/') = '\0';
    OK(fs_mkdirs(path, 0700, e));
    snprintf(path, sizeof(path), "%s/packs/0123.new", f->data);
    OK(fs_write(path, "x", 1, 0600, e));
    assert_int_equal(package_count_files(f, "packages"), 3);
    package_reopen(f);
    OK(package_store_clean(f->packages, f->store, e));
    assert_int_equal(package_count_files(f, "packages"), 1);
    assert_int_equal(package_count_files(f, "packs"), 1);
    package_check(f, kept, "p");
}

/* Cuts a file of the package to length; removes it when that is negative. */
static void damage(struct fixture *f, const char *folder, const char *id, const char *file,
                   off_t length)
{
    char path[192];
    stored_path(f, folder, id, file, path);
    assert_int_equal(length < 0 ? unlink(path) : truncate(path, length), 0);
}

static void damaged_files_are_found(void **state)
{
    struct fixture *f = *state;
    tree_noise(f, "p/a", 500000, 1);
    struct error error;
    for (int i = 0; i < 5; i++) {
        AUTO(package_draft_free) struct package_draft *d = NULL;
        package_make(f, "p", &d);
        if (i == 0)
            damage(f, "packs", d->id, "", 400000);
        else if (i == 1)
            damage(f, "packs", d->id, "", -1);
        else if (i == 2)
            damage(f, "packages", d->id, "/index", 100);
        else if (i == 3)
            damage(f, "packages", d->id, "/manifest", 100);
        else
            damage(f, "packages", d->id, "/index", 0);
        enum err err = package_read_all(f, d, &error);
        assert_true(err == ERR_CORRUPT || err == ERR_IO);
        package_delete_tasks(f, f->versions);
    }
}

static void a_damaged_pack_is_not_shared(void **state)
{
    struct fixture *f = *state;
    tree_noise(f, "p/a", 500000, 1);
    AUTO(package_draft_free) struct package_draft *first = NULL;
    AUTO(package_draft_free) struct package_draft *second = NULL;
    package_make(f, "p", &first);
    damage(f, "packs", first->id, "", 250000);
    package_make(f, "p", &second);
    package_check(f, second, "p");
}

static void requests_beyond_the_package_are_refused(void **state)
{
    struct fixture *f = *state;
    uint8_t buffer[MANIFEST_PIECE];
    size_t got = 0;
    uint32_t size = 0;
    struct error error;
    tree_noise(f, "p/a", 1000, 1);
    AUTO(package_draft_free) struct package_draft *d = NULL;
    AUTO(package_close) struct package *p = NULL;
    package_make(f, "p", &d);
    assert_int_equal(package_open(f->packages, "unknown", &p, &error), ERR_NOT_FOUND);
    OK(package_open(f->packages, d->id, &p, e));
    assert_int_equal(package_chunk_size(p, 1, &size, &error), ERR_NOT_FOUND);
    assert_int_equal(package_read_chunk(p, 1, buffer, 10, &error), ERR_NOT_FOUND);
    assert_int_equal(package_read_chunk(p, 0, buffer, 10, &error), ERR_INVALID);
    assert_int_equal(package_read_manifest(p, MANIFEST_PIECE, buffer, &got, &error), ERR_NOT_FOUND);
    assert_int_equal(package_read_manifest(p, 5, buffer, &got, &error), ERR_INVALID);
}

struct parallel {
    struct fixture f; /* with a reader of its own */
    struct package_draft *draft;
    char path[8];
    enum err err;
};

static void *ingest_parallel(void *arg)
{
    struct parallel *p = arg;
    struct error ignored;
    p->err = package_of_path(&p->f, p->path, &p->draft, &ignored);
    return NULL;
}

static void more_ingests_than_run_at_a_time_all_end(void **state)
{
    enum { COUNT = 6 };
    struct fixture *f = *state;
    struct parallel parallels[COUNT] = {0};
    pthread_t threads[COUNT];
    char db[128];
    snprintf(db, sizeof(db), "%s/manager.db", f->dir);
    for (uint32_t i = 0; i < COUNT; i++) {
        char path[16];
        struct parallel *p = &parallels[i];
        p->f = *f;
        snprintf(p->path, sizeof(p->path), "p%u", i % 10);
        snprintf(path, sizeof(path), "p%u/a", i % 10);
        tree_noise(f, path, 300000, i / 2);
        OK(store_open_reader("sqlite", db, &p->f.reader, e));
        assert_int_equal(pthread_create(&threads[i], NULL, ingest_parallel, p), 0);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(parallels[i].err, ERR_OK);
        package_commit(f, parallels[i].draft);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        package_check(f, parallels[i].draft, parallels[i].path);
        package_draft_free(parallels[i].draft);
        store_close(parallels[i].f.reader);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, package_set_up, package_tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_tree_comes_back_as_it_was),
        TEST(an_empty_tree_is_a_package_without_pack),
        TEST(small_files_share_chunks_and_large_ones_begin_their_own),
        TEST(equal_content_is_stored_once),
        TEST(stored_bytes_do_not_show_the_content),
        TEST(a_draft_that_is_not_committed_leaves_nothing),
        TEST(a_failed_ingest_leaves_nothing),
        TEST(packs_stay_while_another_package_refers_to_them),
        TEST(a_pack_that_went_away_during_the_ingest_is_noticed),
        TEST(the_start_removes_what_the_store_does_not_know),
        TEST(damaged_files_are_found),
        TEST(a_damaged_pack_is_not_shared),
        TEST(requests_beyond_the_package_are_refused),
        TEST(more_ingests_than_run_at_a_time_all_end),
    };
    return cmocka_run_group_tests_name("package store", tests, NULL, NULL);
}
