/* SPDX-License-Identifier: Apache-2.0 */
/* agent_codec: see agent_codec.h. */
#include "agent_codec.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert((int)HIVECAST__V1__TASK_STATE__TASK_STATE_TIMED_OUT == (int)TASK_TIMED_OUT,
               "states have the same numbers in core and on the wire");
_Static_assert((int)HIVECAST__V1__RUN_STATE__RUN_STATE_STOPPED == (int)RUN_STOPPED,
               "run states have the same numbers in core and on the wire");
_Static_assert((int)HIVECAST__V1__STAGE__STAGE_AGENT == (int)STAGE_AGENT,
               "stages have the same numbers in core and on the wire");
_Static_assert((int)HIVECAST__V1__ERROR_CODE__ERROR_CODE_SUPERSEDED == (int)ERR_SUPERSEDED,
               "error codes have the same numbers in core and on the wire");

static void copy_text(char *out, size_t size, const char *text)
{
    (void)snprintf(out, size, "%s", text);
}

static bool is_task_state(int state)
{
    return state >= TASK_PENDING && state < TASK_STATE_COUNT;
}

static enum run_state run_state_of(int state)
{
    return state >= 0 && state < RUN_STATE_COUNT ? (enum run_state)state : RUN_UNKNOWN;
}

static enum err code_of(int code)
{
    return code >= ERR_OK && code <= ERR_SUPERSEDED ? (enum err)code : ERR_INTERNAL;
}

enum err agent_codec_statuses(Hivecast__V1__TaskStatus *const *statuses, size_t count,
                              struct task_status **out, size_t *out_count, struct error *e)
{
    *out = NULL;
    *out_count = 0;
    if (count > TASK_STATUSES_MAX)
        return error_set(e, ERR_TOO_LARGE, "states of %zu tasks, at most %d are allowed", count,
                         TASK_STATUSES_MAX);
    if (count == 0)
        return ERR_OK;
    *out = calloc(count, sizeof(**out));
    if (*out == NULL)
        return error_set(e, ERR_NO_MEMORY, "states of %zu tasks", count);
    for (size_t i = 0; i < count; i++) {
        const Hivecast__V1__TaskStatus *from = statuses[i];
        if (!is_task_state((int)from->state) || strlen(from->task_id) >= TASK_ID_SIZE)
            continue;
        struct task_status *to = &(*out)[(*out_count)++];
        copy_text(to->task_id, sizeof(to->task_id), from->task_id);
        to->state = (enum task_state)from->state;
        to->run_state = run_state_of((int)from->run_state);
    }
    return ERR_OK;
}

static enum err read_location(const Hivecast__V1__Location *from, struct location *out,
                              struct error *e)
{
    if (from == NULL)
        return ERR_OK;
    if (!isfinite(from->latitude) || !isfinite(from->longitude) || fabs(from->latitude) > 90 ||
        fabs(from->longitude) > 180)
        return error_set(e, ERR_INVALID, "location: not a latitude and a longitude in degrees");
    *out = (struct location){
        .is_known = true, .latitude = from->latitude, .longitude = from->longitude};
    return ERR_OK;
}

enum err agent_codec_advertisement(const Hivecast__V1__HelloRequest *hello,
                                   struct advertisement *out, struct error *e)
{
    const Hivecast__V1__Advertisement *from = hello->advertisement;
    memset(out, 0, sizeof(*out));
    enum err err = read_location(from->location, &out->location, e);
    for (size_t i = 0; err == ERR_OK && i < from->n_tags; i++)
        err = tags_add(&out->tags, from->tags[i], e);
    if (err != ERR_OK)
        return err;
    copy_text(out->architecture, sizeof(out->architecture), from->architecture);
    copy_text(out->os, sizeof(out->os), from->os);
    copy_text(out->agent_version, sizeof(out->agent_version), hello->agent_version);
    out->disk_free_bytes = from->disk_free_bytes;
    out->memory_bytes = from->memory_bytes;
    out->stream_id = hello->stream_id;
    return ERR_OK;
}

