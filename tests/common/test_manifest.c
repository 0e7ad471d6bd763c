/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile manifests are made from good ones by changing a byte or a field before writing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>
#include <unistd.h>

#include "fs.h"
#include "manifest.h"
#include "strlist.h"

static char dir[64];

static int enter(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/hivecast-manifest-XXXXXX");
    return mkdtemp(dir) == NULL || chdir(dir) != 0;
}

static int leave(void **state)
{
    (void)state;
    return chdir("/") != 0 || fs_remove(dir, NULL) != ERR_OK;
}

static enum err to_bytes(void *arg, const uint8_t *data, size_t size, struct error *e)
{
    return bytes_append(arg, data, size, e);
}

static struct entry file_entry(const char *path, uint64_t size)
{
    struct entry entry = {.type = ENTRY_FILE, .mode = 0644, .size = size, .mtime = 1700000000};
    snprintf(entry.path, sizeof(entry.path), "%s", path);
    memset(entry.digest, 0xd1, sizeof(entry.digest));
    return entry;
}

static struct entry link_entry(const char *path, enum entry_type type, const char *target)
{
    struct entry entry = {.type = type, .mode = 0777, .mtime = -1};
    snprintf(entry.path, sizeof(entry.path), "%s", path);
    snprintf(entry.link_target, sizeof(entry.link_target), "%s", target);
    return entry;
}

static struct chunk chunk_of(uint32_t size, uint8_t fill)
{
    struct chunk c = {.size = size, .sealed_size = size + 20};
    memset(c.name, fill, sizeof(c.name));
    memset(c.key, fill + 1, sizeof(c.key));
    memset(c.digest, fill + 2, sizeof(c.digest));
    return c;
}

/* Writes these as the manifest file "m". */
static struct package_info write_manifest(const struct entry *entries, size_t entry_count,
                                          const struct chunk *chunks, size_t chunk_count)
{
    AUTO(manifest_writer_free) struct manifest_writer *w = NULL;
    struct package_info info = {0};
    struct bytes b = {0};
    assert_int_equal(manifest_writer_new(".", &w, NULL), ERR_OK);
    for (size_t i = 0; i < entry_count; i++)
        assert_int_equal(manifest_writer_entry(w, &entries[i], NULL), ERR_OK);
    for (size_t i = 0; i < chunk_count; i++)
        assert_int_equal(manifest_writer_chunk(w, &chunks[i], NULL), ERR_OK);
    assert_int_equal(manifest_writer_finish(w, to_bytes, &b, &info, NULL), ERR_OK);
    assert_int_equal(fs_write("m", b.data, b.size, 0600, NULL), ERR_OK);
    bytes_clear(&b);
    return info;
}

/* ERR_OK when the whole of "m" is accepted. */
static enum err read_all(const struct package_info *info)
{
    AUTO(manifest_reader_free) struct manifest_reader *r = NULL;
    struct entry entry;
    struct chunk chunk;
    bool more = true;
    enum err err = manifest_reader_open("m", info, &r, NULL);
    while (err == ERR_OK && more)
        err = manifest_reader_entry(r, &entry, &more, NULL);
    more = true;
    while (err == ERR_OK && more)
        err = manifest_reader_chunk(r, &chunk, &more, NULL);
    return err;
}

