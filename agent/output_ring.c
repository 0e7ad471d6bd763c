/* SPDX-License-Identifier: Apache-2.0 */
/* Four files, each a quarter of the room; the oldest is removed for a new one. A record is the
 * task's id with its length before it, then the report. What was moved is marked, so that it is not
 * moved twice. A new file begins with a record that has no report and weighs what was dropped so
 * far. */
#include "output_ring.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "fs.h"
#include "limits.h"
#include "log.h"
#include "record_file.h"

enum { FILES_MAX = 4, FILE_MIN_BYTES = 64 * 1024 };
enum mark { MARK_KEPT, MARK_MOVED, MARK_DROPPED };

struct ring_file {
    uint64_t number;
    uint64_t end;
};

struct output_ring {
    char *dir;
    uint64_t file_bytes;
    struct ring_file files[FILES_MAX]; /* oldest first */
    size_t count;
    int fd; /* of the last; -1: none */
    struct spool_weight dropped;
    bool is_failing;
    uint8_t buffer[1 + ID_MAX + SPOOL_RECORD_MAX];
};

static enum err file_open(const struct output_ring *r, uint64_t number, int flags, int *fd,
                          struct error *e)
{
    AUTO_FREE char *path = NULL;
    if (asprintf(&path, "%s/%016llx", r->dir, (unsigned long long)number) < 0)
        return error_set(e, ERR_NO_MEMORY, "no memory for a path");
    *fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    return *fd >= 0 ? ERR_OK : error_errno(e, "open %s", path);
}

static void file_unlink(const struct output_ring *r, uint64_t number)
{
    AUTO_FREE char *path = NULL;
    if (asprintf(&path, "%s/%016llx", r->dir, (unsigned long long)number) < 0)
        return;
    if (unlink(path) != 0 && errno != ENOENT)
        log_warn("kept output could not be removed");
}

static void add_dropped(struct output_ring *r, const struct spool_weight *w)
{
    if (w->lines == 0)
        return;
    if (r->dropped.lines == 0)
        r->dropped.first_ms = w->first_ms;
    r->dropped.lines += w->lines;
    r->dropped.last_ms = w->last_ms;
}

static bool count_dropped(void *arg, uint64_t offset, const struct record *record)
{
    (void)offset;
    if (record->mark == MARK_KEPT)
        add_dropped(arg, &record->weight);
    return true;
}

static void drop_first(struct output_ring *r)
{
    AUTO_CLOSE int fd = -1;
    uint64_t end;
    struct error e;
    enum err err = file_open(r, r->files[0].number, O_RDONLY, &fd, &e);
    if (err == ERR_OK)
        err = record_file_each(fd, 0, count_dropped, r, &end, &e);
    if (err != ERR_OK)
        log_warn("dropped output could not be counted: %s", e.text);
    file_unlink(r, r->files[0].number);
    r->count--;
    memmove(r->files, r->files + 1, r->count * sizeof(r->files[0]));
}

static enum err note_dropped(struct output_ring *r, struct error *e)
{
    struct record note = {.weight = r->dropped, .mark = MARK_DROPPED};
    return record_file_append(r->fd, &r->files[r->count - 1].end, &note, e);
}

static enum err next_file(struct output_ring *r, struct error *e)
{
    uint64_t number = r->count > 0 ? r->files[r->count - 1].number + 1 : 1;
    if (r->count == FILES_MAX)
        drop_first(r);
    int fd = -1;
    enum err err = file_open(r, number, O_RDWR | O_CREAT | O_TRUNC, &fd, e);
    if (err != ERR_OK)
        return err;
    if (r->fd >= 0)
        close(r->fd);
    r->fd = fd;
    r->files[r->count++] = (struct ring_file){.number = number};
    return note_dropped(r, e);
}

/* Opening */

static void insert_file(struct output_ring *r, uint64_t number)
{
    if (r->count == FILES_MAX) {
        if (number < r->files[0].number) {
            file_unlink(r, number);
            return;
        }
        drop_first(r);
    }
    size_t at = r->count++;
    for (; at > 0 && r->files[at - 1].number > number; at--)
        r->files[at] = r->files[at - 1];
    r->files[at] = (struct ring_file){.number = number};
}

AUTO_DEFINE(DIR *, closedir)

static enum err list_files(struct output_ring *r, struct error *e)
{
    AUTO(closedir) DIR *dir = opendir(r->dir);
    if (dir == NULL)
        return error_errno(e, "read %s", r->dir);
    struct dirent *entry;
    /* Each thread may read its own DIR. */
    while ((entry = readdir(dir)) != NULL) { /* NOLINT(concurrency-mt-unsafe) */
        if (strlen(entry->d_name) == 16 && strspn(entry->d_name, "0123456789abcdef") == 16)
            insert_file(r, strtoull(entry->d_name, NULL, 16));
    }
    return ERR_OK;
}

