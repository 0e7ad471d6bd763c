/* SPDX-License-Identifier: Apache-2.0 */
/* Trees are written from samples and read back; hostile manifests and hostile trees stay inside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fs.h"
#include "keys.h"
#include "release_index.h"
#include "release_reader.h"
#include "release_verifier.h"
#include "release_writer.h"
#include "sample_package.h"

static const struct sample_file files[] = {
    {"a", ENTRY_DIRECTORY, 0755, 0, 0, NULL},      {"a/one", ENTRY_FILE, 0755, 300000, 1, NULL},
    {"a/two", ENTRY_FILE, 0440, 5, 2, NULL},       {"a/none", ENTRY_FILE, 0600, 0, 0, NULL},
    {"a/b", ENTRY_DIRECTORY, 0555, 0, 0, NULL},    {"a/b/three", ENTRY_FILE, 0644, 100000, 3, NULL},
    {"same", ENTRY_HARDLINK, 0755, 0, 0, "a/one"}, {"soft", ENTRY_SYMLINK, 0777, 0, 0, "a/b"},
};
enum { FILE_COUNT = sizeof(files) / sizeof(files[0]), STREAM_SIZE = 400005 };

struct fixture {
    char dir[64];
    char manifest_path[96];
    char tree_path[96];
    char outside[96];
    struct sample_package package;
    struct release_place place;
    struct error e;
};

static struct fixture f;

static void use(const struct sample_file *some, size_t count)
{
    sample_package_clear(&f.package);
    sample_package_make(&f.package, f.dir, some, count, false);
    assert_int_equal(
        fs_write(f.manifest_path, f.package.manifest.data, f.package.manifest.size, 0600, NULL),
        ERR_OK);
}

static int setup(void **state)
{
    (void)state;
    f = (struct fixture){.dir = "/tmp/hivecast-tree-XXXXXX"};
    assert_int_equal(keys_init(NULL), ERR_OK);
    assert_non_null(mkdtemp(f.dir));
    snprintf(f.manifest_path, sizeof(f.manifest_path), "%s/manifest", f.dir);
    snprintf(f.tree_path, sizeof(f.tree_path), "%s/tree", f.dir);
    snprintf(f.outside, sizeof(f.outside), "%s/outside", f.dir);
    f.place = (struct release_place){f.manifest_path, f.tree_path, &f.package.info};
    assert_int_equal(fs_mkdirs(f.outside, 0755, NULL), ERR_OK);
    use(files, FILE_COUNT);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sample_package_clear(&f.package);
    return fs_remove(f.dir, NULL) == ERR_OK ? 0 : -1;
}

/* The content stream of some, in memory. */
static uint8_t *stream_of(const struct sample_file *some, size_t count)
{
    uint8_t *stream = malloc(f.package.info.content_size + 1);
    assert_non_null(stream);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        sample_content(some[i].seed, 0, stream + at, some[i].size);
        at += some[i].size;
    }
    return stream;
}

/* Writes the stream in pieces of an odd size. */
static enum err write_stream(const uint8_t *stream, size_t size)
{
    AUTO(release_writer_free) struct release_writer *w = NULL;
    enum err err = release_writer_open(&f.place, &w, &f.e);
    for (size_t at = 0; at < size && err == ERR_OK;) {
        size_t n = size - at < 77777 ? size - at : 77777;
        size_t used;
        err = release_writer_write(w, stream + at, n, &used, &f.e);
        at += used;
    }
    bool more = true;
    while (err == ERR_OK && more)
        err = release_writer_finish(w, &more, &f.e);
    return err;
}

static enum err write_sample(const struct sample_file *some, size_t count)
{
    AUTO_FREE uint8_t *stream = stream_of(some, count);
    return write_stream(stream, f.package.info.content_size);
}

static enum err verify(void)
{
    AUTO(release_verifier_free) struct release_verifier *v = NULL;
    enum err err = release_verifier_open(&f.place, &v, &f.e);
    bool more = true;
    while (err == ERR_OK && more)
        err = release_verifier_step(v, &more, &f.e);
    return err;
}

static void in_tree(const char *name, char out[static 128])
{
    snprintf(out, 128, "%s/%s", f.tree_path, name);
}

static void a_written_tree_is_what_its_manifest_says(void **state)
{
    (void)state;
    assert_int_equal(write_sample(files, FILE_COUNT), ERR_OK);
    sample_package_compare(f.tree_path, files, FILE_COUNT);
    assert_int_equal(verify(), ERR_OK);
}

static void a_tree_can_be_written_over_itself(void **state)
{
    (void)state;
    assert_int_equal(write_sample(files, FILE_COUNT), ERR_OK);
    assert_int_equal(write_sample(files, FILE_COUNT), ERR_OK);
    sample_package_compare(f.tree_path, files, FILE_COUNT);
}