static enum err read_one_entry(struct entry entry)
{
    struct chunk chunk = chunk_of(10, 1);
    struct package_info info = write_manifest(&entry, 1, &chunk, entry.size > 0 ? 1 : 0);
    return read_all(&info);
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    struct entry entries[] = {
        {.path = "dir", .type = ENTRY_DIRECTORY, .mode = 0755, .mtime = 5},
        file_entry("dir/\xff\xfe odd\nname", 100),
        link_entry("dir/link", ENTRY_SYMLINK, "../other"),
        link_entry("hard", ENTRY_HARDLINK, "dir/\xff\xfe odd\nname"),
        file_entry("empty", 0),
    };
    struct chunk chunks[] = {chunk_of(60, 1), chunk_of(40, 9)};
    struct package_info info = write_manifest(entries, 5, chunks, 2);
    assert_int_equal(info.entry_count, 5);
    assert_int_equal(info.chunk_count, 2);
    assert_int_equal(info.content_size, 100);
    assert_int_equal(info.sealed_size, 140);
    AUTO(manifest_reader_free) struct manifest_reader *r = NULL;
    assert_int_equal(manifest_reader_open("m", &info, &r, NULL), ERR_OK);
    for (int round = 0; round < 2; round++) {
        struct entry entry;
        struct chunk chunk;
        bool more = false;
        for (size_t i = 0; i < 5; i++) {
            assert_int_equal(manifest_reader_entry(r, &entry, &more, NULL), ERR_OK);
            assert_true(more);
            assert_string_equal(entry.path, entries[i].path);
            assert_string_equal(entry.link_target, entries[i].link_target);
            assert_int_equal(entry.type, entries[i].type);
            assert_int_equal(entry.mode, entries[i].mode);
            assert_int_equal(entry.size, entries[i].size);
            assert_true(entry.mtime == entries[i].mtime);
            assert_memory_equal(entry.digest, entries[i].digest, DIGEST_BYTES);
        }
        assert_int_equal(manifest_reader_entry(r, &entry, &more, NULL), ERR_OK);
        assert_false(more);
        for (size_t i = 0; i < 2; i++) {
            assert_int_equal(manifest_reader_chunk(r, &chunk, &more, NULL), ERR_OK);
            assert_memory_equal(&chunk, &chunks[i], sizeof(chunk));
        }
        assert_int_equal(manifest_reader_chunk(r, &chunk, &more, NULL), ERR_OK);
        assert_false(more);
        manifest_reader_rewind(r);
    }
}

static void the_digest_and_size_are_those_of_the_file(void **state)
{
    (void)state;
    struct entry entry = file_entry("a", 10);
    struct chunk chunk = chunk_of(10, 1);
    struct package_info info = write_manifest(&entry, 1, &chunk, 1);
    struct bytes b = {0};
    uint8_t digest[DIGEST_BYTES];
    assert_int_equal(fs_read("m", 10000, &b, NULL), ERR_OK);
    assert_int_equal(b.size, info.manifest_size);
    crypto_generichash(digest, sizeof(digest), b.data, b.size, NULL, 0);
    assert_memory_equal(digest, info.digest, sizeof(digest));
    bytes_clear(&b);
}

/* A path of about length bytes, not ending in a slash. */
static struct entry long_entry(size_t length)
{
    struct entry entry = file_entry("", 7);
    for (size_t i = 0; i <= length; i++)
        entry.path[i] = i % 200 == 199 ? '/' : 'x';
    entry.path[length] = 'y';
    return entry;
}

/* More than any buffer holds, with records of all sizes across its borders. */
static void many_records_are_read_one_by_one(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    AUTO(manifest_writer_free) struct manifest_writer *w = NULL;
    AUTO(manifest_reader_free) struct manifest_reader *r = NULL;
    struct package_info info = {0};
    struct bytes b = {0};
    assert_int_equal(manifest_writer_new(".", &w, NULL), ERR_OK);
    for (size_t i = 0; i < COUNT; i++) {
        struct entry entry = long_entry(i);
        struct chunk chunk = chunk_of(7, (uint8_t)i);
        assert_int_equal(manifest_writer_entry(w, &entry, NULL), ERR_OK);
        assert_int_equal(manifest_writer_chunk(w, &chunk, NULL), ERR_OK);
    }
    assert_int_equal(manifest_writer_finish(w, to_bytes, &b, &info, NULL), ERR_OK);
    assert_int_equal(fs_write("m", b.data, b.size, 0600, NULL), ERR_OK);
    bytes_clear(&b);
    assert_int_equal(manifest_reader_open("m", &info, &r, NULL), ERR_OK);
    for (size_t i = 0; i < COUNT; i++) {
        struct entry entry;
        struct chunk chunk;
        bool more = false;
        assert_int_equal(manifest_reader_entry(r, &entry, &more, NULL), ERR_OK);
        assert_string_equal(entry.path, long_entry(i).path);
        assert_int_equal(manifest_reader_chunk(r, &chunk, &more, NULL), ERR_OK);
        assert_int_equal(chunk.name[0], (uint8_t)i);
    }
}

