/* SPDX-License-Identifier: Apache-2.0 */
#include "record_file.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/uio.h>

/* As it lies in the file, in the byte order of the machine: the file never leaves it. */
struct head {
    uint32_t magic;
    uint32_t size;
    uint64_t checksum; /* of all but magic and mark */
    int64_t first_ms;
    int64_t last_ms;
    uint32_t lines;
    uint32_t mark;
};
_Static_assert(sizeof(struct head) == RECORD_OVERHEAD, "a head has no holes");

enum {
    MAGIC = 0x48565231,
    /* Holds any record whole. */
    WINDOW_SIZE = 2 * (SPOOL_RECORD_MAX + RECORD_OVERHEAD),
};

/* Against accidents, not against people, so the key is no secret. */
static uint64_t hash(const void *data, size_t size, uint64_t seed)
{
    uint8_t key[crypto_shorthash_KEYBYTES] = {0};
    memcpy(key, &seed, sizeof(seed));
    uint64_t out;
    crypto_shorthash((uint8_t *)&out, data, size, key);
    return out;
}

static uint64_t checksum(const struct head *h, const void *data)
{
    struct head covered = *h;
    covered.magic = 0;
    covered.checksum = 0;
    covered.mark = 0;
    return hash(&covered, sizeof(covered), hash(data, h->size, MAGIC));
}

enum err record_file_append(int fd, uint64_t *end, const struct record *r, struct error *e)
{
    struct head h = {
        .magic = MAGIC,
        .size = (uint32_t)r->size,
        .first_ms = r->weight.first_ms,
        .last_ms = r->weight.last_ms,
        .lines = r->weight.lines,
        .mark = r->mark,
    };
    h.checksum = checksum(&h, r->data);
    struct iovec parts[] = {
        {.iov_base = &h, .iov_len = sizeof(h)},
        {.iov_base = (void *)(uintptr_t)r->data, .iov_len = r->size},
    };
    ssize_t put;
    do
        put = pwritev(fd, parts, 2, (off_t)*end);
    while (put < 0 && errno == EINTR);
    if (put == (ssize_t)(sizeof(h) + r->size)) {
        *end += (uint64_t)put;
        return ERR_OK;
    }
    if (put >= 0)
        errno = ENOSPC;
    enum err err = error_errno(e, "write a record");
    /* A failure is harmless: the next record is written over it, a torn one ends the file. */
    (void)!ftruncate(fd, (off_t)*end);
    return err;
}

/* The record at the start of data; false when it is not there whole. */
static bool parse(const uint8_t *data, size_t size, struct record *out)
{
    struct head h;
    if (size < sizeof(h))
        return false;
    memcpy(&h, data, sizeof(h));
    if (h.magic != MAGIC || h.size > SPOOL_RECORD_MAX || size - sizeof(h) < h.size)
        return false;
    if (h.checksum != checksum(&h, data + sizeof(h)))
        return false;
    *out = (struct record){
        .weight = {.lines = h.lines, .first_ms = h.first_ms, .last_ms = h.last_ms},
        .mark = h.mark,
        .data = data + sizeof(h),
        .size = h.size,
    };
    return true;
}

static enum err read_window(int fd, uint64_t offset, uint8_t *window, size_t *size, struct error *e)
{
    ssize_t got;
    do
        got = pread(fd, window, WINDOW_SIZE, (off_t)offset);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return error_errno(e, "read records");
    *size = (size_t)got;
    return ERR_OK;
}

enum err record_file_each(int fd, uint64_t offset, record_file_fn *fn, void *arg, uint64_t *end,
                          struct error *e)
{
    AUTO_FREE uint8_t *window = malloc(WINDOW_SIZE);
    if (window == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory to read records");
    *end = offset;
    bool is_moving = true;
    while (is_moving) {
        size_t size = 0;
        enum err err = read_window(fd, *end, window, &size, e);
        if (err != ERR_OK)
            return err;
        size_t at = 0;
        struct record r;
        while (parse(window + at, size - at, &r)) {
            if (!fn(arg, *end, &r))
                return ERR_OK;
            at += RECORD_OVERHEAD + r.size;
            *end += RECORD_OVERHEAD + r.size;
        }
        is_moving = at > 0;
    }
    return ERR_OK;
}

enum err record_file_mark(int fd, uint64_t offset, uint32_t mark, struct error *e)
{
    off_t place = (off_t)(offset + offsetof(struct head, mark));
    ssize_t put;
    do
        put = pwrite(fd, &mark, sizeof(mark), place);
    while (put < 0 && errno == EINTR);
    return put == (ssize_t)sizeof(mark) ? ERR_OK : error_errno(e, "mark a record");
}
