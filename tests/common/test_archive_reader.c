/* SPDX-License-Identifier: Apache-2.0 */
/* What may stand in an archive; limits, compression and formats are in test_archive_limits.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "archive_maker.h"

/* A tar of this one entry behind "dir" and "file". */
static enum err read_entry(const char *name, char type, unsigned mode, const char *link,
                           struct error *e)
{
    struct bytes b = {0};
    archive_maker_entry(&b, "dir/", '5', 0755, "", 0);
    archive_maker_file(&b, "file", "x");
    archive_maker_entry(&b, name, type, mode, link, 0);
    archive_maker_end(&b);
    enum err err = archive_maker_read(&b, &archive_maker_wide, NULL, e);
    bytes_clear(&b);
    return err;
}

static void assert_refused(const char *name, char type, unsigned mode, const char *link)
{
    struct error e = {0};
    enum err err = read_entry(name, type, mode, link, &e);
    if (err != ERR_INVALID)
        fail_msg("%s -> '%s': %s (%s)", name, link, err_name(err), e.text);
    assert_true(e.text[0] != '\0');
}

static void a_tar_gives_its_entries_in_order(void **state)
{
    (void)state;
    struct bytes b = {0};
    struct entry entry;
    bool more = false;
    char text[16] = "";
    size_t got = 0;
    archive_maker_entry(&b, "./", '5', 0755, "", 0);
    archive_maker_entry(&b, "./bin/", '5', 01750, "", 0);
    archive_maker_file(&b, "./bin/run", "content");
    archive_maker_entry(&b, "bin/link", '2', 0777, "../bin/run", 0);
    archive_maker_entry(&b, "bin/hard", '1', 0644, "./bin/run", 0);
    archive_maker_end(&b);
    AUTO(archive_reader_free) struct archive_reader *r = NULL;
    assert_int_equal(archive_reader_open_memory(b.data, b.size, &archive_maker_wide, &r, NULL),
                     ERR_OK);
    assert_int_equal(archive_reader_next(r, &entry, &more, NULL), ERR_OK);
    assert_string_equal(entry.path, "bin");
    assert_int_equal(entry.type, ENTRY_DIRECTORY);
    assert_int_equal(entry.mode, 0750);
    assert_int_equal(archive_reader_next(r, &entry, &more, NULL), ERR_OK);
    assert_string_equal(entry.path, "bin/run");
    assert_int_equal(entry.type, ENTRY_FILE);
    assert_int_equal(entry.mode, 0644);
    assert_int_equal(entry.size, 7);
    assert_int_equal(entry.mtime, 1610612736);
    assert_int_equal(archive_reader_read(r, (uint8_t *)text, sizeof(text), &got, NULL), ERR_OK);
    assert_int_equal(got, 7);
    assert_string_equal(text, "content");
    assert_int_equal(archive_reader_read(r, (uint8_t *)text, sizeof(text), &got, NULL), ERR_OK);
    assert_int_equal(got, 0);
    assert_int_equal(archive_reader_next(r, &entry, &more, NULL), ERR_OK);
    assert_int_equal(entry.type, ENTRY_SYMLINK);
    assert_string_equal(entry.link_target, "../bin/run");
    assert_int_equal(archive_reader_next(r, &entry, &more, NULL), ERR_OK);
    assert_int_equal(entry.type, ENTRY_HARDLINK);
    assert_string_equal(entry.link_target, "bin/run");
    assert_int_equal(entry.size, 0);
    assert_true(more);
    assert_int_equal(archive_reader_next(r, &entry, &more, NULL), ERR_OK);
    assert_false(more);
    bytes_clear(&b);
}

static void names_that_leave_the_package_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"/etc/passwd", "../x", "a/../../x", "..",
                                        "a/../b",      "a//b", "a/./b",     ".//x"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_refused(names[i], '0', 0644, "");
}

static void links_that_leave_the_package_are_refused(void **state)
{
    (void)state;
    assert_refused("l", '2', 0777, "/etc/passwd");
    assert_refused("l", '2', 0777, "../x");
    assert_refused("dir/l", '2', 0777, "../../x");
    assert_refused("l", '1', 0644, "/etc/passwd");
    assert_refused("l", '1', 0644, "../x");
}

static void hard_links_need_an_earlier_file(void **state)
{
    (void)state;
    assert_refused("l", '1', 0644, "missing");
    assert_refused("l", '1', 0644, "dir");
    assert_refused("l", '1', 0644, "l");
    assert_int_equal(read_entry("l", '1', 0644, "file", NULL), ERR_OK);
}

static void devices_fifos_and_setuid_are_refused(void **state)
{
    (void)state;
    assert_refused("null", '3', 0666, "");
    assert_refused("disk", '4', 0666, "");
    assert_refused("fifo", '6', 0666, "");
    assert_refused("su", '0', 04755, "");
    assert_refused("sg", '0', 02755, "");
}

static void the_same_path_twice_is_refused(void **state)
{
    (void)state;
    assert_refused("file", '0', 0644, "");
    assert_refused("./file", '2', 0777, "dir");
    assert_refused("dir/", '5', 0755, "");
    assert_refused("dir", '0', 0644, "");
}

static void a_path_below_a_file_or_link_is_refused(void **state)
{
    (void)state;
    struct bytes b = {0};
    assert_refused("file/x", '0', 0644, "");
    archive_maker_entry(&b, "link", '2', 0777, "dir", 0);
    archive_maker_entry(&b, "link/x", '0', 0644, "", 0);
    archive_maker_end(&b);
    assert_int_equal(archive_maker_read(&b, &archive_maker_wide, NULL, NULL), ERR_INVALID);
    bytes_clear(&b);
    archive_maker_file(&b, "a/b", "x");
    archive_maker_entry(&b, "a", '2', 0777, "dir", 0);
    archive_maker_end(&b);
    assert_int_equal(archive_maker_read(&b, &archive_maker_wide, NULL, NULL), ERR_INVALID);
    bytes_clear(&b);
}

