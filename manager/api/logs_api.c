/* SPDX-License-Identifier: Apache-2.0 */
/* Handler of /logs: rows as JSON, or as lines of text for people and pipes. */
#include <string.h>

#include "clock.h"
#include "handlers.h"
#include "model_json.h"

static enum err decode_stage(struct query_params *q, enum stage *out, struct error *e)
{
    const char *text = params_text(q, "stage");
    if (text == NULL)
        return ERR_OK;
    *out = stage_from_name(text);
    if (*out == STAGE_NONE)
        return error_set(e, ERR_INVALID, "stage: there is no stage %.32s", text);
    return ERR_OK;
}

static enum err decode_order(struct query_params *q, struct log_query *out, struct error *e)
{
    static const struct params_sort sorts[] = {{"received", LOG_SORT_RECEIVED},
                                               {"time", LOG_SORT_TIME},
                                               {"target", LOG_SORT_TARGET},
                                               {"task", LOG_SORT_TASK}};
    int sort = LOG_SORT_RECEIVED;
    bool is_descending = true;
    enum err err = params_sort(q, sorts, 4, &sort, &is_descending, e);
    out->sort = (enum log_sort)sort;
    out->is_ascending = !is_descending;
    return err;
}

static enum err decode_query(struct query_params *q, struct log_query *out, struct error *e)
{
    out->command = params_text(q, "command");
    out->text = params_text(q, "text");
    enum err err = params_id(q, "target", &out->target_id, e);
    if (err == ERR_OK)
        err = params_id(q, "task", &out->task_id, e);
    if (err == ERR_OK)
        err = decode_stage(q, &out->stage, e);
    if (err == ERR_OK)
        err = params_bool(q, "error", &out->has_error, &out->is_error, e);
    if (err == ERR_OK)
        err = params_time(q, "from", &out->from_ms, e);
    if (err == ERR_OK)
        err = params_time(q, "to", &out->to_ms, e);
    if (err == ERR_OK)
        err = decode_order(q, out, e);
    if (err == ERR_OK)
        err = params_page(q, &out->page, e);
    return err == ERR_OK ? params_end(q, e) : err;
}

static bool append_json(void *arg, const struct log_row *row)
{
    return json_array_append_new(arg, model_json_log_row(row)) == 0;
}

static bool append_text(struct bytes *out, const char *text, const char *end)
{
    return bytes_append(out, text, strlen(text), NULL) == ERR_OK &&
           bytes_append(out, end, strlen(end), NULL) == ERR_OK;
}

/* time target task stage [command] output */
static bool append_line(void *arg, const struct log_row *row)
{
    char time[TIME_TEXT_SIZE];
    const char *stage = stage_name(row->stage);
    clock_format(row->line.time_ms, time);
    return append_text(arg, time, " ") && append_text(arg, row->target_id, " ") &&
           append_text(arg, *row->task_id != '\0' ? row->task_id : "-", " ") &&
           append_text(arg, stage != NULL ? stage : "agent", " [") &&
           append_text(arg, row->command, row->line.is_error ? "] ! " : "] ") &&
           append_text(arg, row->line.output, "\n");
}

static bool wants_text(const char *accept)
{
    const char *text = accept != NULL ? strstr(accept, "text/plain") : NULL;
    const char *json = accept != NULL ? strstr(accept, "application/json") : NULL;
    return text != NULL && (json == NULL || text < json);
}

enum err logs_list(struct api *api, struct api_request *in, struct api_reply *out, struct error *e)
{
    AUTO(reader_return) struct reader reader = {0};
    struct log_query q = {0};
    enum err err = decode_query(&in->query, &q, e);
    if (err == ERR_OK)
        err = reader_take(api->readers, &reader, e);
    if (err != ERR_OK)
        return err;
    if (wants_text(in->accept)) {
        out->type = "text/plain; charset=utf-8";
        out->has_total_count = true;
        return store_log_query(reader.store, &q, &out->total_count, append_line, &out->text, e);
    }
    AUTO(json_decref) json_t *items = json_array();
    uint64_t total = 0;
    err = store_log_query(reader.store, &q, &total, append_json, items, e);
    if (err == ERR_INVALID)
        return error_wrap(e, err, "text");
    if (err != ERR_OK)
        return err;
    return api_reply_json(out, 200, model_json_list(total, TAKE(items), q.page), e);
}