static void an_empty_package_has_a_manifest_too(void **state)
{
    (void)state;
    struct package_info info = write_manifest(NULL, 0, NULL, 0);
    assert_int_equal(read_all(&info), ERR_OK);
}

static void chunks_that_do_not_cover_the_files_cannot_be_finished(void **state)
{
    (void)state;
    AUTO(manifest_writer_free) struct manifest_writer *w = NULL;
    struct package_info info;
    struct bytes b = {0};
    struct entry entry = file_entry("a", 10);
    assert_int_equal(manifest_writer_new(".", &w, NULL), ERR_OK);
    assert_int_equal(manifest_writer_entry(w, &entry, NULL), ERR_OK);
    assert_int_equal(manifest_writer_finish(w, to_bytes, &b, &info, NULL), ERR_INTERNAL);
    assert_int_equal(b.size, 0);
}

static void each_cut_is_corrupt(void **state)
{
    (void)state;
    struct entry entry = file_entry("a", 10);
    struct chunk chunk = chunk_of(10, 1);
    struct package_info info = write_manifest(&entry, 1, &chunk, 1);
    uint64_t whole = info.manifest_size;
    for (uint64_t size = whole; size-- > 0;) {
        assert_int_equal(truncate("m", (off_t)size), 0);
        assert_int_equal(read_all(&info), ERR_CORRUPT);
        info.manifest_size = size;
        assert_int_equal(read_all(&info), ERR_CORRUPT);
        info.manifest_size = whole;
    }
}

/* What is accepted must still be within all limits; most changes are refused. */
static void no_flipped_byte_crashes_the_reader(void **state)
{
    (void)state;
    struct entry entries[] = {file_entry("a", 10), link_entry("b", ENTRY_SYMLINK, "a")};
    struct chunk chunk = chunk_of(10, 1);
    struct package_info info = write_manifest(entries, 2, &chunk, 1);
    struct bytes b = {0};
    assert_int_equal(fs_read("m", 10000, &b, NULL), ERR_OK);
    static const uint8_t changes[] = {0x01, 0x02, 0x10, 0x80, 0xff};
    for (size_t i = 0; i < b.size * sizeof(changes); i++) {
        uint8_t *byte = &b.data[i / sizeof(changes)];
        *byte ^= changes[i % sizeof(changes)];
        FILE *f = fopen("m", "w");
        assert_non_null(f);
        assert_int_equal(fwrite(b.data, 1, b.size, f), b.size);
        assert_int_equal(fclose(f), 0);
        *byte ^= changes[i % sizeof(changes)];
        enum err err = read_all(&info);
        assert_true(err == ERR_OK || err == ERR_CORRUPT || err == ERR_UNSUPPORTED);
    }
    bytes_clear(&b);
}

static void counts_that_differ_from_the_task_are_corrupt(void **state)
{
    (void)state;
    struct entry entry = file_entry("a", 10);
    struct chunk chunk = chunk_of(10, 1);
    const struct package_info good = write_manifest(&entry, 1, &chunk, 1);
    struct package_info bad = good;
    bad.entry_count = 2;
    assert_int_equal(read_all(&bad), ERR_CORRUPT);
    bad = good;
    bad.chunk_count = 0;
    assert_int_equal(read_all(&bad), ERR_CORRUPT);
    bad = good;
    bad.content_size = 11;
    assert_int_equal(read_all(&bad), ERR_CORRUPT);
    bad = good;
    bad.sealed_size = 1;
    assert_int_equal(read_all(&bad), ERR_CORRUPT);
    bad = good;
    bad.manifest_size = (uint64_t)MANIFEST_MAX_BYTES + 1;
    assert_int_equal(read_all(&bad), ERR_TOO_LARGE);
    assert_int_equal(read_all(&good), ERR_OK);
}

