/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers of /tasks and /uploads. Reads go to a store reader, so a task of ten thousand targets
 * keeps nobody waiting in core. */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "handlers.h"
#include "ingest.h"
#include "model_json.h"
#include "uploads.h"

/* The task that the path names is there. */
static enum err get_task(struct store *store, const char *id, struct task *out, struct error *e)
{
    enum err err = store_task_get(store, id, out, e);
    return err == ERR_NOT_FOUND ? error_set(e, err, "no task %s", id) : err;
}

static enum err put_counts(struct store *store, json_t *json, struct error *e)
{
    struct task_counts counts = {0};
    const char *id = json_string_value(json_object_get(json, "id"));
    enum err err = store_row_counts(store, id, &counts, e);
    if (err == ERR_OK && !model_json_put(json, "counts", model_json_counts(&counts)))
        return error_set(e, ERR_NO_MEMORY, "no memory for the reply");
    return err;
}

static bool append_task(void *arg, const struct task *t)
{
    return json_array_append_new(arg, model_json_task(t)) == 0;
}

enum err tasks_list(struct api *api, struct api_request *in, struct api_reply *out, struct error *e)
{
    AUTO(reader_return) struct reader reader = {0};
    AUTO(json_decref) json_t *items = json_array();
    uint64_t total = 0;
    struct task_query q = {.description = params_text(&in->query, "description")};
    enum err err = params_task_state(&in->query, &q.has_state, &q.state, e);
    if (err == ERR_OK)
        err = params_page(&in->query, &q.page, e);
    if (err == ERR_OK)
        err = params_end(&in->query, e);
    if (err == ERR_OK)
        err = reader_take(api->readers, &reader, e);
    if (err == ERR_OK)
        err = store_task_list(reader.store, &q, &total, append_task, items, e);
    for (size_t i = 0; err == ERR_OK && i < json_array_size(items); i++)
        err = put_counts(reader.store, json_array_get(items, i), e);
    if (err != ERR_OK)
        return err;
    return api_reply_json(out, 200, model_json_list(total, TAKE(items), q.page), e);
}