static void a_tree_reads_back_as_its_content_stream(void **state)
{
    (void)state;
    assert_int_equal(write_sample(files, FILE_COUNT), ERR_OK);
    AUTO(release_reader_free) struct release_reader *r = NULL;
    assert_int_equal(release_reader_open(&f.place, &r, NULL), ERR_OK);
    AUTO_FREE uint8_t *expected = stream_of(files, FILE_COUNT);
    AUTO_FREE uint8_t *found = malloc(STREAM_SIZE + 10);
    size_t at = 0;
    for (bool more = true; more;) {
        size_t got;
        assert_int_equal(
            release_reader_read(r, found + at, STREAM_SIZE + 10 - at, &got, &more, NULL), ERR_OK);
        at += got;
    }
    assert_int_equal(at, STREAM_SIZE);
    assert_memory_equal(found, expected, STREAM_SIZE);
}

static void kept_content_is_checked_and_cut_to_size(void **state)
{
    (void)state;
    assert_int_equal(write_sample(files, FILE_COUNT), ERR_OK);
    char path[128];
    in_tree("a/b/three", path);
    assert_int_equal(truncate(path, 200000), 0);
    AUTO_FREE uint8_t *stream = stream_of(files, FILE_COUNT);
    AUTO(release_writer_free) struct release_writer *w = NULL;
    assert_int_equal(release_writer_open(&f.place, &w, NULL), ERR_OK);
    for (size_t at = 0; at < STREAM_SIZE;) {
        size_t used;
        assert_int_equal(release_writer_keep(w, stream + at, STREAM_SIZE - at, &used, NULL),
                         ERR_OK);
        at += used;
    }
    for (bool more = true; more;)
        assert_int_equal(release_writer_finish(w, &more, NULL), ERR_OK);
    sample_package_compare(f.tree_path, files, FILE_COUNT);
}

static void content_that_differs_from_its_digest_is_refused(void **state)
{
    (void)state;
    AUTO_FREE uint8_t *stream = stream_of(files, FILE_COUNT);
    stream[300001] ^= 1;
    assert_int_equal(write_stream(stream, STREAM_SIZE), ERR_CORRUPT);
    assert_non_null(strstr(f.e.text, "a/two"));
}

static void too_little_and_too_much_content_are_refused(void **state)
{
    (void)state;
    AUTO_FREE uint8_t *stream = calloc(1, STREAM_SIZE + 10);
    for (size_t at = 0, i = 0; i < FILE_COUNT; at += files[i].size, i++)
        sample_content(files[i].seed, 0, stream + at, files[i].size);
    assert_int_equal(write_stream(stream, STREAM_SIZE - 1), ERR_CORRUPT);
    assert_int_equal(write_stream(stream, 300000), ERR_CORRUPT);
    assert_int_equal(write_stream(stream, STREAM_SIZE + 10), ERR_CORRUPT);
}

static void a_manifest_that_writes_through_its_own_link_is_refused(void **state)
{
    (void)state;
    static const struct sample_file hostile[] = {
        {"d", ENTRY_DIRECTORY, 0755, 0, 0, NULL},
        {"link", ENTRY_SYMLINK, 0777, 0, 0, "d"},
        {"link/x", ENTRY_FILE, 0644, 3, 1, NULL},
    };
    use(hostile, 3);
    assert_int_equal(write_sample(hostile, 3), ERR_CORRUPT);
    char path[128];
    in_tree("d/x", path);
    assert_int_equal(access(path, F_OK), -1);
}

static void a_hard_link_to_a_link_is_refused(void **state)
{
    (void)state;
    static const struct sample_file hostile[] = {
        {"link", ENTRY_SYMLINK, 0777, 0, 0, "x"},
        {"hard", ENTRY_HARDLINK, 0644, 0, 0, "link"},
    };
    use(hostile, 2);
    assert_int_equal(write_sample(hostile, 2), ERR_CORRUPT);
}

static void links_left_in_the_tree_do_not_lead_outside(void **state)
{
    (void)state;
    char path[128];
    char victim[128];
    snprintf(victim, sizeof(victim), "%s/one", f.outside);
    assert_int_equal(fs_write(victim, "precious", 8, 0600, NULL), ERR_OK);
    assert_int_equal(mkdir(f.tree_path, 0755), 0);
    in_tree("a", path);
    assert_int_equal(symlink(f.outside, path), 0);
    in_tree("same", path);
    assert_int_equal(symlink(victim, path), 0);
    assert_int_equal(write_sample(files, FILE_COUNT), ERR_OK);
    sample_package_compare(f.tree_path, files, FILE_COUNT);
    struct bytes found = {0};
    assert_int_equal(fs_read(victim, 100, &found, NULL), ERR_OK);
    assert_int_equal(found.size, 8);
    bytes_clear(&found);
}

