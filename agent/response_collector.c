/* SPDX-License-Identifier: Apache-2.0 */
#include "response_collector.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "hivecast/v1/manager.pb-c.h"
#include "line_splitter.h"
#include "log.h"
#include "log_batch.h"

enum {
    BATCHES_MAX = 8,
    FLUSH_MS = 1000,
    /* Output is held back from a half of the spool to a quarter, in eighths of it. */
    PRESSURE_HIGH = 4,
    PRESSURE_LOW = 2,
    STALL_MS = 3000,
};

struct response_collector {
    struct loop *loop;
    struct spool *spool;
    struct output_ring *ring;
    struct response_collector_host host;
    struct log_batch *batches; /* in the order of their first lines */
    size_t batch_count;
    struct bytes packed;
    struct loop_timer flush_timer;
    struct loop_work flush_work;   /* at the end of this turn */
    struct loop_timer stall_timer; /* how long output may be held back without progress */
    bool is_online;
    bool is_high;
    bool is_stalled; /* was held back for too long; until there is progress */
};

enum err response_collector_new(struct loop *loop, struct spool *spool, struct output_ring *ring,
                                const struct response_collector_host *host,
                                struct response_collector **out, struct error *e)
{
    struct response_collector *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for reports");
    c->loop = loop;
    c->spool = spool;
    c->ring = ring;
    c->host = *host;
    *out = c;
    return ERR_OK;
}

/* Pressure */

static void set_high(struct response_collector *c, bool is_high)
{
    if (c->is_high == is_high)
        return;
    c->is_high = is_high;
    if (c->host.pressure != NULL)
        c->host.pressure(c->host.arg, is_high);
}

static void on_stall(void *arg)
{
    struct response_collector *c = arg;
    log_warn("the manager does not confirm reports: output is not held back any longer");
    c->is_stalled = true;
    set_high(c, false);
}

static void check_pressure(struct response_collector *c)
{
    uint64_t pending = spool_pending_bytes(c->spool);
    uint64_t eighth = spool_max_bytes(c->spool) / 8;
    bool is_high = pending > eighth * (c->is_high ? PRESSURE_LOW : PRESSURE_HIGH);
    is_high = is_high && c->is_online && !c->is_stalled;
    if (is_high && !loop_timer_is_started(&c->stall_timer))
        loop_timer_start(c->loop, &c->stall_timer, STALL_MS, on_stall, c);
    if (!is_high)
        loop_timer_stop(&c->stall_timer);
    set_high(c, is_high);
}

void response_collector_set_online(struct response_collector *c, bool is_online)
{
    c->is_online = is_online;
    c->is_stalled = false;
    check_pressure(c);
}

/* Batches */

static void write_batch(struct response_collector *c, const struct log_batch *b)
{
    struct error e;
    c->packed.size = 0;
    if (log_batch_pack(b, &c->packed, &e) != ERR_OK) {
        log_warn("%u lines of output are lost: %s", b->weight.lines, e.text);
        spool_lose(c->spool, &b->weight);
        return;
    }
    if (b->is_sent)
        spool_append(c->spool, c->packed.data, c->packed.size, &b->weight);
    else
        output_ring_append(c->ring, b->task_id, c->packed.data, c->packed.size, &b->weight);
}

static bool write_first(struct response_collector *c)
{
    struct log_batch *b = c->batches;
    bool is_sent = b->is_sent;
    c->batches = b->next;
    c->batch_count--;
    write_batch(c, b);
    log_batch_free(b);
    return is_sent;
}

static void tell_ready(struct response_collector *c)
{
    check_pressure(c);
    if (c->host.ready != NULL)
        c->host.ready(c->host.arg);
}

/* Whether there is something new to send. */
static bool write_all(struct response_collector *c)
{
    loop_timer_stop(&c->flush_timer);
    loop_work_stop(&c->flush_work);
    bool has_sent = false;
    while (c->batches != NULL)
        has_sent = write_first(c) || has_sent;
    bytes_clear(&c->packed);
    return has_sent;
}

void response_collector_flush(struct response_collector *c)
{
    if (write_all(c))
        tell_ready(c);
}

/* What is sent is synced before; nobody else does it while the manager is away. */
static void on_flush(void *arg)
{
    struct response_collector *c = arg;
    response_collector_flush(c);
    if (!c->is_online)
        spool_sync(c->spool);
}

static bool on_flush_work(void *arg)
{
    response_collector_flush(arg);
    return false;
}

/* A full batch goes on its own; the order of the others does not depend on it. */
static void write_full(struct response_collector *c, struct log_batch *b)
{
    struct log_batch **place = &c->batches;
    while (*place != b)
        place = &(*place)->next;
    *place = b->next;
    b->next = c->batches;
    c->batches = b;
    if (write_first(c))
        tell_ready(c);
}

static struct log_batch *find_batch(const struct response_collector *c,
                                    const struct log_source *source, bool is_sent)
{
    struct log_batch *b = c->batches;
    while (b != NULL && !log_batch_is_of(b, source, is_sent))
        b = b->next;
    return b;
}

static struct log_batch *open_batch(struct response_collector *c, const struct log_source *source,
                                    bool is_sent)
{
    if (c->batch_count == BATCHES_MAX)
        response_collector_flush(c);
    struct log_batch *b = log_batch_new(source, is_sent);
    if (b == NULL)
        return NULL;
    struct log_batch **end = &c->batches;
    while (*end != NULL)
        end = &(*end)->next;
    *end = b;
    c->batch_count++;
    return b;
}