static void missing_and_late_parents_are_fine(void **state)
{
    (void)state;
    struct bytes b = {0};
    archive_maker_file(&b, "a/b/c", "x");
    archive_maker_entry(&b, "a/", '5', 0755, "", 0);
    archive_maker_end(&b);
    assert_int_equal(archive_maker_read(&b, &archive_maker_wide, NULL, NULL), ERR_OK);
    bytes_clear(&b);
}

static void errors_name_the_entry_without_control_characters(void **state)
{
    (void)state;
    struct error e;
    assert_int_equal(read_entry("bad\033[2Jname", '6', 0644, "", &e), ERR_INVALID);
    assert_string_equal(e.text, "entry 'bad?[2Jname' is a device, fifo or socket");
}

static void every_cut_of_a_tar_is_noticed(void **state)
{
    (void)state;
    struct bytes b = {0};
    archive_maker_file(&b, "a", "some content");
    archive_maker_entry(&b, "d/", '5', 0755, "", 0);
    archive_maker_file(&b, "d/b", "other content");
    size_t whole = b.size;
    archive_maker_end(&b);
    assert_int_equal(archive_maker_read(&b, &archive_maker_wide, NULL, NULL), ERR_OK);
    for (b.size = 1; b.size <= whole; b.size += 37)
        assert_int_not_equal(archive_maker_read(&b, &archive_maker_wide, NULL, NULL), ERR_OK);
    for (b.size = BLOCK; b.size <= whole; b.size += BLOCK)
        assert_int_equal(archive_maker_read(&b, &archive_maker_wide, NULL, NULL), ERR_CORRUPT);
    bytes_clear(&b);
}

static void what_is_no_archive_is_invalid(void **state)
{
    (void)state;
    struct error e;
    struct bytes b = {0};
    assert_int_equal(bytes_append(&b, "#!/bin/sh\necho this is no archive\n", 34, NULL), ERR_OK);
    assert_int_equal(archive_maker_read(&b, &archive_maker_wide, NULL, &e), ERR_INVALID);
    assert_non_null(strstr(e.text, "tar.gz"));
    b.size = 0;
    assert_int_equal(archive_maker_read(&b, &archive_maker_wide, NULL, NULL), ERR_INVALID);
    bytes_clear(&b);
}

static void more_entries_than_allowed_are_too_large(void **state)
{
    (void)state;
    const struct archive_limits three = {.content_max = 100, .entries_max = 3};
    struct bytes b = {0};
    char name[16];
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof(name), "f%d", i);
        archive_maker_entry(&b, name, '0', 0644, "", 0);
    }
    archive_maker_end(&b);
    assert_int_equal(archive_maker_read(&b, &three, NULL, NULL), ERR_OK);
    b.size -= 2 * (size_t)BLOCK;
    archive_maker_entry(&b, "f3", '0', 0644, "", 0);
    archive_maker_end(&b);
    assert_int_equal(archive_maker_read(&b, &three, NULL, NULL), ERR_TOO_LARGE);
    bytes_clear(&b);
}

static void parents_that_nobody_listed_are_counted_too(void **state)
{
    (void)state;
    const struct archive_limits three = {.content_max = 100, .entries_max = 3};
    struct bytes b = {0};
    archive_maker_entry(&b, "a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a", '0',
                        0644, "", 0);
    archive_maker_end(&b);
    assert_int_equal(archive_maker_read(&b, &three, NULL, NULL), ERR_TOO_LARGE);
    bytes_clear(&b);
}

static void more_content_than_allowed_is_too_large_before_it_is_read(void **state)
{
    (void)state;
    const struct archive_limits ten = {.content_max = 10, .entries_max = 10};
    struct bytes b = {0};
    archive_maker_file(&b, "a", "01234");
    archive_maker_file(&b, "b", "56789");
    archive_maker_end(&b);
    assert_int_equal(archive_maker_read(&b, &ten, NULL, NULL), ERR_OK);
    bytes_clear(&b);
    archive_maker_file(&b, "a", "01234");
    archive_maker_entry(&b, "b", '0', 0644, "", 1ULL << 32);
    assert_int_equal(archive_maker_read(&b, &ten, NULL, NULL), ERR_TOO_LARGE);
    bytes_clear(&b);
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tar_gives_its_entries_in_order),
        cmocka_unit_test(names_that_leave_the_package_are_refused),
        cmocka_unit_test(links_that_leave_the_package_are_refused),
        cmocka_unit_test(hard_links_need_an_earlier_file),
        cmocka_unit_test(devices_fifos_and_setuid_are_refused),
        cmocka_unit_test(the_same_path_twice_is_refused),
        cmocka_unit_test(a_path_below_a_file_or_link_is_refused),
        cmocka_unit_test(missing_and_late_parents_are_fine),
        cmocka_unit_test(errors_name_the_entry_without_control_characters),
        cmocka_unit_test(every_cut_of_a_tar_is_noticed),
        cmocka_unit_test(what_is_no_archive_is_invalid),
        cmocka_unit_test(more_entries_than_allowed_are_too_large),
        cmocka_unit_test(parents_that_nobody_listed_are_counted_too),
        cmocka_unit_test(more_content_than_allowed_is_too_large_before_it_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
