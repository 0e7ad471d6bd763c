/* SPDX-License-Identifier: Apache-2.0 */
/* What the packer makes is read back by archive_reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive_reader.h"
#include "fs.h"
#include "packer.h"

static const struct archive_limits limits = {.content_max = 1ULL << 30, .entries_max = 1000};
static char dir[64];

static int enter(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/hivecast-packer-XXXXXX");
    return mkdtemp(dir) == NULL || chdir(dir) != 0;
}

static int leave(void **state)
{
    (void)state;
    return chdir("/") != 0 || fs_remove(dir, NULL) != ERR_OK;
}

static void make_file(const char *path, size_t size, mode_t mode)
{
    char *content = calloc(1, size + 1);
    assert_non_null(content);
    assert_int_equal(fs_write(path, content, size, mode, NULL), ERR_OK);
    free(content);
}

static enum err pack(const char *path, struct bytes *out, struct error *e)
{
    AUTO(packer_free) struct packer *p = NULL;
    char piece[1000];
    size_t got = 1;
    enum err err = packer_new(path, &p, e);
    while (err == ERR_OK && got > 0) {
        err = packer_read(p, piece, sizeof(piece), &got, e);
        if (err == ERR_OK)
            err = bytes_append(out, piece, got, e);
    }
    return err;
}

/* "path type mode size" of every entry. */
static void assert_entries(const struct bytes *b, const char *const *expected, size_t count)
{
    AUTO(archive_reader_free) struct archive_reader *r = NULL;
    struct entry entry;
    struct error e = {0};
    bool more = true;
    if (archive_reader_open_memory(b->data, b->size, &limits, &r, &e) != ERR_OK)
        fail_msg("%s", e.text);
    for (size_t i = 0; i < count; i++) {
        char text[200];
        if (archive_reader_next(r, &entry, &more, &e) != ERR_OK)
            fail_msg("%s", e.text);
        assert_true(more);
        snprintf(text, sizeof(text), "%.60s %d %o %d %.60s", entry.path, (int)entry.type,
                 (unsigned)entry.mode, (int)entry.size, entry.link_target);
        assert_string_equal(text, expected[i]);
    }
    assert_int_equal(archive_reader_next(r, &entry, &more, &e), ERR_OK);
    assert_false(more);
}

static void a_tree_comes_back_with_all_it_has(void **state)
{
    (void)state;
    static const char *const expected[] = {
        "a 2 755 0 ",     "a/run 1 755 300000 ",  "a/to 3 777 0 run",
        "b\xff 1 600 3 ", "caf\xc3\xa9 1 644 0 ", "empty 2 700 0 ",
    };
    struct bytes b = {0};
    assert_int_equal(fs_mkdirs("tree/a", 0755, NULL), ERR_OK);
    assert_int_equal(fs_mkdirs("tree/empty", 0700, NULL), ERR_OK);
    make_file("tree/a/run", 300000, 0755);
    make_file("tree/b\xff", 3, 0600);
    make_file("tree/caf\xc3\xa9", 0, 0644);
    assert_int_equal(symlink("run", "tree/a/to"), 0);
    assert_int_equal(chmod("tree/a", 0755), 0);
    assert_int_equal(pack("tree", &b, NULL), ERR_OK);
    assert_entries(&b, expected, 6);
    bytes_clear(&b);
    assert_int_equal(pack("tree//", &b, NULL), ERR_OK);
    assert_entries(&b, expected, 6);
    bytes_clear(&b);
}

static void equal_trees_give_equal_archives(void **state)
{
    (void)state;
    struct bytes one = {0};
    struct bytes two = {0};
    make_file("f", 10, 0644);
    assert_int_equal(pack(".", &one, NULL), ERR_OK);
    assert_int_equal(pack(dir, &two, NULL), ERR_OK);
    assert_int_equal(one.size, two.size);
    assert_memory_equal(one.data, two.data, one.size);
    bytes_clear(&one);
    bytes_clear(&two);
}

static void fifos_and_missing_directories_are_refused_by_name(void **state)
{
    (void)state;
    struct bytes b = {0};
    struct error e;
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_int_equal(pack(dir, &b, &e), ERR_INVALID);
    assert_non_null(strstr(e.text, "pipe is a device, fifo or socket"));
    assert_int_not_equal(pack("missing", &b, NULL), ERR_OK);
    bytes_clear(&b);
}

static void links_out_of_the_tree_are_refused_before_anything_is_sent(void **state)
{
    (void)state;
    struct bytes b = {0};
    struct error e;
    assert_int_equal(symlink("../x", "out"), 0);
    assert_int_equal(pack(dir, &b, &e), ERR_INVALID);
    assert_string_equal(e.text, "link 'out' leads out of the package");
    bytes_clear(&b);
}

static void the_content_of_all_files_is_measured(void **state)
{
    (void)state;
    uint64_t bytes = 7;
    assert_int_equal(fs_mkdirs("d", 0755, NULL), ERR_OK);
    make_file("d/a", 1000, 0644);
    make_file("b", 234, 0644);
    assert_int_equal(symlink("b", "l"), 0);
    assert_int_equal(packer_measure(".", &bytes, NULL), ERR_OK);
    assert_int_equal(bytes, 1234);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(a_tree_comes_back_with_all_it_has),
        IN_DIR(equal_trees_give_equal_archives),
        IN_DIR(fifos_and_missing_directories_are_refused_by_name),
        IN_DIR(links_out_of_the_tree_are_refused_before_anything_is_sent),
        IN_DIR(the_content_of_all_files_is_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
