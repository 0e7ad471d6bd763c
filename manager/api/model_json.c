/* SPDX-License-Identifier: Apache-2.0 */
#include "model_json.h"

#include <string.h>

#include "clock.h"
#include "keys.h"

AUTO_DEFINE(json_t *, json_decref)

bool model_json_put(json_t *object, const char *key, json_t *take_value)
{
    return json_object_set_new(object, key, take_value) == 0;
}

json_t *model_json_text(const char *text)
{
    json_t *json = json_string(text);
    if (json != NULL)
        return json;
    AUTO_FREE char *copy = strdup(text);
    if (copy == NULL)
        return NULL;
    for (char *c = copy; *c != '\0'; c++) {
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    }
    return json_string(copy);
}

json_t *model_json_time(int64_t wall_ms)
{
    char text[TIME_TEXT_SIZE];
    clock_format(wall_ms, text);
    return json_string(text);
}

json_t *model_json_tags(const struct tags *tags)
{
    AUTO(json_decref) json_t *list = json_array();
    char tag[TAG_MAX + 1];
    for (size_t i = 0; tags_at(tags, i, tag); i++) {
        if (json_array_append_new(list, json_string(tag)) != 0)
            return NULL;
    }
    return TAKE(list);
}

json_t *model_json_target(const struct target *t)
{
    char key[KEY_Z85_SIZE];
    keys_z85_encode(t->public_key, key);
    AUTO(json_decref)
    json_t *json = json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:b, s:I, s:I, s:o}", "id", t->id, "publicKey", key, "tags",
        model_json_tags(&t->tags), "architecture", model_json_text(t->architecture), "os",
        model_json_text(t->os), "agentVersion", model_json_text(t->agent_version), "online",
        t->is_online, "diskFree", (json_int_t)t->disk_free_bytes, "memory",
        (json_int_t)t->memory_bytes, "registered", model_json_time(t->registered_ms));
    if (json == NULL)
        return NULL;
    if (t->last_seen_ms != 0 && !model_json_put(json, "lastSeen", model_json_time(t->last_seen_ms)))
        return NULL;
    if (t->location.is_known &&
        !model_json_put(json, "location",
                        json_pack("{s:f, s:f}", "latitude", t->location.latitude, "longitude",
                                  t->location.longitude)))
        return NULL;
    return TAKE(json);
}

/* Why a row is as it is, where there is a reason. */
static bool put_reason(json_t *json, const struct task_target *row)
{
    if (row->run_state == RUN_EXITED &&
        !model_json_put(json, "exitStatus", json_integer(row->exit_status)))
        return false;
    if (row->code != ERR_OK && !model_json_put(json, "code", json_string(err_name(row->code))))
        return false;
    return row->message[0] == '\0' ||
           model_json_put(json, "message", model_json_text(row->message));
}

json_t *model_json_row(const struct task_target *row)
{
    AUTO(json_decref)
    json_t *json =
        json_pack("{s:s, s:s, s:I, s:s*, s:s*, s:b, s:o}", "task", row->task_id, "app", row->app,
                  "version", (json_int_t)row->version, "state", task_state_name(row->state),
                  "runState", run_state_name(row->run_state), "stopWanted", row->stop_wanted,
                  "since", model_json_time(row->since_ms));
    if (json == NULL || !put_reason(json, row))
        return NULL;
    if (row->target_id[0] != '\0' && !model_json_put(json, "target", json_string(row->target_id)))
        return NULL;
    return TAKE(json);
}

json_t *model_json_counts(const struct task_counts *counts)
{
    AUTO(json_decref) json_t *states = json_object();
    AUTO(json_decref) json_t *runs = json_object();
    for (int i = 0; i < TASK_STATE_COUNT; i++) {
        if (counts->states[i] != 0 && !model_json_put(states, task_state_name((enum task_state)i),
                                                      json_integer((json_int_t)counts->states[i])))
            return NULL;
    }
    for (int i = 0; i < RUN_STATE_COUNT; i++) {
        if (counts->runs[i] != 0 && !model_json_put(runs, run_state_name((enum run_state)i),
                                                    json_integer((json_int_t)counts->runs[i])))
            return NULL;
    }
    return json_pack("{s:I, s:O, s:O}", "total", (json_int_t)counts->total, "states", states,
                     "runs", runs);
}

