/* SPDX-License-Identifier: Apache-2.0 */
/* zip_scan: see zip_scan.h. Finds the end record in the last 16 KiB as libarchive does, and walks
 * the directory from each place that the end records name. */
#include "zip_scan.h"

#include <stdbool.h>
#include <string.h>

#include "fs.h"

enum {
    TAIL_MAX = 16 * 1024,
    END_SIZE = 22,
    LOCATOR_SIZE = 20,
    END64_SIZE = 56,
    RECORD_SIZE = 46,
    LOCAL_SIZE = 30,
    STARTS_MAX = 3,
};

static uint64_t get(const uint8_t *at, int bytes)
{
    uint64_t value = 0;
    while (bytes-- > 0)
        value = value << 8 | at[bytes];
    return value;
}

static bool read_at(const struct zip_input *in, uint64_t offset, uint8_t *out, size_t size)
{
    if (offset > in->size || size > in->size - offset)
        return false;
    if (in->data == NULL)
        return fs_pread_all(in->fd, out, size, offset, NULL) == ERR_OK;
    memcpy(out, in->data + offset, size);
    return true;
}

/* Where the zip64 end record says that the directory begins; in->size when there is none. */
static uint64_t start64(const struct zip_input *in, uint64_t end_offset)
{
    uint8_t locator[LOCATOR_SIZE];
    uint8_t end[END64_SIZE];
    if (end_offset < LOCATOR_SIZE ||
        !read_at(in, end_offset - LOCATOR_SIZE, locator, sizeof(locator)) ||
        memcmp(locator, "PK\6\7", 4) != 0 || !read_at(in, get(locator + 8, 8), end, sizeof(end)))
        return in->size;
    return get(end + 48, 8);
}

static size_t find_starts(const struct zip_input *in, uint64_t starts[static STARTS_MAX])
{
    uint8_t tail[TAIL_MAX];
    size_t size = in->size < TAIL_MAX ? (size_t)in->size : TAIL_MAX;
    uint64_t tail_offset = in->size - size;
    if (size < END_SIZE || !read_at(in, tail_offset, tail, size))
        return 0;
    for (size_t i = size - END_SIZE + 1; i-- > 0;) {
        if (memcmp(tail + i, "PK\5\6", 4) != 0)
            continue;
        uint64_t end_offset = tail_offset + i;
        uint64_t directory_size = get(tail + i + 12, 4);
        starts[0] = get(tail + i + 16, 4);
        starts[1] = directory_size <= end_offset ? end_offset - directory_size : in->size;
        starts[2] = start64(in, end_offset);
        return STARTS_MAX;
    }
    return 0;
}

/* Sizes of UINT32_MAX are elsewhere, in a field of zip64. */
static bool is_same_size(uint64_t a, uint64_t b)
{
    return a == b || a == UINT32_MAX || b == UINT32_MAX;
}

/* Whether the header before the content tells the same sizes as the directory; with bit 3 of its
 * flags it tells none. */
static bool sizes_agree(const struct zip_input *in, const uint8_t record[static RECORD_SIZE])
{
    uint8_t local[LOCAL_SIZE];
    if (!read_at(in, get(record + 42, 4), local, sizeof(local)) ||
        memcmp(local, "PK\3\4", 4) != 0 || (get(local + 6, 2) & 8) != 0)
        return true;
    return is_same_size(get(local + 18, 4), get(record + 20, 4)) &&
           is_same_size(get(local + 22, 4), get(record + 24, 4));
}

/* Looks at the entries from offset on, at most max + 1. */
static enum err scan_entries(const struct zip_input *in, uint64_t offset, uint64_t max,
                             struct error *e)
{
    uint8_t record[RECORD_SIZE];
    uint64_t count = 0;
    while (read_at(in, offset, record, sizeof(record)) && memcmp(record, "PK\1\2", 4) == 0) {
        if (++count > max)
            return error_set(e, ERR_TOO_LARGE, "the archive has more than %llu entries",
                             (unsigned long long)max);
        if (!sizes_agree(in, record))
            return error_set(e, ERR_CORRUPT, "the archive tells two sizes of its entry %llu",
                             (unsigned long long)count);
        offset += RECORD_SIZE + get(record + 28, 2) + get(record + 30, 2) + get(record + 32, 2);
    }
    return ERR_OK;
}

enum err zip_scan(const struct zip_input *in, uint64_t entries_max, struct error *e)
{
    uint64_t starts[STARTS_MAX];
    size_t count = find_starts(in, starts);
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < count; i++)
        err = scan_entries(in, starts[i], entries_max, e);
    return err;
}
