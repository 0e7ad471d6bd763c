/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers of /targets, but for the patch of many (targets_patch.c). */
#include <string.h>

#include "handlers.h"
#include "json_fields.h"
#include "model_json.h"

enum { TASKS_OF_TARGET_MAX = 100 };

/* What a call into core needs; result members are filled there. */
struct target_call {
    struct core *core;
    const char *id;
    struct target target;
};

/* Calls fn on the core thread with a target_call. */
static enum err call(struct api *api, mailbox_fn *fn, struct target_call *c, struct error *e)
{
    c->core = api->config.core;
    return mailbox_call(api->mailbox, fn, c, e);
}

static enum err find(struct core *core, const char *id, const struct target **out, struct error *e)
{
    *out = registry_find(core->registry, id);
    return *out != NULL ? ERR_OK : error_set(e, ERR_NOT_FOUND, "no target %s", id);
}

struct list_call {
    struct core *core;
    struct target_query query;
    uint64_t total;
    struct target *items;
    size_t count;
};

static bool copy_target(void *arg, const struct target *t)
{
    struct list_call *c = arg;
    if (c->count < c->query.page.size)
        c->items[c->count++] = *t;
    return true;
}

static enum err list_in_core(void *arg, struct error *e)
{
    struct list_call *c = arg;
    return registry_query(c->core->registry, &c->query, &c->total, copy_target, c, e);
}

static enum err decode_query(struct query_params *q, struct target_query *out, struct error *e)
{
    static const struct params_sort sorts[] = {{"id", TARGET_SORT_ID},
                                               {"registered", TARGET_SORT_REGISTERED},
                                               {"lastSeen", TARGET_SORT_LAST_SEEN}};
    int sort = TARGET_SORT_ID;
    struct error why = {0};
    const char *tags = params_text(q, "tags");
    if (tags != NULL && tags_parse(&out->tags, tags, &why) != ERR_OK)
        return error_set(e, ERR_INVALID, "tags: %.200s", why.text);
    out->id = params_text(q, "id");
    enum err err = params_bool(q, "online", &out->has_online, &out->is_online, e);
    if (err == ERR_OK)
        err = params_sort(q, sorts, 3, &sort, &out->is_descending, e);
    if (err == ERR_OK)
        err = params_page(q, &out->page, e);
    out->sort = (enum target_sort)sort;
    return err == ERR_OK ? params_end(q, e) : err;
}

static json_t *encode_targets(const struct list_call *c)
{
    AUTO(json_decref) json_t *items = json_array();
    for (size_t i = 0; i < c->count; i++) {
        if (json_array_append_new(items, model_json_target(&c->items[i])) != 0)
            return NULL;
    }
    return model_json_list(c->total, TAKE(items), c->query.page);
}

enum err targets_list(struct api *api, struct api_request *in, struct api_reply *out,
                      struct error *e)
{
    struct list_call c = {.core = api->config.core};
    enum err err = decode_query(&in->query, &c.query, e);
    if (err != ERR_OK)
        return err;
    AUTO_FREE struct target *items = calloc(c.query.page.size, sizeof(*items));
    if (items == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for a page of targets");
    c.items = items;
    err = mailbox_call(api->mailbox, list_in_core, &c, e);
    return err == ERR_OK ? api_reply_json(out, 200, encode_targets(&c), e) : err;
}

static enum err get_in_core(void *arg, struct error *e)
{
    struct target_call *c = arg;
    const struct target *t = NULL;
    enum err err = find(c->core, c->id, &t, e);
    if (err == ERR_OK)
        c->target = *t;
    return err;
}

static bool append_row(void *arg, const struct task_target *row)
{
    return json_array_append_new(arg, model_json_row(row)) == 0;
}

enum err target_get(struct api *api, struct api_request *in, struct api_reply *out, struct error *e)
{
    struct target_call c = {.id = in->id};
    AUTO(reader_return) struct reader reader = {0};
    AUTO(json_decref) json_t *rows = json_array();
    enum err err = call(api, get_in_core, &c, e);
    if (err == ERR_OK)
        err = reader_take(api->readers, &reader, e);
    if (err == ERR_OK)
        err = store_row_of_target(reader.store, in->id, TASKS_OF_TARGET_MAX, append_row, rows, e);
    if (err != ERR_OK)
        return err;
    json_t *json = model_json_target(&c.target);
    if (json != NULL && json_object_set(json, "tasks", rows) != 0)
        return error_set(e, ERR_NO_MEMORY, "no memory for the reply");
    return api_reply_json(out, 200, json, e);
}

struct update {
    struct target_call call; /* first: get_in_core reads it */
    bool has_tags;
    struct tags tags;
    bool has_location;
    struct location location;
};

static enum err decode_new_tags(json_t *value, const char *path, void *out, struct error *e)
{
    struct update *u = out;
    u->has_tags = true;
    return json_decode_tags(value, path, &u->tags, e);
}

/* null: no location. */
static enum err decode_new_location(json_t *value, const char *path, void *out, struct error *e)
{
    struct update *u = out;
    u->has_location = true;
    return json_is_null(value) ? ERR_OK : json_decode_location(value, path, &u->location, e);
}

static enum err update_in_core(void *arg, struct error *e)
{
    struct update *u = arg;
    enum err err = get_in_core(&u->call, e);
    if (err == ERR_OK)
        err = registry_update(u->call.core->registry, u->call.id, u->has_tags ? &u->tags : NULL,
                              u->has_location ? &u->location : NULL, e);
    return err == ERR_OK ? get_in_core(&u->call, e) : err;
}

enum err target_put(struct api *api, struct api_request *in, struct api_reply *out, struct error *e)
{
    static const struct json_field fields[] = {
        {"tags", decode_new_tags, 0, false},
        {"location", decode_new_location, 0, false},
    };
    struct update u = {.call = {.core = api->config.core, .id = in->id}};
    enum err err = json_decode_object(in->body, "", fields, 2, &u, e);
    if (err == ERR_OK)
        err = mailbox_call(api->mailbox, update_in_core, &u, e);
    return err == ERR_OK ? api_reply_json(out, 200, model_json_target(&u.call.target), e) : err;
}

static enum err delete_in_core(void *arg, struct error *e)
{
    struct target_call *c = arg;
    enum err err = get_in_core(c, e);
    if (err == ERR_OK)
        err = registry_remove(c->core->registry, c->id, e);
    if (err == ERR_OK)
        c->core->outbox->ops->cut(c->core->outbox, c->id);
    return err;
}

enum err target_delete(struct api *api, struct api_request *in, struct api_reply *out,
                       struct error *e)
{
    struct target_call c = {.id = in->id};
    out->status = 204;
    return call(api, delete_in_core, &c, e);
}

static enum err stop_in_core(void *arg, struct error *e)
{
    struct target_call *c = arg;
    const struct target *t = NULL;
    enum err err = find(c->core, c->id, &t, e);
    return err == ERR_OK ? task_manager_stop_target(c->core->tasks, c->id, e) : err;
}

enum err target_put_stop(struct api *api, struct api_request *in, struct api_reply *out,
                         struct error *e)
{
    struct target_call c = {.id = in->id};
    out->status = 202;
    return call(api, stop_in_core, &c, e);
}
