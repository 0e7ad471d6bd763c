/* SPDX-License-Identifier: Apache-2.0 */
#include "spool_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fs.h"
#include "log.h"

struct header {
    uint64_t magic;
    uint64_t stream_id;
    uint64_t first_seq;
    uint64_t check; /* the others, combined */
};
_Static_assert(sizeof(struct header) == SPOOL_HEADER_SIZE, "a header has no holes");

static const uint64_t header_magic = 0x31304c4f4f505348U;

static uint64_t header_check(const struct header *h)
{
    return (h->magic ^ h->stream_id * 0x9e3779b97f4a7c15U) + h->first_seq * 0xff51afd7ed558ccdU;
}

/* NULL: no memory. */
static char *segment_path(const struct spool_store *s, uint64_t first_seq)
{
    char *path = NULL;
    int size = asprintf(&path, "%s/%016llx", s->dir, (unsigned long long)first_seq);
    return size >= 0 ? path : NULL;
}

static enum err segment_open(const struct spool_store *s, uint64_t first_seq, int flags, int *fd,
                             struct error *e)
{
    AUTO_FREE char *path = segment_path(s, first_seq);
    if (path == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for a path");
    *fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    return *fd >= 0 ? ERR_OK : error_errno(e, "open %s", path);
}

static void segment_unlink(const struct spool_store *s, uint64_t first_seq)
{
    AUTO_FREE char *path = segment_path(s, first_seq);
    if (path == NULL || (unlink(path) != 0 && errno != ENOENT))
        log_warn("a segment of the reports could not be removed");
}

/* Gaps */

static enum err gaps_path(const struct spool_store *s, char **out, struct error *e)
{
    return fs_join(s->dir, "gaps", out, e);
}

static void save_gaps(const struct spool_store *s)
{
    AUTO_FREE char *path = NULL;
    struct error e;
    enum err err = gaps_path(s, &path, &e);
    if (err == ERR_OK)
        err = fs_state_write(path, s->gaps, s->gap_count * sizeof(s->gaps[0]), &e);
    /* Then numbers without reports are found at the next start, but not how many lines they had. */
    if (err != ERR_OK)
        log_warn("dropped reports cannot be noted: %s", e.text);
}

static void load_gaps(struct spool_store *s)
{
    AUTO_FREE char *path = NULL;
    struct bytes data = {0};
    if (gaps_path(s, &path, NULL) == ERR_OK &&
        fs_state_read(path, sizeof(s->gaps), &data, NULL) == ERR_OK) {
        s->gap_count = data.size / sizeof(s->gaps[0]);
        memcpy(s->gaps, data.data, s->gap_count * sizeof(s->gaps[0]));
    }
    bytes_clear(&data);
}

static void join_gap(struct spool_gap *to, const struct spool_gap *gap)
{
    if (to->lines == 0)
        to->first_ms = gap->first_ms;
    if (gap->lines > 0)
        to->last_ms = gap->last_ms;
    to->lines += gap->lines;
    to->next_seq = gap->next_seq;
}

void spool_store_add_gap(struct spool_store *s, const struct spool_gap *gap, bool may_join)
{
    struct spool_gap *last = s->gap_count > 0 ? &s->gaps[s->gap_count - 1] : NULL;
    bool is_adjacent = last != NULL && last->next_seq == gap->first_seq;
    if (s->gap_count == SPOOL_GAPS_MAX || (is_adjacent && may_join))
        join_gap(last, gap);
    else
        s->gaps[s->gap_count++] = *gap;
    save_gaps(s);
}

void spool_store_confirm_gaps(struct spool_store *s, uint64_t stored_seq)
{
    size_t gone = 0;
    while (gone < s->gap_count && s->gaps[gone].next_seq <= stored_seq + 1)
        gone++;
    if (gone == 0)
        return;
    s->gap_count -= gone;
    memmove(s->gaps, s->gaps + gone, s->gap_count * sizeof(s->gaps[0]));
    save_gaps(s);
}

/* Segments */

static enum err make_segment(struct spool_store *s, uint64_t first_seq, struct error *e)
{
    struct header h = {.magic = header_magic, .stream_id = s->stream_id, .first_seq = first_seq};
    h.check = header_check(&h);
    AUTO_CLOSE int fd = -1;
    enum err err = segment_open(s, first_seq, O_RDWR | O_CREAT | O_TRUNC, &fd, e);
    if (err == ERR_OK)
        err = fs_write_all(fd, &h, sizeof(h), e);
    if (err == ERR_OK && fdatasync(fd) != 0)
        err = error_errno(e, "sync a segment of the reports");
    if (err == ERR_OK)
        err = fs_sync_dir(s->dir, e);
    if (err != ERR_OK) {
        if (fd >= 0)
            segment_unlink(s, first_seq);
        return err;
    }
    if (s->fd >= 0)
        close(s->fd);
    s->fd = take_fd(&fd);
    s->segments[s->count++] = (struct spool_segment){
        .first_seq = first_seq, .next_seq = first_seq, .end = SPOOL_HEADER_SIZE};
    return ERR_OK;
}

enum err spool_store_sync(struct spool_store *s, struct error *e)
{
    if (!s->is_dirty)
        return ERR_OK;
    if (fdatasync(s->fd) != 0)
        return error_errno(e, "sync the reports");
    s->is_dirty = false;
    return ERR_OK;
}

enum err spool_store_roll(struct spool_store *s, struct error *e)
{
    const struct spool_segment *last = spool_store_last(s);
    if (last->next_seq == last->first_seq)
        return ERR_OK;
    if (s->count == SPOOL_SEGMENTS_MAX)
        return error_set(e, ERR_NO_SPACE, "too many segments of reports");
    enum err err = spool_store_sync(s, e);
    return err == ERR_OK ? make_segment(s, last->next_seq, e) : err;
}

enum err spool_store_read(const struct spool_store *s, const struct spool_segment *from,
                          uint64_t offset, record_file_fn *fn, void *arg, uint64_t *end,
                          struct error *e)
{
    if (from == &s->segments[s->count - 1])
        return record_file_each(s->fd, offset, fn, arg, end, e);
    AUTO_CLOSE int fd = -1;
    enum err err = segment_open(s, from->first_seq, O_RDONLY, &fd, e);
    return err == ERR_OK ? record_file_each(fd, offset, fn, arg, end, e) : err;
}

void spool_store_unlink_first(struct spool_store *s)
{
    segment_unlink(s, s->segments[0].first_seq);
    s->count--;
    memmove(s->segments, s->segments + 1, s->count * sizeof(s->segments[0]));
}

enum err spool_store_reset(struct spool_store *s, struct error *e)
{
    while (s->count > 0)
        spool_store_unlink_first(s);
    s->gap_count = 0;
    save_gaps(s);
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    s->is_dirty = false;
    do
        randombytes_buf(&s->stream_id, sizeof(s->stream_id));
    while (s->stream_id == 0);
    enum err err = make_segment(s, 1, e);
    if (err != ERR_OK) {
        s->segments[0] =
            (struct spool_segment){.first_seq = 1, .next_seq = 1, .end = SPOOL_HEADER_SIZE};
        s->count = 1;
    }
    return err;
}

/* Opening */

static bool parse_name(const char *name, uint64_t *first_seq)
{
    if (strlen(name) != 16 || strspn(name, "0123456789abcdef") != 16)
        return false;
    *first_seq = strtoull(name, NULL, 16);
    return true;
}

/* Keeps segments sorted; of too many (the limit was lowered) the oldest go. */
static void insert_segment(struct spool_store *s, uint64_t first_seq)
{
    if (s->count == SPOOL_SEGMENTS_MAX) {
        if (first_seq < s->segments[0].first_seq) {
            segment_unlink(s, first_seq);
            return;
        }
        spool_store_unlink_first(s);
    }
    size_t at = s->count++;
    for (; at > 0 && s->segments[at - 1].first_seq > first_seq; at--)
        s->segments[at] = s->segments[at - 1];
    s->segments[at] = (struct spool_segment){.first_seq = first_seq};
}

AUTO_DEFINE(DIR *, closedir)

static enum err list_segments(struct spool_store *s, struct error *e)
{
    AUTO(closedir) DIR *dir = opendir(s->dir);
    if (dir == NULL)
        return error_errno(e, "read %s", s->dir);
    struct dirent *entry;
    uint64_t first_seq;
    /* Each thread may read its own DIR. */
    while ((entry = readdir(dir)) != NULL) { /* NOLINT(concurrency-mt-unsafe) */
        if (parse_name(entry->d_name, &first_seq))
            insert_segment(s, first_seq);
    }
    return ERR_OK;
}

static bool count_record(void *arg, uint64_t offset, const struct record *r)
{
    (void)offset;
    (void)r;
    struct spool_segment *segment = arg;
    segment->next_seq++;
    return true;
}

/* Fails when the segment cannot belong to the stream of those before it. */
static enum err load_segment(struct spool_store *s, struct spool_segment *segment, int *fd,
                             struct error *e)
{
    struct header h;
    enum err err = segment_open(s, segment->first_seq, O_RDWR, fd, e);
    if (err == ERR_OK)
        err = fs_pread_all(*fd, &h, sizeof(h), 0, e);
    if (err != ERR_OK)
        return err;
    bool is_first = segment == &s->segments[0];
    if (h.magic != header_magic || h.check != header_check(&h) ||
        h.first_seq != segment->first_seq || (!is_first && h.stream_id != s->stream_id))
        return error_set(e, ERR_CORRUPT, "a segment of the reports has a damaged header");
    s->stream_id = h.stream_id;
    segment->next_seq = segment->first_seq;
    return record_file_each(*fd, SPOOL_HEADER_SIZE, count_record, segment, &segment->end, e);
}

/* A last segment whose header is not whole was just being made: nothing is in it. */
static enum err load_segments(struct spool_store *s, struct error *e)
{
    for (size_t i = 0; i < s->count; i++) {
        AUTO_CLOSE int fd = -1;
        enum err err = load_segment(s, &s->segments[i], &fd, e);
        bool is_last = i + 1 == s->count;
        if (err != ERR_OK && is_last && i > 0) {
            s->count--;
            return make_segment(s, s->segments[i].first_seq, e);
        }
        if (err != ERR_OK)
            return err;
        if (is_last) {
            s->fd = take_fd(&fd);
            if (ftruncate(s->fd, (off_t)s->segments[i].end) != 0)
                return error_errno(e, "cut the reports");
        }
    }
    return ERR_OK;
}

enum err spool_store_open(struct spool_store *s, const char *dir, uint64_t max_bytes,
                          struct error *e)
{
    *s = (struct spool_store){.fd = -1, .max_bytes = max_bytes};
    s->dir = strdup(dir);
    if (s->dir == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for the reports");
    enum err err = fs_mkdirs(dir, 0700, e);
    if (err == ERR_OK)
        err = list_segments(s, e);
    if (err != ERR_OK)
        return err;
    if (s->count == 0)
        return spool_store_reset(s, e);
    load_gaps(s);
    struct error why;
    if (load_segments(s, &why) == ERR_OK)
        return ERR_OK;
    log_error("reports that were not sent are lost: %s", why.text);
    return spool_store_reset(s, e);
}

void spool_store_clear(struct spool_store *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    free(s->dir);
    s->dir = NULL;
}
