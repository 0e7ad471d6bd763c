/* SPDX-License-Identifier: Apache-2.0 */
/* Tar archives are made byte by byte, since no honest writer makes the hostile ones; compressed
 * ones and zip by libarchive. The process stays in the "C" locale, as daemons do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>
#include <sys/resource.h>
#include <unistd.h>

#include "archive_reader.h"
#include "strlist.h"

enum { BLOCK = 512 };

static const struct archive_limits wide = {.content_max = 1ULL << 40, .entries_max = 10000};

/* One header and, for files, content of that size: zeros. */
static void put(struct bytes *tar, const char *name, char type, unsigned mode, const char *link,
                uint64_t size)
{
    char h[BLOCK] = {0};
    memcpy(h, name, strnlen(name, 100));
    snprintf(h + 100, 8, "%07o", mode);
    memcpy(h + 108, "0000000", 8);
    memcpy(h + 116, "0000000", 8);
    snprintf(h + 124, 12, "%011llo", (unsigned long long)size);
    memcpy(h + 136, "14000000000", 12);
    memset(h + 148, ' ', 8);
    h[156] = type;
    memcpy(h + 157, link, strnlen(link, 100));
    memcpy(h + 257, "ustar\00000", 8);
    unsigned sum = 0;
    for (size_t i = 0; i < BLOCK; i++)
        sum += (unsigned char)h[i];
    snprintf(h + 148, 8, "%06o", sum & 0777777U);
    assert_int_equal(bytes_append(tar, h, BLOCK, NULL), ERR_OK);
}

static void put_content(struct bytes *tar, const void *content, size_t size)
{
    static const char zeros[BLOCK];
    assert_int_equal(bytes_append(tar, content, size, NULL), ERR_OK);
    assert_int_equal(bytes_append(tar, zeros, (BLOCK - size % BLOCK) % BLOCK, NULL), ERR_OK);
}

static void put_file(struct bytes *tar, const char *name, const char *content)
{
    put(tar, name, '0', 0644, "", strlen(content));
    put_content(tar, content, strlen(content));
}

static void put_end(struct bytes *tar)
{
    static const char zeros[2 * BLOCK];
    assert_int_equal(bytes_append(tar, zeros, sizeof(zeros), NULL), ERR_OK);
}

/* Reads everything; the text of the error is in e, the last path in last. */
static enum err read_all(const struct bytes *b, const struct archive_limits *limits, char *last,
                         struct error *e)
{
    AUTO(archive_reader_free) struct archive_reader *r = NULL;
    static struct entry entry;
    static uint8_t buffer[65536];
    bool more = true;
    enum err err = archive_reader_open_memory(b->data, b->size, limits, &r, e);
    while (err == ERR_OK && more) {
        err = archive_reader_next(r, &entry, &more, e);
        if (err == ERR_OK && more && last != NULL)
            memcpy(last, entry.path, sizeof(entry.path));
        size_t got = 1;
        while (err == ERR_OK && more && entry.type == ENTRY_FILE && got > 0)
            err = archive_reader_read(r, buffer, sizeof(buffer), &got, e);
    }
    return err;
}

/* A tar of this one entry behind "dir" and "file". */
static enum err read_entry(const char *name, char type, unsigned mode, const char *link,
                           struct error *e)
{
    struct bytes b = {0};
    put(&b, "dir/", '5', 0755, "", 0);
    put_file(&b, "file", "x");
    put(&b, name, type, mode, link, 0);
    put_end(&b);
    enum err err = read_all(&b, &wide, NULL, e);
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
    put(&b, "./", '5', 0755, "", 0);
    put(&b, "./bin/", '5', 01750, "", 0);
    put_file(&b, "./bin/run", "content");
    put(&b, "bin/link", '2', 0777, "../bin/run", 0);
    put(&b, "bin/hard", '1', 0644, "./bin/run", 0);
    put_end(&b);
    AUTO(archive_reader_free) struct archive_reader *r = NULL;
    assert_int_equal(archive_reader_open_memory(b.data, b.size, &wide, &r, NULL), ERR_OK);
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
    put(&b, "link", '2', 0777, "dir", 0);
    put(&b, "link/x", '0', 0644, "", 0);
    put_end(&b);
    assert_int_equal(read_all(&b, &wide, NULL, NULL), ERR_INVALID);
    bytes_clear(&b);
    put_file(&b, "a/b", "x");
    put(&b, "a", '2', 0777, "dir", 0);
    put_end(&b);
    assert_int_equal(read_all(&b, &wide, NULL, NULL), ERR_INVALID);
    bytes_clear(&b);
}

