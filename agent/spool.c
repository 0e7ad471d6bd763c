/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, appending and dropping; spool_send.c has the rest. */
#include "spool.h"

#include <string.h>

#include "log.h"
#include "spool_state.h"

enum { BYTES_MIN = 64 * 1024 };

enum err spool_open(const char *dir, uint64_t max_bytes, struct spool **out, struct error *e)
{
    AUTO(spool_close) struct spool *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for the reports");
    enum err err =
        spool_store_open(&s->store, dir, max_bytes < BYTES_MIN ? BYTES_MIN : max_bytes, e);
    if (err == ERR_NO_SPACE && s->store.count > 0)
        log_error("reports cannot be kept: %s", e != NULL ? e->text : "no space");
    else if (err != ERR_OK)
        return err;
    s->confirmed = s->store.segments[0].first_seq - 1;
    s->confirmed_end = SPOOL_HEADER_SIZE;
    if (s->store.gap_count > 0 && s->store.gaps[0].first_seq <= s->confirmed)
        s->confirmed = s->store.gaps[0].first_seq - 1;
    /* Anything may have been sent in an earlier life. */
    s->peeked = spool_store_last(&s->store)->next_seq - 1;
    *out = TAKE(s);
    return ERR_OK;
}

void spool_close(struct spool *s)
{
    if (s == NULL)
        return;
    spool_sync(s);
    spool_store_clear(&s->store);
    free(s);
}

uint64_t spool_stream_id(const struct spool *s)
{
    return s->store.stream_id;
}

uint64_t spool_max_bytes(const struct spool *s)
{
    return s->store.max_bytes;
}

static uint64_t bytes_on_disk(const struct spool *s)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < s->store.count; i++)
        bytes += s->store.segments[i].end;
    return bytes;
}

uint64_t spool_pending_bytes(const struct spool *s)
{
    uint64_t headers = (uint64_t)(s->store.count - 1) * SPOOL_HEADER_SIZE;
    return bytes_on_disk(s) - s->confirmed_end - headers;
}

void spool_sync(struct spool *s)
{
    struct error e;
    if (spool_store_sync(&s->store, &e) != ERR_OK)
        log_warn("%s", e.text);
}

/* Loss */

void spool_lose(struct spool *s, const struct spool_weight *weight)
{
    if (weight->lines == 0)
        return;
    if (s->lost_lines == 0)
        s->lost_first_ms = weight->first_ms;
    s->lost_lines += weight->lines;
    s->lost_last_ms = weight->last_ms;
}

void spool_note_failure(struct spool *s, const struct error *e)
{
    if (!s->is_failing)
        log_error("reports cannot be kept, lines are lost: %s", e->text);
    s->is_failing = true;
}

static bool weigh(void *arg, uint64_t offset, const struct record *r)
{
    (void)offset;
    struct weighing *w = arg;
    if (r->weight.lines == 0)
        return true;
    if (w->lines == 0)
        w->first_ms = r->weight.first_ms;
    w->lines += r->weight.lines;
    w->last_ms = r->weight.last_ms;
    return true;
}

struct weighing spool_weigh_segment(const struct spool *s, size_t i)
{
    struct weighing w = {0};
    struct error e;
    uint64_t end;
    uint64_t from = i == 0 ? s->confirmed_end : SPOOL_HEADER_SIZE;
    if (spool_store_read(&s->store, &s->store.segments[i], from, weigh, &w, &end, &e) != ERR_OK)
        log_warn("dropped reports could not be counted: %s", e.text);
    return w;
}

static void drop_first(struct spool *s)
{
    const struct spool_segment *first = &s->store.segments[0];
    struct weighing w = spool_weigh_segment(s, 0);
    struct spool_gap gap = {
        .first_seq = first->first_seq > s->confirmed ? first->first_seq : s->confirmed + 1,
        .next_seq = first->next_seq,
        .lines = w.lines,
        .first_ms = w.first_ms,
        .last_ms = w.last_ms,
    };
    spool_store_add_gap(&s->store, &gap, s->peeked + 1 < gap.first_seq);
    spool_store_unlink_first(&s->store);
    s->confirmed_end = SPOOL_HEADER_SIZE;
    s->peeked_end = 0;
}

/* Appending */

enum err spool_begin_stream(struct spool *s, struct error *e)
{
    s->confirmed = 0;
    s->confirmed_end = SPOOL_HEADER_SIZE;
    s->peeked = 0;
    s->peeked_end = 0;
    return spool_store_reset(&s->store, e);
}

static uint64_t segment_bytes(const struct spool *s)
{
    return s->store.max_bytes / SPOOL_SEGMENTS_GOAL;
}

static enum err make_room(struct spool *s, size_t size, struct error *e)
{
    const struct spool_segment *last = spool_store_last(&s->store);
    while (s->store.count > 1 &&
           (s->store.count == SPOOL_SEGMENTS_MAX || bytes_on_disk(s) + size > s->store.max_bytes)) {
        drop_first(s);
        last = spool_store_last(&s->store);
    }
    return last->end + size > segment_bytes(s) ? spool_store_roll(&s->store, e) : ERR_OK;
}

static enum err append(struct spool *s, const void *report, size_t size,
                       const struct spool_weight *weight, struct error *e)
{
    if (size > SPOOL_RECORD_MAX)
        return error_set(e, ERR_TOO_LARGE, "a report of %zu bytes", size);
    enum err err = ERR_OK;
    if (s->store.fd < 0)
        err = spool_begin_stream(s, e);
    if (err == ERR_OK)
        err = make_room(s, size + RECORD_OVERHEAD, e);
    if (err != ERR_OK)
        return err;
    struct spool_segment *last = spool_store_last(&s->store);
    struct record r = {.weight = *weight, .data = report, .size = size};
    s->store.is_dirty = true;
    err = record_file_append(s->store.fd, &last->end, &r, e);
    if (err == ERR_OK)
        last->next_seq++;
    return err;
}

/* A Lost report weighs what it tells of: dropped itself, its lines are still counted. */
static enum err append_lost(struct spool *s, struct error *e)
{
    if (s->lost_lines == 0)
        return ERR_OK;
    uint8_t packed[64];
    size_t size = spool_pack_lost(s->lost_lines, s->lost_first_ms, s->lost_last_ms, packed);
    struct spool_weight weight = {
        .lines = s->lost_lines < UINT32_MAX ? (uint32_t)s->lost_lines : UINT32_MAX,
        .first_ms = s->lost_first_ms,
        .last_ms = s->lost_last_ms,
    };
    enum err err = append(s, packed, size, &weight, e);
    if (err == ERR_OK)
        s->lost_lines = 0;
    return err;
}

void spool_append(struct spool *s, const void *report, size_t size,
                  const struct spool_weight *weight)
{
    struct error e;
    enum err err = append_lost(s, &e);
    if (err == ERR_OK)
        err = append(s, report, size, weight, &e);
    if (err == ERR_OK) {
        s->is_failing = false;
        return;
    }
    spool_lose(s, weight);
    spool_note_failure(s, &e);
}