static void entries_beyond_the_rules_are_corrupt(void **state)
{
    (void)state;
    struct entry setuid = file_entry("a", 10);
    setuid.mode = 04755;
    assert_int_equal(read_one_entry(setuid), ERR_CORRUPT);
    struct entry device = file_entry("a", 10);
    device.type = (enum entry_type)5;
    device.size = 0;
    assert_int_equal(read_one_entry(device), ERR_CORRUPT);
    assert_int_equal(read_one_entry(file_entry("../a", 10)), ERR_CORRUPT);
    assert_int_equal(read_one_entry(file_entry("/etc/passwd", 10)), ERR_CORRUPT);
    assert_int_equal(read_one_entry(link_entry("a", ENTRY_SYMLINK, "/etc")), ERR_CORRUPT);
    assert_int_equal(read_one_entry(link_entry("a", ENTRY_HARDLINK, "../b")), ERR_CORRUPT);
    assert_int_equal(read_one_entry(file_entry("a", 10)), ERR_OK);
}

static void chunks_of_impossible_size_are_corrupt(void **state)
{
    (void)state;
    struct entry entry = file_entry("a", CHUNK_MAX + 1);
    struct chunk chunk = chunk_of(CHUNK_MAX + 1, 1);
    struct package_info info = write_manifest(&entry, 1, &chunk, 1);
    assert_int_equal(read_all(&info), ERR_CORRUPT);
    entry.size = 10;
    chunk = chunk_of(10, 1);
    chunk.sealed_size = 16;
    info = write_manifest(&entry, 1, &chunk, 1);
    assert_int_equal(read_all(&info), ERR_CORRUPT);
    chunk.sealed_size = SEALED_MAX + 1;
    info = write_manifest(&entry, 1, &chunk, 1);
    assert_int_equal(read_all(&info), ERR_CORRUPT);
}

static void paths_inside_the_tree_are_accepted(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "a/b", "...", "a/..b", ".hidden", "a b\\c", "\xff"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(manifest_check_path(good[i], NULL), ERR_OK);
}

static void paths_that_are_not_plain_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",    "/",     "/a",   ".",  "..",   "a/..",
                                      "./a", "a/./b", "a//b", "a/", "../a", "a/../b"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(manifest_check_path(bad[i], NULL), ERR_INVALID);
    char component[PATH_COMPONENT_MAX + 2];
    memset(component, 'x', sizeof(component));
    component[PATH_COMPONENT_MAX + 1] = '\0';
    assert_int_equal(manifest_check_path(component, NULL), ERR_INVALID);
    component[PATH_COMPONENT_MAX] = '\0';
    assert_int_equal(manifest_check_path(component, NULL), ERR_OK);
}

static void links_may_not_climb_out(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *target;
        enum err expected;
    } rows[] = {
        {"a", "b", ERR_OK},
        {"a", "b/c/", ERR_OK},
        {"a", ".", ERR_OK},
        {"d/a", "../b", ERR_OK},
        {"d/e/a", "./../../b", ERR_OK},
        {"a", "..b", ERR_OK},
        {"a", "", ERR_INVALID},
        {"a", "/b", ERR_INVALID},
        {"a", "..", ERR_INVALID},
        {"d/a", "../../b", ERR_INVALID},
        {"d/a", "..//../b", ERR_INVALID},
        {"d/a", "b/../c", ERR_INVALID},
        {"a", "d/..", ERR_INVALID},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(manifest_check_symlink(rows[i].path, rows[i].target, NULL),
                         rows[i].expected);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(what_was_written_is_read),
        IN_DIR(the_digest_and_size_are_those_of_the_file),
        IN_DIR(many_records_are_read_one_by_one),
        IN_DIR(an_empty_package_has_a_manifest_too),
        IN_DIR(chunks_that_do_not_cover_the_files_cannot_be_finished),
        IN_DIR(each_cut_is_corrupt),
        IN_DIR(no_flipped_byte_crashes_the_reader),
        IN_DIR(counts_that_differ_from_the_task_are_corrupt),
        IN_DIR(entries_beyond_the_rules_are_corrupt),
        IN_DIR(chunks_of_impossible_size_are_corrupt),
        cmocka_unit_test(paths_inside_the_tree_are_accepted),
        cmocka_unit_test(paths_that_are_not_plain_are_refused),
        cmocka_unit_test(links_may_not_climb_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
