/* SPDX-License-Identifier: Apache-2.0 */
/* archive_maker: see archive_maker.h. */
#include "archive_maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>

const struct archive_limits archive_maker_wide = {.content_max = 1ULL << 40, .entries_max = 10000};

void archive_maker_entry(struct bytes *tar, const char *name, char type, unsigned mode,
                         const char *link, uint64_t size)
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
    /* Fields of a header need no NUL. */
    memcpy(h + 257, "ustar\00000", 8); /* NOLINT(bugprone-not-null-terminated-result) */
    unsigned sum = 0;
    for (size_t i = 0; i < BLOCK; i++)
        sum += (unsigned char)h[i];
    snprintf(h + 148, 8, "%06o", sum & 0777777U);
    assert_int_equal(bytes_append(tar, h, BLOCK, NULL), ERR_OK);
}

void archive_maker_content(struct bytes *tar, const void *content, size_t size)
{
    static const char zeros[BLOCK];
    assert_int_equal(bytes_append(tar, content, size, NULL), ERR_OK);
    assert_int_equal(bytes_append(tar, zeros, (BLOCK - size % BLOCK) % BLOCK, NULL), ERR_OK);
}

void archive_maker_file(struct bytes *tar, const char *name, const char *content)
{
    archive_maker_entry(tar, name, '0', 0644, "", strlen(content));
    archive_maker_content(tar, content, strlen(content));
}

void archive_maker_end(struct bytes *tar)
{
    static const char zeros[2 * BLOCK];
    assert_int_equal(bytes_append(tar, zeros, sizeof(zeros), NULL), ERR_OK);
}

enum err archive_maker_read(const struct bytes *b, const struct archive_limits *limits, char *last,
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

void archive_maker_sparse(struct bytes *b, const char *size)
{
    archive_maker_entry(b, "sparse", 'S', 0644, "", 0);
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
    archive_maker_end(b);
}

void archive_maker_zeros(struct bytes *out, bool zip, int filter, const char *name, uint64_t size)
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