static json_t *package_json(const struct package_info *p)
{
    char digest[2 * DIGEST_BYTES + 1];
    keys_hex(p->digest, DIGEST_BYTES, digest);
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "digest", digest, "entryCount",
                     (json_int_t)p->entry_count, "chunkCount", (json_int_t)p->chunk_count,
                     "contentSize", (json_int_t)p->content_size, "sealedSize",
                     (json_int_t)p->sealed_size, "manifestSize", (json_int_t)p->manifest_size);
}

json_t *model_json_task(const struct task *t)
{
    AUTO(json_decref)
    json_t *json =
        json_pack("{s:s, s:I, s:s, s:s, s:b, s:b, s:o}", "id", t->id, "version",
                  (json_int_t)t->version, "description", t->description, "app", t->app, "debug",
                  t->debug, "stopped", t->is_stopped, "created", model_json_time(t->created_ms));
    if (json == NULL)
        return NULL;
    if (t->has_package && !model_json_put(json, "package", package_json(&t->package)))
        return NULL;
    return TAKE(json);
}

json_t *model_json_log_row(const struct log_row *row)
{
    const char *stage = stage_name(row->stage);
    return json_pack("{s:I, s:o, s:s, s:s, s:s, s:o, s:o, s:b, s:b}", "id", (json_int_t)row->id,
                     "time", model_json_time(row->line.time_ms), "target", row->target_id, "task",
                     row->task_id, "stage", stage != NULL ? stage : "agent", "command",
                     model_json_text(row->command), "output", model_json_text(row->line.output),
                     "error", row->line.is_error, "event", row->line.is_event);
}

json_t *model_json_token_set(const struct token_set *set)
{
    return json_pack("{s:s, s:i, s:i, s:o, s:o}", "name", set->name, "total", (int)set->total,
                     "available", (int)set->available, "created", model_json_time(set->created_ms),
                     "expires", model_json_time(set->expires_ms));
}

static json_t *batch_json(const struct log_batch *log)
{
    AUTO(json_decref) json_t *lines = json_array();
    for (size_t i = 0; i < log->count; i++) {
        const struct log_line *line = &log->lines[i];
        json_t *json = json_pack("{s:o, s:o, s:b, s:b}", "time", model_json_time(line->time_ms),
                                 "output", model_json_text(line->output), "error", line->is_error,
                                 "event", line->is_event);
        if (json_array_append_new(lines, json) != 0)
            return NULL;
    }
    const char *stage = stage_name(log->stage);
    return json_pack("{s:s, s:s, s:s, s:o, s:O}", "target", log->target_id, "task", log->task_id,
                     "stage", stage != NULL ? stage : "agent", "command",
                     model_json_text(log->command), "lines", lines);
}

json_t *model_json_event(const struct event *event)
{
    AUTO(json_decref) json_t *data = NULL;
    if (event->target != NULL)
        data = model_json_target(event->target);
    else if (event->row != NULL)
        data = model_json_row(event->row);
    else if (event->log != NULL)
        data = batch_json(event->log);
    if (data == NULL || (event->is_removed && !model_json_put(data, "removed", json_true())))
        return NULL;
    return json_pack("{s:I, s:o, s:s, s:O}", "seq", (json_int_t)event->seq, "time",
                     model_json_time(event->time_ms), "topic", event_topic_name(event->topic),
                     "data", data);
}

json_t *model_json_list(uint64_t total, json_t *take_items, struct page page)
{
    return json_pack("{s:I, s:o, s:i, s:i}", "total", (json_int_t)total, "items", take_items,
                     "page", (int)page.number, "perPage", (int)page.size);
}
