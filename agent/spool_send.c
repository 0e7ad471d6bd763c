/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers are places: the n-th record of a segment has the number first_seq + n. What lies before
 * the first segment, or between two after damage, is a hole: for each number in it an empty report
 * is sent, and Lost for the last number of each gap, so that a gap that grows while it is being
 * sent is told right. */
#include "hivecast/v1/manager.pb-c.h"
#include "log.h"
#include "spool_state.h"

enum { ROLL_CONFIRMED_BYTES = 256 * 1024, ELEMENT_HEAD_MAX = 6 };

size_t spool_pack_lost(uint64_t lines, int64_t first_ms, int64_t last_ms, uint8_t out[static 64])
{
    Hivecast__V1__Lost lost = HIVECAST__V1__LOST__INIT;
    lost.lines = lines;
    lost.first_time_ms = first_ms;
    lost.last_time_ms = last_ms;
    Hivecast__V1__Report report = HIVECAST__V1__REPORT__INIT;
    report.time_ms = last_ms;
    report.what_case = HIVECAST__V1__REPORT__WHAT_LOST;
    report.lost = &lost;
    return hivecast__v1__report__pack(&report, out); /* four numbers: at most 52 bytes */
}

/* Sending */

struct taking {
    struct bytes *out;
    size_t max;
    size_t count;
    uint64_t next_end; /* after the last one taken */
    enum err err;
    struct error *e;
};

/* As an element of ReportRequest.reports. False when it does not fit. */
static bool take(struct taking *t, const void *report, size_t size)
{
    uint8_t head[ELEMENT_HEAD_MAX] = {0x1a};
    size_t used = 1;
    for (size_t rest = size; used == 1 || rest > 0; rest >>= 7)
        head[used++] = (uint8_t)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    if (t->count > 0 && t->out->size + used + size > t->max)
        return false;
    t->err = bytes_append(t->out, head, used, t->e);
    if (t->err == ERR_OK && size > 0)
        t->err = bytes_append(t->out, report, size, t->e);
    if (t->err != ERR_OK)
        return false;
    t->count++;
    return true;
}

static bool take_record(void *arg, uint64_t offset, const struct record *r)
{
    struct taking *t = arg;
    if (!take(t, r->data, r->size))
        return false;
    t->next_end = offset + RECORD_OVERHEAD + r->size;
    return true;
}

/* Numbers [seq, end) without reports. */
static void take_hole(const struct spool *s, uint64_t seq, uint64_t end, struct taking *t)
{
    size_t g = 0;
    for (; seq < end; seq++) {
        uint8_t packed[64];
        size_t size = 0;
        while (g < s->store.gap_count && s->store.gaps[g].next_seq <= seq)
            g++;
        const struct spool_gap *gap = g < s->store.gap_count ? &s->store.gaps[g] : NULL;
        if (gap != NULL && gap->next_seq == seq + 1 && gap->lines > 0)
            size = spool_pack_lost(gap->lines, gap->first_ms, gap->last_ms, packed);
        if (!take(t, packed, size))
            return;
    }
}

struct walk {
    uint64_t left;
};

static bool walk_on(void *arg, uint64_t offset, const struct record *r)
{
    (void)offset;
    (void)r;
    struct walk *w = arg;
    return w->left-- > 0;
}

/* Where the record with the number begins, in a segment that has it or ends before it. */
static enum err find_place(const struct spool *s, const struct spool_segment *segment, uint64_t seq,
                           uint64_t *place, struct error *e)
{
    if (seq == segment->first_seq) {
        *place = SPOOL_HEADER_SIZE;
        return ERR_OK;
    }
    bool is_first = segment == &s->store.segments[0];
    if (is_first && seq == s->peeked + 1 && s->peeked_end != 0) {
        *place = s->peeked_end;
        return ERR_OK;
    }
    struct walk w = {.left = seq - segment->first_seq};
    return spool_store_read(&s->store, segment, SPOOL_HEADER_SIZE, walk_on, &w, place, e);
}

/* The segment that has the number, or the next one after it. */
static size_t segment_of(const struct spool *s, uint64_t seq)
{
    size_t i = 0;
    while (i + 1 < s->store.count && s->store.segments[i].next_seq <= seq)
        i++;
    return i;
}