static void missing_and_late_parents_are_fine(void **state)
{
    (void)state;
    struct bytes b = {0};
    put_file(&b, "a/b/c", "x");
    put(&b, "a/", '5', 0755, "", 0);
    put_end(&b);
    assert_int_equal(read_all(&b, &wide, NULL, NULL), ERR_OK);
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
    put_file(&b, "a", "some content");
    put(&b, "d/", '5', 0755, "", 0);
    put_file(&b, "d/b", "other content");
    size_t whole = b.size;
    put_end(&b);
    assert_int_equal(read_all(&b, &wide, NULL, NULL), ERR_OK);
    for (b.size = 1; b.size <= whole; b.size += 37)
        assert_int_not_equal(read_all(&b, &wide, NULL, NULL), ERR_OK);
    for (b.size = BLOCK; b.size <= whole; b.size += BLOCK)
        assert_int_equal(read_all(&b, &wide, NULL, NULL), ERR_CORRUPT);
    bytes_clear(&b);
}

static void what_is_no_archive_is_invalid(void **state)
{
    (void)state;
    struct error e;
    struct bytes b = {0};
    assert_int_equal(bytes_append(&b, "#!/bin/sh\necho this is no archive\n", 34, NULL), ERR_OK);
    assert_int_equal(read_all(&b, &wide, NULL, &e), ERR_INVALID);
    assert_non_null(strstr(e.text, "tar.gz"));
    b.size = 0;
    assert_int_equal(read_all(&b, &wide, NULL, NULL), ERR_INVALID);
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
        put(&b, name, '0', 0644, "", 0);
    }
    put_end(&b);
    assert_int_equal(read_all(&b, &three, NULL, NULL), ERR_OK);
    b.size -= 2 * (size_t)BLOCK;
    put(&b, "f3", '0', 0644, "", 0);
    put_end(&b);
    assert_int_equal(read_all(&b, &three, NULL, NULL), ERR_TOO_LARGE);
    bytes_clear(&b);
}

static void parents_that_nobody_listed_are_counted_too(void **state)
{
    (void)state;
    const struct archive_limits three = {.content_max = 100, .entries_max = 3};
    struct bytes b = {0};
    put(&b, "a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a", '0', 0644, "", 0);
    put_end(&b);
    assert_int_equal(read_all(&b, &three, NULL, NULL), ERR_TOO_LARGE);
    bytes_clear(&b);
}

static void more_content_than_allowed_is_too_large_before_it_is_read(void **state)
{
    (void)state;
    const struct archive_limits ten = {.content_max = 10, .entries_max = 10};
    struct bytes b = {0};
    put_file(&b, "a", "01234");
    put_file(&b, "b", "56789");
    put_end(&b);
    assert_int_equal(read_all(&b, &ten, NULL, NULL), ERR_OK);
    bytes_clear(&b);
    put_file(&b, "a", "01234");
    put(&b, "b", '0', 0644, "", 1ULL << 32);
    assert_int_equal(read_all(&b, &ten, NULL, NULL), ERR_TOO_LARGE);
    bytes_clear(&b);
}