/* With counts and document. */
static enum err reply_details(struct store *store, const struct task *t, int status,
                              struct api_reply *out, struct error *e)
{
    AUTO(json_decref) json_t *json = model_json_task(t);
    if (json == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for the reply");
    enum err err = put_counts(store, json, e);
    if (err != ERR_OK)
        return err;
    json_t *document = json_loads(t->document != NULL ? t->document : "{}", 0, NULL);
    if (!model_json_put(json, "document", document))
        return error_set(e, ERR_NO_MEMORY, "no memory for the reply");
    return api_reply_json(out, status, TAKE(json), e);
}

enum err task_get(struct api *api, struct api_request *in, struct api_reply *out, struct error *e)
{
    AUTO(reader_return) struct reader reader = {0};
    struct task storage = {0};
    AUTO(task_clear) struct task *task = &storage;
    enum err err = reader_take(api->readers, &reader, e);
    if (err == ERR_OK)
        err = get_task(reader.store, in->id, task, e);
    return err == ERR_OK ? reply_details(reader.store, task, 200, out, e) : err;
}

static bool append_row(void *arg, const struct task_target *row)
{
    return json_array_append_new(arg, model_json_row(row)) == 0;
}

enum err task_list_targets(struct api *api, struct api_request *in, struct api_reply *out,
                           struct error *e)
{
    AUTO(reader_return) struct reader reader = {0};
    AUTO(json_decref) json_t *items = json_array();
    struct task storage = {0};
    AUTO(task_clear) struct task *task = &storage;
    uint64_t total = 0;
    struct row_query q = {.task_id = in->id};
    enum err err = params_task_state(&in->query, &q.has_state, &q.state, e);
    if (err == ERR_OK)
        err = params_page(&in->query, &q.page, e);
    if (err == ERR_OK)
        err = params_end(&in->query, e);
    if (err == ERR_OK)
        err = reader_take(api->readers, &reader, e);
    if (err == ERR_OK)
        err = get_task(reader.store, in->id, task, e);
    if (err == ERR_OK)
        err = store_row_list(reader.store, &q, &total, append_row, items, e);
    if (err != ERR_OK)
        return err;
    return api_reply_json(out, 200, model_json_list(total, TAKE(items), q.page), e);
}

struct task_call {
    struct core *core;
    const char *id;
    struct task *draft;
    struct package_draft *package;
    struct strlist packages, packs; /* files that nobody refers to any more */
};

static enum err check_in_core(void *arg, struct error *e)
{
    struct task_call *c = arg;
    return task_manager_check(c->core->tasks, c->draft, e);
}

static enum err create_in_core(void *arg, struct error *e)
{
    struct task_call *c = arg;
    enum err err = ERR_OK;
    if (c->package != NULL)
        err = package_draft_commit(c->package, c->core->store, e);
    return err == ERR_OK ? task_manager_create(c->core->tasks, c->draft, e) : err;
}

/* Checked before the package is made, so that a mistake costs no ingest. */
static enum err create(struct api *api, struct task_document *d, struct error *e)
{
    AUTO(package_draft_free) struct package_draft *package = NULL;
    struct task_call c = {.core = api->config.core, .draft = &d->draft};
    if (d->source != SOURCE_NONE)
        d->draft.has_package = true;
    enum err err = mailbox_call(api->mailbox, check_in_core, &c, e);
    if (err == ERR_OK)
        err = ingest_document(api, d, &package, e);
    if (err != ERR_OK)
        return err;
    c.package = package;
    err = mailbox_call(api->mailbox, create_in_core, &c, e);
    if (err != ERR_OK && package != NULL)
        package->is_committed = false; /* the turn was undone, or failed to commit */
    return err;
}

enum err tasks_post(struct api *api, struct api_request *in, struct api_reply *out, struct error *e)
{
    AUTO(reader_return) struct reader reader = {0};
    struct task_document storage;
    AUTO(task_document_clear) struct task_document *d = &storage;
    enum err err = task_document_decode(in->body, d, e);
    if (err == ERR_OK)
        err = create(api, d, e);
    if (err == ERR_OK)
        err = reader_take(api->readers, &reader, e);
    if (err != ERR_OK)
        return err;
    snprintf(out->location, sizeof(out->location), "/tasks/%s", d->draft.id);
    return reply_details(reader.store, &d->draft, 201, out, e);
}

static enum err stop_in_core(void *arg, struct error *e)
{
    const struct task_call *c = arg;
    return task_manager_stop(c->core->tasks, c->id, e);
}

enum err task_put_stop(struct api *api, struct api_request *in, struct api_reply *out,
                       struct error *e)
{
    struct task_call c = {.core = api->config.core, .id = in->id};
    out->status = 202;
    return mailbox_call(api->mailbox, stop_in_core, &c, e);
}

static bool keep_package(void *arg, const char *id)
{
    struct task_call *c = arg;
    return strlist_add(&c->packages, id, NULL) == ERR_OK;
}

static bool keep_pack(void *arg, const char *id)
{
    struct task_call *c = arg;
    return strlist_add(&c->packs, id, NULL) == ERR_OK;
}

static enum err delete_in_core(void *arg, struct error *e)
{
    struct task_call *c = arg;
    enum err err = task_manager_delete(c->core->tasks, c->id, e);
    if (err == ERR_OK)
        err = store_package_collect(c->core->store, keep_package, keep_pack, c, e);
    return err;
}

/* The files go after the facts were committed; what is left behind by a crash is found at start. */
enum err task_delete(struct api *api, struct api_request *in, struct api_reply *out,
                     struct error *e)
{
    struct task_call c = {.core = api->config.core, .id = in->id};
    out->status = 204;
    enum err err = mailbox_call(api->mailbox, delete_in_core, &c, e);
    for (size_t i = 0; err == ERR_OK && i < c.packages.count; i++)
        package_store_remove_package(api->config.packages, c.packages.items[i]);
    for (size_t i = 0; err == ERR_OK && i < c.packs.count; i++)
        package_store_remove_pack(api->config.packages, c.packs.items[i]);
    strlist_clear(&c.packages);
    strlist_clear(&c.packs);
    return err;
}

enum err uploads_post(struct api *api, struct api_request *in, struct api_reply *out,
                      struct error *e)
{
    (void)api;
    if (in->upload == NULL)
        return error_set(e, ERR_INVALID, "file: the body has no part with a file name");
    enum err err = upload_finish(in->upload, e);
    if (err != ERR_OK)
        return err;
    return api_reply_json(out, 201,
                          json_pack("{s:s, s:I, s:o}", "id", upload_id(in->upload), "size",
                                    (json_int_t)upload_size(in->upload), "expires",
                                    model_json_time(clock_wall_ms() + UPLOAD_LIFE_MS)),
                          e);
}