static bool last_dropped(void *arg, uint64_t offset, const struct record *record)
{
    (void)offset;
    struct output_ring *r = arg;
    if (record->mark == MARK_DROPPED)
        r->dropped = record->weight;
    return true;
}

static enum err open_last(struct output_ring *r, struct error *e)
{
    if (r->count == 0)
        return ERR_OK;
    struct ring_file *last = &r->files[r->count - 1];
    enum err err = file_open(r, last->number, O_RDWR, &r->fd, e);
    if (err == ERR_OK)
        err = record_file_each(r->fd, 0, last_dropped, r, &last->end, e);
    return err;
}

enum err output_ring_open(const char *dir, uint64_t max_bytes, struct output_ring **out,
                          struct error *e)
{
    AUTO(output_ring_close) struct output_ring *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for kept output");
    r->fd = -1;
    r->file_bytes = max_bytes / FILES_MAX;
    if (r->file_bytes < FILE_MIN_BYTES)
        r->file_bytes = FILE_MIN_BYTES;
    r->dir = strdup(dir);
    if (r->dir == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for kept output");
    enum err err = fs_mkdirs(dir, 0700, e);
    if (err == ERR_OK)
        err = list_files(r, e);
    if (err == ERR_OK)
        err = open_last(r, e);
    if (err != ERR_OK)
        return err;
    *out = TAKE(r);
    return ERR_OK;
}

void output_ring_close(struct output_ring *r)
{
    if (r == NULL)
        return;
    if (r->fd >= 0)
        close(r->fd);
    free(r->dir);
    free(r);
}

/* Appending */

static enum err append(struct output_ring *r, const struct record *record, struct error *e)
{
    uint64_t size = record->size + RECORD_OVERHEAD;
    enum err err = ERR_OK;
    if (r->fd < 0 || r->files[r->count - 1].end + size > r->file_bytes)
        err = next_file(r, e);
    return err == ERR_OK ? record_file_append(r->fd, &r->files[r->count - 1].end, record, e) : err;
}

void output_ring_append(struct output_ring *r, const char *task_id, const void *report, size_t size,
                        const struct spool_weight *weight)
{
    struct error e;
    enum err err = ERR_OK;
    size_t id_size = strnlen(task_id, ID_MAX);
    if (1 + id_size + size > SPOOL_RECORD_MAX) {
        err = error_set(&e, ERR_TOO_LARGE, "output of %zu bytes at once", size);
    } else {
        r->buffer[0] = (uint8_t)id_size;
        memcpy(r->buffer + 1, task_id, id_size);
        memcpy(r->buffer + 1 + id_size, report, size);
        struct record record = {.weight = *weight, .data = r->buffer, .size = 1 + id_size + size};
        err = append(r, &record, &e);
    }
    if (err != ERR_OK) {
        add_dropped(r, weight);
        if (!r->is_failing)
            log_warn("output cannot be kept, lines are dropped: %s", e.text);
    }
    r->is_failing = err != ERR_OK;
}

/* Moving */

struct move {
    int fd;
    const char *task_id;
    size_t id_size;
    struct spool *spool;
    enum err err;
    struct error *e;
};

static bool is_wanted(const struct move *m, const struct record *record)
{
    if (record->mark != MARK_KEPT || record->size == 0)
        return false;
    const uint8_t *data = record->data;
    return m->id_size == 0 ||
           (data[0] == m->id_size && memcmp(data + 1, m->task_id, m->id_size) == 0);
}

static bool move_record(void *arg, uint64_t offset, const struct record *record)
{
    struct move *m = arg;
    if (!is_wanted(m, record))
        return true;
    const uint8_t *data = record->data;
    size_t before = 1U + data[0];
    if (before < record->size)
        spool_append(m->spool, data + before, record->size - before, &record->weight);
    m->err = record_file_mark(m->fd, offset, MARK_MOVED, m->e);
    return m->err == ERR_OK;
}

enum err output_ring_move(struct output_ring *r, const char *task_id, struct spool *spool,
                          struct error *e)
{
    spool_lose(spool, &r->dropped);
    bool had_dropped = r->dropped.lines > 0;
    r->dropped = (struct spool_weight){0};
    enum err err = had_dropped && r->fd >= 0 ? note_dropped(r, e) : ERR_OK;
    struct move m = {
        .task_id = task_id, .id_size = strnlen(task_id, ID_MAX), .spool = spool, .e = e};
    for (size_t i = 0; i < r->count && err == ERR_OK; i++) {
        AUTO_CLOSE int fd = -1;
        uint64_t end;
        err = file_open(r, r->files[i].number, O_RDWR, &fd, e);
        m.fd = fd;
        if (err == ERR_OK)
            err = record_file_each(fd, 0, move_record, &m, &end, e);
        if (err == ERR_OK)
            err = m.err;
    }
    return err;
}