static enum err take_from_segment(struct spool *s, size_t i, uint64_t seq, struct taking *t)
{
    const struct spool_segment *segment = &s->store.segments[i];
    uint64_t from = s->confirmed_end;
    enum err err = ERR_OK;
    if (i > 0)
        err = find_place(s, segment, seq, &from, t->e);
    uint64_t end;
    if (err == ERR_OK)
        err = spool_store_read(&s->store, segment, from, take_record, t, &end, t->e);
    return err == ERR_OK ? t->err : err;
}

/* What was whole when it was opened cannot be read any more: the rest of the segment becomes a
 * hole. */
static enum err give_up_rest(struct spool *s, size_t i, uint64_t seq, struct error *e)
{
    log_error("reports from %llu on are damaged", (unsigned long long)seq);
    enum err err = i + 1 == s->store.count ? spool_store_roll(&s->store, e) : ERR_OK;
    if (err == ERR_OK)
        s->store.segments[i].next_seq = seq;
    return err;
}

enum err spool_peek(struct spool *s, size_t max, struct bytes *out, uint64_t *first_seq,
                    size_t *count, struct error *e)
{
    uint64_t seq = s->confirmed + 1;
    struct taking t = {.out = out, .max = max, .e = e};
    *first_seq = seq;
    *count = 0;
    if (seq == spool_store_last(&s->store)->next_seq)
        return ERR_OK;
    enum err err = spool_store_sync(&s->store, e);
    if (err != ERR_OK)
        return err;
    size_t i = segment_of(s, seq);
    if (seq < s->store.segments[i].first_seq)
        take_hole(s, seq, s->store.segments[i].first_seq, &t);
    else
        err = take_from_segment(s, i, seq, &t);
    if (err == ERR_OK && t.err == ERR_OK && t.count == 0) {
        err = give_up_rest(s, i, seq, e);
        return err == ERR_OK ? spool_peek(s, max, out, first_seq, count, e) : err;
    }
    if (err != ERR_OK || t.err != ERR_OK)
        return err != ERR_OK ? err : t.err;
    if (s->peeked < seq + t.count - 1)
        s->peeked = seq + t.count - 1;
    s->peeked_end = i == 0 && s->peeked == seq + t.count - 1 ? t.next_end : 0;
    *count = t.count;
    return ERR_OK;
}

/* Confirming */

/* The manager knows another past of this stream than we do (one of us was set back): what is kept
 * could not be told from what it has. */
static void begin_anew(struct spool *s, uint64_t stored_seq)
{
    log_warn("the manager has reports up to %llu, but %llu were confirmed: a new stream begins",
             (unsigned long long)stored_seq, (unsigned long long)s->confirmed);
    for (size_t i = 0; i < s->store.count; i++) {
        struct weighing w = spool_weigh_segment(s, i);
        struct spool_weight weight = {
            .lines = (uint32_t)w.lines, .first_ms = w.first_ms, .last_ms = w.last_ms};
        spool_lose(s, &weight);
    }
    struct error e;
    if (spool_begin_stream(s, &e) != ERR_OK)
        spool_note_failure(s, &e);
}

static void find_confirmed_end(struct spool *s)
{
    struct error e;
    uint64_t place = SPOOL_HEADER_SIZE;
    if (find_place(s, &s->store.segments[0], s->confirmed + 1, &place, &e) != ERR_OK)
        log_warn("reports: %s", e.text);
    s->confirmed_end = place;
}

void spool_confirm(struct spool *s, uint64_t stored_seq)
{
    if (stored_seq == s->confirmed)
        return;
    if (stored_seq < s->confirmed || stored_seq >= spool_store_last(&s->store)->next_seq) {
        begin_anew(s, stored_seq);
        return;
    }
    s->confirmed = stored_seq;
    const struct spool_segment *last = spool_store_last(&s->store);
    struct error e;
    if (stored_seq + 1 == last->next_seq && last->end > ROLL_CONFIRMED_BYTES &&
        spool_store_roll(&s->store, &e) != ERR_OK)
        log_warn("reports: %s", e.text);
    while (s->store.count > 1 && s->store.segments[0].next_seq <= stored_seq + 1) {
        spool_store_unlink_first(&s->store);
        s->peeked_end = 0;
    }
    spool_store_confirm_gaps(&s->store, stored_seq);
    if (s->store.segments[0].first_seq > stored_seq)
        s->confirmed_end = SPOOL_HEADER_SIZE;
    else
        find_confirmed_end(s);
}