static void reading_does_not_follow_links(void **state)
{
    (void)state;
    assert_int_equal(write_sample(files, FILE_COUNT), ERR_OK);
    char path[128];
    char moved[128];
    in_tree("a", path);
    snprintf(moved, sizeof(moved), "%s/a", f.outside);
    assert_int_equal(rename(path, moved), 0);
    assert_int_equal(symlink(moved, path), 0);
    AUTO(release_reader_free) struct release_reader *r = NULL;
    assert_int_equal(release_reader_open(&f.place, &r, NULL), ERR_OK);
    uint8_t byte;
    size_t got;
    bool more;
    assert_int_equal(release_reader_read(r, &byte, 1, &got, &more, NULL), ERR_NOT_FOUND);
    assert_int_equal(verify(), ERR_CORRUPT);
}

static void change_content(const char *path)
{
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "!", 1, 1000), 1);
    close(fd);
}

static void make_executable(const char *path)
{
    assert_int_equal(chmod(path, 0777), 0);
}

static void make_longer(const char *path)
{
    assert_int_equal(truncate(path, 400000), 0);
}

static void take_away(const char *path)
{
    assert_int_equal(unlink(path), 0);
}

static void lead_elsewhere(const char *path)
{
    take_away(path);
    assert_int_equal(symlink("/etc/passwd", path), 0);
}

static void a_tree_that_was_changed_is_not_whole(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        void (*change)(const char *path);
    } changes[] = {
        {"a/b/three", change_content}, {"a/two", make_executable}, {"a/b", make_executable},
        {"a/one", make_longer},        {"a/none", take_away},      {"soft", lead_elsewhere},
        {"same", lead_elsewhere},
    };
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        assert_int_equal(fs_remove(f.tree_path, NULL), ERR_OK);
        assert_int_equal(write_sample(files, FILE_COUNT), ERR_OK);
        assert_int_equal(verify(), ERR_OK);
        char path[128];
        in_tree(changes[i].path, path);
        changes[i].change(path);
        assert_int_equal(verify(), ERR_CORRUPT);
        assert_non_null(strstr(f.e.text, changes[i].path));
    }
}

static void a_manifest_that_was_changed_is_not_trusted(void **state)
{
    (void)state;
    assert_int_equal(write_sample(files, FILE_COUNT), ERR_OK);
    f.package.info.digest[0] ^= 1;
    assert_int_equal(verify(), ERR_CORRUPT);
    assert_non_null(strstr(f.e.text, "manifest"));
}

static void every_chunk_is_found_by_its_digest(void **state)
{
    (void)state;
    assert_int_equal(write_sample(files, FILE_COUNT), ERR_OK);
    AUTO_FREE uint8_t *stream = stream_of(files, FILE_COUNT);
    AUTO(release_index_free) struct release_index *x = NULL;
    assert_int_equal(release_index_open(&f.place, f.dir, &x, NULL), ERR_OK);
    for (bool more = true; more;)
        assert_int_equal(release_index_build(x, &more, NULL), ERR_OK);
    uint64_t at = 0;
    for (size_t i = 0; i < f.package.chunk_count; i++) {
        const struct chunk *chunk = &f.package.chunks[i];
        uint64_t offset;
        assert_true(release_index_find(x, chunk, &offset));
        assert_int_equal(offset, at);
        AUTO_FREE uint8_t *content = malloc(chunk->size);
        assert_int_equal(release_index_read(x, offset, content, chunk->size, NULL), ERR_OK);
        assert_memory_equal(content, stream + at, chunk->size);
        at += chunk->size;
    }
    struct chunk other = f.package.chunks[0];
    uint64_t offset;
    other.digest[DIGEST_BYTES - 1] ^= 1;
    assert_false(release_index_find(x, &other, &offset));
    uint8_t byte;
    assert_int_equal(release_index_read(x, STREAM_SIZE, &byte, 1, NULL), ERR_NOT_FOUND);
}

static void syncing_and_removing_a_tree_succeed(void **state)
{
    (void)state;
    assert_int_equal(write_sample(files, FILE_COUNT), ERR_OK);
    assert_int_equal(release_tree_sync_main(f.tree_path), 0);
    assert_int_equal(release_tree_remove_main(f.tree_path), 0);
    assert_int_equal(access(f.tree_path, F_OK), -1);
    assert_int_equal(release_tree_remove_main(f.tree_path), 0);
    assert_int_not_equal(release_tree_sync_main(f.tree_path), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_written_tree_is_what_its_manifest_says),
        TEST(a_tree_can_be_written_over_itself),
        TEST(a_tree_reads_back_as_its_content_stream),
        TEST(kept_content_is_checked_and_cut_to_size),
        TEST(content_that_differs_from_its_digest_is_refused),
        TEST(too_little_and_too_much_content_are_refused),
        TEST(a_manifest_that_writes_through_its_own_link_is_refused),
        TEST(a_hard_link_to_a_link_is_refused),
        TEST(links_left_in_the_tree_do_not_lead_outside),
        TEST(reading_does_not_follow_links),
        TEST(a_tree_that_was_changed_is_not_whole),
        TEST(a_manifest_that_was_changed_is_not_trusted),
        TEST(every_chunk_is_found_by_its_digest),
        TEST(syncing_and_removing_a_tree_succeed),
    };
    return cmocka_run_group_tests_name("agent.release_tree", tests, NULL, NULL);
}