/* Old GNU sparse: a header that stands for so many (octal) zeros. */
static void put_sparse(struct bytes *b, const char *size)
{
    put(b, "sparse", 'S', 0644, "", 0);
    char *h = (char *)b->data;
    memcpy(h + 257, "ustar  ", 8);
    memcpy(h + 386, size, 11);
    memcpy(h + 398, "00000000000", 12);
    memcpy(h + 483, size, 11);
    memset(h + 148, ' ', 8);
    unsigned sum = 0;
    for (size_t i = 0; i < BLOCK; i++)
        sum += (unsigned char)h[i];
    snprintf(h + 148, 8, "%06o", sum & 0777777U);
    put_end(b);
}

static void a_sparse_bomb_ends_at_the_limits(void **state)
{
    (void)state;
    const struct archive_limits limits = {
        .content_max = 1ULL << 40, .entries_max = 10, .ratio_max = 1000};
    struct bytes b = {0};
    put_sparse(&b, "77777777777");
    assert_int_equal(read_all(&b, &limits, NULL, NULL), ERR_TOO_LARGE);
    bytes_clear(&b);
}

static void the_hole_at_the_end_of_a_sparse_file_is_content(void **state)
{
    (void)state;
    struct bytes b = {0};
    struct entry entry;
    bool more = false;
    uint8_t buffer[4096];
    size_t got = 1;
    size_t total = 0;
    put_sparse(&b, "00000010000");
    AUTO(archive_reader_free) struct archive_reader *r = NULL;
    assert_int_equal(archive_reader_open_memory(b.data, b.size, &wide, &r, NULL), ERR_OK);
    assert_int_equal(archive_reader_next(r, &entry, &more, NULL), ERR_OK);
    assert_int_equal(entry.size, 4096);
    for (; got > 0; total += got)
        assert_int_equal(archive_reader_read(r, buffer, 1000, &got, NULL), ERR_OK);
    assert_int_equal(total, 4096);
    bytes_clear(&b);
}

/* Writes one file of size zeros with libarchive. */
static void make_archive(struct bytes *out, bool zip, int filter, const char *name, uint64_t size)
{
    static const char zeros[1 << 20];
    size_t used = 0;
    assert_int_equal(bytes_reserve(out, 4 << 20, NULL), ERR_OK);
    struct archive *a = archive_write_new();
    assert_int_equal(zip ? archive_write_set_format_zip(a)
                         : archive_write_set_format_pax_restricted(a),
                     ARCHIVE_OK);
    assert_int_equal(archive_write_add_filter(a, filter), ARCHIVE_OK);
    archive_write_set_bytes_in_last_block(a, 1);
    assert_int_equal(archive_write_open_memory(a, out->data, 4 << 20, &used), ARCHIVE_OK);
    struct archive_entry *entry = archive_entry_new();
    archive_entry_copy_pathname(entry, name);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0755);
    archive_entry_set_size(entry, (la_int64_t)size);
    assert_true(archive_write_header(a, entry) >= ARCHIVE_WARN);
    for (uint64_t left = size; left > 0;) {
        size_t piece = left < sizeof(zeros) ? (size_t)left : sizeof(zeros);
        assert_int_equal(archive_write_data(a, zeros, piece), piece);
        left -= piece;
    }
    archive_entry_free(entry);
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    archive_write_free(a);
    out->size = used;
}

static void all_promised_compressions_and_zip_are_read(void **state)
{
    (void)state;
    static const int filters[] = {ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_ZSTD,
                                  ARCHIVE_FILTER_XZ, ARCHIVE_FILTER_BZIP2};
    char last[PATH_LENGTH_MAX + 1];
    for (size_t i = 0; i <= sizeof(filters) / sizeof(filters[0]); i++) {
        struct bytes b = {0};
        bool zip = i == sizeof(filters) / sizeof(filters[0]);
        make_archive(&b, zip, zip ? ARCHIVE_FILTER_NONE : filters[i], "a/run", 100000);
        assert_int_equal(read_all(&b, &wide, last, NULL), ERR_OK);
        assert_string_equal(last, "a/run");
        bytes_clear(&b);
    }
}