static void add(struct response_collector *c, const struct log_source *source,
                const struct log_text *line, size_t size)
{
    bool is_terminal = source->stage == STAGE_TERMINAL;
    bool is_sent = source->is_debug || line->is_error || line->is_event || is_terminal;
    bool is_urgent = line->is_error || is_terminal;
    struct log_batch *b = find_batch(c, source, is_sent);
    if (b != NULL && !log_batch_has_room(b, size)) {
        write_full(c, b);
        b = NULL;
    }
    if (b == NULL)
        b = open_batch(c, source, is_sent);
    struct error e;
    if (b == NULL || log_batch_add(b, line, &e) != ERR_OK) {
        struct spool_weight one = {1, line->time_ms, line->time_ms};
        spool_lose(c->spool, &one);
        return;
    }
    if (is_urgent)
        loop_work_start(c->loop, &c->flush_work, on_flush_work, c);
    else if (!loop_timer_is_started(&c->flush_timer))
        loop_timer_start(c->loop, &c->flush_timer, FLUSH_MS, on_flush, c);
}

void response_collector_output(struct response_collector *c, const struct log_source *source,
                               const char *text, size_t size, bool is_error)
{
    struct log_text line = {.time_ms = clock_wall_ms(), .text = text, .is_error = is_error};
    add(c, source, &line, size);
}

/* Events */

struct event {
    struct response_collector *collector;
    const struct log_source *source;
    struct log_text line;
    bool is_told;
};

static void tell_event(void *arg, const char *text, size_t size)
{
    struct event *event = arg;
    if (event->is_told)
        return;
    event->is_told = true;
    event->line.text = text;
    add(event->collector, event->source, &event->line, size);
}

void response_collector_event(struct response_collector *c, const struct log_source *source,
                              bool is_error, const char *fmt, ...)
{
    char text[LINE_MAX_BYTES];
    va_list args;
    va_start(args, fmt);
    int size = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (size < 0)
        return;
    /* A command of several lines stays one line. */
    for (char *at = text; *at != '\0'; at++) {
        if (*at == '\n' || *at == '\r')
            *at = ' ';
    }
    struct event event = {
        .collector = c,
        .source = source,
        .line = {.time_ms = clock_wall_ms(), .is_error = is_error, .is_event = true},
    };
    struct line_splitter splitter = {0};
    line_splitter_feed(&splitter, text, strlen(text), tell_event, &event);
    line_splitter_flush(&splitter, tell_event, &event);
}

/* Acknowledgements */

static void keep_text(void *arg, const char *text, size_t size)
{
    char *out = arg;
    if (out[0] == '\0')
        memcpy(out, text, size + 1);
}

static enum err pack_acknowledgement(const struct acknowledgement *a, struct bytes *out,
                                     struct error *e)
{
    Hivecast__V1__Acknowledgement wire = HIVECAST__V1__ACKNOWLEDGEMENT__INIT;
    wire.task_id = (char *)(uintptr_t)a->task_id;
    wire.state = (Hivecast__V1__TaskState)a->state;
    wire.run_state = (Hivecast__V1__RunState)a->run_state;
    wire.code = (Hivecast__V1__ErrorCode)a->code;
    /* It may hold names of files and output, and be cut within a character. */
    char message[LINE_MAX_BYTES + 1] = "";
    struct line_splitter splitter = {0};
    line_splitter_feed(&splitter, a->message, strnlen(a->message, sizeof(a->message)), keep_text,
                       message);
    line_splitter_flush(&splitter, keep_text, message);
    wire.message = message;
    wire.exit_status = a->exit_status;
    if (a->has_digest) {
        wire.digest.data = (uint8_t *)(uintptr_t)a->digest;
        wire.digest.len = sizeof(a->digest);
    }
    Hivecast__V1__Report report = HIVECAST__V1__REPORT__INIT;
    report.time_ms = clock_wall_ms();
    report.what_case = HIVECAST__V1__REPORT__WHAT_ACKNOWLEDGEMENT;
    report.acknowledgement = &wire;
    enum err err = bytes_reserve(out, hivecast__v1__report__get_packed_size(&report), e);
    if (err == ERR_OK)
        out->size += hivecast__v1__report__pack(&report, out->data + out->size);
    return err;
}

void response_collector_acknowledge(struct response_collector *c, const struct acknowledgement *a)
{
    (void)write_all(c);
    const struct spool_weight none = {0};
    struct error e;
    if (pack_acknowledgement(a, &c->packed, &e) != ERR_OK) {
        log_warn("task %s: an acknowledgement is left to reconciliation: %s", a->task_id, e.text);
        return;
    }
    spool_append(c->spool, c->packed.data, c->packed.size, &none);
    bytes_clear(&c->packed);
    if (!c->is_online)
        spool_sync(c->spool);
    tell_ready(c);
}

enum err response_collector_send_kept(struct response_collector *c, const char *task_id,
                                      struct error *e)
{
    (void)write_all(c);
    enum err err = output_ring_move(c->ring, task_id, c->spool, e);
    tell_ready(c);
    return err;
}

/* For the sender */

enum err response_collector_peek(struct response_collector *c, size_t max, struct bytes *out,
                                 uint64_t *first_seq, size_t *count, struct error *e)
{
    return spool_peek(c->spool, max, out, first_seq, count, e);
}

void response_collector_confirm(struct response_collector *c, uint64_t stored_seq)
{
    spool_confirm(c->spool, stored_seq);
    c->is_stalled = false;
    loop_timer_stop(&c->stall_timer);
    check_pressure(c);
}

uint64_t response_collector_stream_id(const struct response_collector *c)
{
    return spool_stream_id(c->spool);
}

void response_collector_free(struct response_collector *c)
{
    if (c == NULL)
        return;
    c->host = (struct response_collector_host){0};
    response_collector_flush(c);
    loop_timer_stop(&c->stall_timer);
    bytes_clear(&c->packed);
    free(c);
}