static void read_acknowledgement(const Hivecast__V1__Acknowledgement *from, struct report *out)
{
    if (!is_task_state((int)from->state) || strlen(from->task_id) >= TASK_ID_SIZE)
        return;
    struct acknowledgement *to = &out->acknowledgement;
    out->kind = REPORT_ACKNOWLEDGEMENT;
    copy_text(to->task_id, sizeof(to->task_id), from->task_id);
    to->state = (enum task_state)from->state;
    to->run_state = run_state_of((int)from->run_state);
    to->exit_status = from->exit_status;
    to->code = code_of((int)from->code);
    copy_text(to->message, sizeof(to->message), from->message);
    to->has_digest = from->digest.len == DIGEST_BYTES;
    if (to->has_digest)
        memcpy(to->digest, from->digest.data, DIGEST_BYTES);
}

/* Returns how many lines it put at lines. */
static size_t read_log(const Hivecast__V1__Log *from, struct log_line *lines, struct report *out)
{
    int stage = (int)from->stage;
    if (stage <= STAGE_NONE || stage > STAGE_AGENT || strlen(from->task_id) >= TASK_ID_SIZE)
        return 0;
    for (size_t i = 0; i < from->n_lines; i++) {
        lines[i] = (struct log_line){.time_ms = from->lines[i]->time_ms,
                                     .output = from->lines[i]->output,
                                     .is_error = from->lines[i]->error,
                                     .is_event = from->lines[i]->event};
    }
    out->kind = REPORT_LOG;
    out->log = (struct log_batch){.task_id = from->task_id,
                                  .stage = (enum stage)stage,
                                  .command = from->command,
                                  .lines = lines,
                                  .count = from->n_lines};
    return from->n_lines;
}

static size_t read_report(const Hivecast__V1__Report *from, struct log_line *lines,
                          struct report *out)
{
    memset(out, 0, sizeof(*out));
    out->time_ms = from->time_ms;
    switch (from->what_case) {
    case HIVECAST__V1__REPORT__WHAT_ACKNOWLEDGEMENT:
        read_acknowledgement(from->acknowledgement, out);
        return 0;
    case HIVECAST__V1__REPORT__WHAT_LOG:
        return read_log(from->log, lines, out);
    case HIVECAST__V1__REPORT__WHAT_LOST:
        out->kind = REPORT_LOST;
        out->lost_lines = from->lost->lines;
        out->lost_first_ms = from->lost->first_time_ms;
        out->lost_last_ms = from->lost->last_time_ms;
        return 0;
    default:
        return 0;
    }
}

static size_t count_lines(Hivecast__V1__Report *const *reports, size_t count)
{
    size_t lines = 0;
    for (size_t i = 0; i < count; i++) {
        if (reports[i]->what_case == HIVECAST__V1__REPORT__WHAT_LOG)
            lines += reports[i]->log->n_lines;
    }
    return lines;
}

enum err report_slice_fill(struct report_slice *s, const Hivecast__V1__ReportRequest *request,
                           size_t first, struct error *e)
{
    size_t left = request->n_reports - first;
    size_t count = left < REPORT_SLICE ? left : REPORT_SLICE;
    size_t lines = count_lines(request->reports + first, count);
    report_slice_clear(s);
    s->lines = calloc(lines + 1, sizeof(*s->lines));
    if (s->lines == NULL)
        return error_set(e, ERR_NO_MEMORY, "%zu lines of output", lines);
    for (size_t i = 0, used = 0; i < count; i++)
        used += read_report(request->reports[first + i], s->lines + used, &s->reports[i]);
    s->count = count;
    return ERR_OK;
}

void report_slice_clear(struct report_slice *s)
{
    free(s->lines);
    s->lines = NULL;
    s->count = 0;
}