static void compressed_archives_that_are_cut_or_damaged_are_corrupt(void **state)
{
    (void)state;
    static const int filters[] = {ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_ZSTD, ARCHIVE_FILTER_XZ};
    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        struct bytes b = {0};
        make_archive(&b, false, filters[i], "a", 1000000);
        b.size = b.size / 2;
        assert_int_equal(read_all(&b, &wide, NULL, NULL), ERR_CORRUPT);
        bytes_clear(&b);
    }
    struct bytes zip = {0};
    make_archive(&zip, true, ARCHIVE_FILTER_NONE, "a", 1000000);
    zip.data[100] ^= 0x55;
    assert_int_equal(read_all(&zip, &wide, NULL, NULL), ERR_CORRUPT);
    zip.size /= 2;
    assert_int_not_equal(read_all(&zip, &wide, NULL, NULL), ERR_OK);
    bytes_clear(&zip);
}

static void a_bomb_is_noticed_with_flat_memory(void **state)
{
    (void)state;
    const struct archive_limits limits = {
        .content_max = 1ULL << 40, .entries_max = 10, .ratio_max = 200};
    struct error e;
    struct rusage before;
    struct rusage after;
    const uint64_t size = 300ULL << 20;
    for (int zip = 0; zip < 2; zip++) {
        struct bytes b = {0};
        make_archive(&b, zip, zip ? ARCHIVE_FILTER_NONE : ARCHIVE_FILTER_ZSTD, "bomb", size);
        getrusage(RUSAGE_SELF, &before);
        assert_int_equal(read_all(&b, &limits, NULL, &e), ERR_TOO_LARGE);
        assert_non_null(strstr(e.text, "bomb"));
        getrusage(RUSAGE_SELF, &after);
        assert_true(after.ru_maxrss - before.ru_maxrss < 32 * 1024);
        bytes_clear(&b);
    }
}

/* Skipping content is no way around the limits. */
static void a_bomb_that_nobody_reads_is_noticed(void **state)
{
    (void)state;
    const struct archive_limits limits = {
        .content_max = 1ULL << 40, .entries_max = 10, .ratio_max = 200};
    struct bytes b = {0};
    struct entry entry;
    bool more = false;
    make_archive(&b, false, ARCHIVE_FILTER_ZSTD, "bomb", 300ULL << 20);
    AUTO(archive_reader_free) struct archive_reader *r = NULL;
    assert_int_equal(archive_reader_open_memory(b.data, b.size, &limits, &r, NULL), ERR_OK);
    assert_int_equal(archive_reader_next(r, &entry, &more, NULL), ERR_OK);
    assert_int_equal(archive_reader_next(r, &entry, &more, NULL), ERR_TOO_LARGE);
    bytes_clear(&b);
}

/* A directory of a million entries, which libarchive would hold in memory. */
static void a_zip_of_a_million_entries_is_refused_without_reading_them(void **state)
{
    (void)state;
    enum { COUNT = 1000000, RECORD = 47 };
    const struct archive_limits limits = {.content_max = 1000, .entries_max = 250000};
    struct bytes b = {0};
    uint8_t record[RECORD] = "PK\1\2";
    uint8_t end[22] = "PK\5\6";
    record[28] = 1;
    record[46] = 'a';
    assert_int_equal(bytes_reserve(&b, (size_t)COUNT * RECORD + sizeof(end), NULL), ERR_OK);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(bytes_append(&b, record, RECORD, NULL), ERR_OK);
    for (int i = 0; i < 4; i++)
        end[12 + i] = (uint8_t)(((uint32_t)COUNT * RECORD) >> (8 * i));
    assert_int_equal(bytes_append(&b, end, sizeof(end), NULL), ERR_OK);
    assert_int_equal(read_all(&b, &limits, NULL, NULL), ERR_TOO_LARGE);
    bytes_clear(&b);
}

