/* SPDX-License-Identifier: Apache-2.0 */
/* Bombs, compression, formats and names. The process stays in the "C" locale, as daemons do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <archive.h>
#include <lzma.h>
#include <sys/resource.h>
#include <unistd.h>

#include "archive_maker.h"

static void a_sparse_bomb_ends_at_the_limits(void **state)
{
    (void)state;
    const struct archive_limits limits = {
        .content_max = 1ULL << 40, .entries_max = 10, .ratio_max = 1000};
    struct bytes b = {0};
    archive_maker_sparse(&b, "77777777777");
    assert_int_equal(archive_maker_read(&b, &limits, NULL, NULL), ERR_TOO_LARGE);
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
    archive_maker_sparse(&b, "00000010000");
    AUTO(archive_reader_free) struct archive_reader *r = NULL;
    assert_int_equal(archive_reader_open_memory(b.data, b.size, &archive_maker_wide, &r, NULL),
                     ERR_OK);
    assert_int_equal(archive_reader_next(r, &entry, &more, NULL), ERR_OK);
    assert_int_equal(entry.size, 4096);
    for (; got > 0; total += got)
        assert_int_equal(archive_reader_read(r, buffer, 1000, &got, NULL), ERR_OK);
    assert_int_equal(total, 4096);
    bytes_clear(&b);
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
        archive_maker_zeros(&b, zip, zip ? ARCHIVE_FILTER_NONE : filters[i], "a/run", 100000);
        assert_int_equal(archive_maker_read(&b, &archive_maker_wide, last, NULL), ERR_OK);
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
        archive_maker_zeros(&b, false, filters[i], "a", 1000000);
        b.size = b.size / 2;
        assert_int_equal(archive_maker_read(&b, &archive_maker_wide, NULL, NULL), ERR_CORRUPT);
        bytes_clear(&b);
    }
    struct bytes zip = {0};
    archive_maker_zeros(&zip, true, ARCHIVE_FILTER_NONE, "a", 1000000);
    zip.data[100] ^= 0x55;
    assert_int_equal(archive_maker_read(&zip, &archive_maker_wide, NULL, NULL), ERR_CORRUPT);
    zip.size /= 2;
    assert_int_not_equal(archive_maker_read(&zip, &archive_maker_wide, NULL, NULL), ERR_OK);
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
        archive_maker_zeros(&b, zip, zip ? ARCHIVE_FILTER_NONE : ARCHIVE_FILTER_ZSTD, "bomb", size);
        getrusage(RUSAGE_SELF, &before);
        assert_int_equal(archive_maker_read(&b, &limits, NULL, &e), ERR_TOO_LARGE);
        assert_non_null(strstr(e.text, "bomb"));
        getrusage(RUSAGE_SELF, &after);
        assert_true(after.ru_maxrss - before.ru_maxrss < 32 * 1024);
        bytes_clear(&b);
    }
}

/* 64 bytes that ask for a dictionary of 1 GiB. */
static void an_xz_that_wants_a_giant_dictionary_is_too_large(void **state)
{
    (void)state;
    static const uint8_t head[] = {0xfd, '7',  'z',  'X',  'Z',  0x00, 0x00, 0x01, 0x69, 0x22,
                                   0xde, 0x36, 0x02, 0x00, 0x21, 0x01, 0x24, 0x00, 0x00, 0x00};
    struct error e;
    struct bytes b = {0};
    uint8_t crc[4];
    uint32_t value = lzma_crc32(head + 12, 8, 0);
    for (size_t i = 0; i < sizeof(crc); i++)
        crc[i] = (uint8_t)(value >> (8 * i));
    assert_int_equal(bytes_append(&b, head, sizeof(head), NULL), ERR_OK);
    assert_int_equal(bytes_append(&b, crc, sizeof(crc), NULL), ERR_OK);
    assert_int_equal(bytes_append(&b, head, sizeof(head), NULL), ERR_OK);
    assert_int_equal(archive_maker_read(&b, &archive_maker_wide, NULL, &e), ERR_TOO_LARGE);
    assert_non_null(strstr(e.text, "64 MiB"));
    bytes_clear(&b);
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
    archive_maker_zeros(&b, false, ARCHIVE_FILTER_ZSTD, "bomb", 300ULL << 20);
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
    assert_int_equal(archive_maker_read(&b, &limits, NULL, NULL), ERR_TOO_LARGE);
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
        archive_maker_file(&b, names[i], "x");
        archive_maker_end(&b);
        assert_int_equal(archive_maker_read(&b, &archive_maker_wide, last, NULL), ERR_OK);
        assert_string_equal(last, names[i]);
        bytes_clear(&b);
        char pax[64];
        int length = (int)strlen(names[i]) + 9;
        snprintf(pax, sizeof(pax), "%d path=%s\n", length, names[i]);
        assert_int_equal(strlen(pax), length);
        archive_maker_entry(&b, "pax", 'x', 0644, "", strlen(pax));
        archive_maker_content(&b, pax, strlen(pax));
        archive_maker_file(&b, "other", "x");
        archive_maker_end(&b);
        assert_int_equal(archive_maker_read(&b, &archive_maker_wide, last, NULL), ERR_OK);
        assert_string_equal(last, names[i]);
        bytes_clear(&b);
        archive_maker_entry(&b, "././@LongLink", 'L', 0644, "", strlen(names[i]) + 1);
        archive_maker_content(&b, names[i], strlen(names[i]) + 1);
        archive_maker_file(&b, "other", "x");
        archive_maker_end(&b);
        assert_int_equal(archive_maker_read(&b, &archive_maker_wide, last, NULL), ERR_OK);
        assert_string_equal(last, names[i]);
        bytes_clear(&b);
        archive_maker_zeros(&b, true, ARCHIVE_FILTER_NONE, in_dir(names[i]), 10);
        assert_int_equal(archive_maker_read(&b, &archive_maker_wide, last, NULL), ERR_OK);
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
    archive_maker_zeros(&b, true, ARCHIVE_FILTER_NONE, "a/run", 1000);
    assert_int_equal(fwrite(b.data, 1, b.size, f), b.size);
    assert_int_equal(fflush(f), 0);
    assert_int_equal(lseek(fileno(f), 0, SEEK_SET), 0);
    AUTO(archive_reader_free) struct archive_reader *r = NULL;
    assert_int_equal(archive_reader_open_fd(fileno(f), &archive_maker_wide, &r, NULL), ERR_OK);
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
        cmocka_unit_test(a_sparse_bomb_ends_at_the_limits),
        cmocka_unit_test(the_hole_at_the_end_of_a_sparse_file_is_content),
        cmocka_unit_test(all_promised_compressions_and_zip_are_read),
        cmocka_unit_test(compressed_archives_that_are_cut_or_damaged_are_corrupt),
        cmocka_unit_test(a_bomb_is_noticed_with_flat_memory),
        cmocka_unit_test(an_xz_that_wants_a_giant_dictionary_is_too_large),
        cmocka_unit_test(a_bomb_that_nobody_reads_is_noticed),
        cmocka_unit_test(a_zip_of_a_million_entries_is_refused_without_reading_them),
        cmocka_unit_test(odd_names_pass_unchanged_in_every_format),
        cmocka_unit_test(a_file_is_read_like_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