/* In a zip name without any slash libarchive takes backslashes for slashes. */
static const char *in_dir(const char *name)
{
    static char path[64];
    snprintf(path, sizeof(path), "d/%s", name);
    return path;
}

static void odd_names_pass_unchanged_in_every_format(void **state)
{
    (void)state;
    static const char *const names[] = {"caf\xc3\xa9", "caf\xe9",     "\xff\xfe",
                                        "new\nline",   "back\\slash", "\xe2\x98\x83 sp ace"};
    char last[PATH_LENGTH_MAX + 1];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct bytes b = {0};
        put_file(&b, names[i], "x");
        put_end(&b);
        assert_int_equal(read_all(&b, &wide, last, NULL), ERR_OK);
        assert_string_equal(last, names[i]);
        bytes_clear(&b);
        char pax[64];
        int length = (int)strlen(names[i]) + 9;
        snprintf(pax, sizeof(pax), "%d path=%s\n", length, names[i]);
        assert_int_equal(strlen(pax), length);
        put(&b, "pax", 'x', 0644, "", strlen(pax));
        put_content(&b, pax, strlen(pax));
        put_file(&b, "other", "x");
        put_end(&b);
        assert_int_equal(read_all(&b, &wide, last, NULL), ERR_OK);
        assert_string_equal(last, names[i]);
        bytes_clear(&b);
        put(&b, "././@LongLink", 'L', 0644, "", strlen(names[i]) + 1);
        put_content(&b, names[i], strlen(names[i]) + 1);
        put_file(&b, "other", "x");
        put_end(&b);
        assert_int_equal(read_all(&b, &wide, last, NULL), ERR_OK);
        assert_string_equal(last, names[i]);
        bytes_clear(&b);
        make_archive(&b, true, ARCHIVE_FILTER_NONE, in_dir(names[i]), 10);
        assert_int_equal(read_all(&b, &wide, last, NULL), ERR_OK);
        assert_string_equal(last, in_dir(names[i]));
        bytes_clear(&b);
    }
}

static void a_file_is_read_like_memory(void **state)
{
    (void)state;
    struct bytes b = {0};
    struct entry entry;
    bool more = false;
    FILE *f = tmpfile();
    assert_non_null(f);
    make_archive(&b, true, ARCHIVE_FILTER_NONE, "a/run", 1000);
    assert_int_equal(fwrite(b.data, 1, b.size, f), b.size);
    assert_int_equal(fflush(f), 0);
    assert_int_equal(lseek(fileno(f), 0, SEEK_SET), 0);
    AUTO(archive_reader_free) struct archive_reader *r = NULL;
    assert_int_equal(archive_reader_open_fd(fileno(f), &wide, &r, NULL), ERR_OK);
    assert_int_equal(archive_reader_next(r, &entry, &more, NULL), ERR_OK);
    assert_string_equal(entry.path, "a/run");
    assert_int_equal(entry.mode, 0755);
    assert_int_equal(archive_reader_next(r, &entry, &more, NULL), ERR_OK);
    assert_false(more);
    fclose(f);
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
        cmocka_unit_test(the_hole_at_the_end_of_a_sparse_file_is_content),
        cmocka_unit_test(a_sparse_bomb_ends_at_the_limits),
        cmocka_unit_test(all_promised_compressions_and_zip_are_read),
        cmocka_unit_test(compressed_archives_that_are_cut_or_damaged_are_corrupt),
        cmocka_unit_test(a_bomb_is_noticed_with_flat_memory),
        cmocka_unit_test(a_bomb_that_nobody_reads_is_noticed),
        cmocka_unit_test(a_zip_of_a_million_entries_is_refused_without_reading_them),
        cmocka_unit_test(odd_names_pass_unchanged_in_every_format),
        cmocka_unit_test(a_file_is_read_like_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
