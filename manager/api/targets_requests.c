/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers that only pass a wish on to a target that is connected: /targets/{id}/logs and
 * /targets/{id}/command. Nothing is stored, so a target that is offline is ERR_UNAVAILABLE. */
#include "handlers.h"
#include "json_fields.h"

enum request_kind { REQUEST_LOGS, REQUEST_COMMAND, REQUEST_STOP_COMMAND };

struct target_request {
    struct core *core;
    const char *id;
    enum request_kind kind;
    char task_id[TASK_ID_SIZE];
    char command[COMMAND_MAX + 1];
};

static enum err send_in_core(void *arg, struct error *e)
{
    struct target_request *r = arg;
    struct outbox *o = r->core->outbox;
    const struct target *t = registry_find(r->core->registry, r->id);
    if (t == NULL)
        return error_set(e, ERR_NOT_FOUND, "no target %s", r->id);
    if (!t->is_online)
        return error_set(e, ERR_UNAVAILABLE, "target %s is offline", r->id);
    switch (r->kind) {
    case REQUEST_LOGS:
        return o->ops->send_logs(o, r->id, r->task_id, e);
    case REQUEST_COMMAND:
        return o->ops->run_command(o, r->id, r->command, e);
    default:
        return o->ops->stop_command(o, r->id, e);
    }
}

static enum err send(struct api *api, struct target_request *r, struct api_reply *out,
                     struct error *e)
{
    r->core = api->config.core;
    out->status = 202;
    return mailbox_call(api->mailbox, send_in_core, r, e);
}

enum err target_put_logs(struct api *api, struct api_request *in, struct api_reply *out,
                         struct error *e)
{
    static const struct json_field fields[] = {
        {"task", json_decode_task_id, offsetof(struct target_request, task_id), false},
    };
    struct target_request r = {.id = in->id, .kind = REQUEST_LOGS};
    enum err err = ERR_OK;
    if (in->body != NULL)
        err = json_decode_object(in->body, "", fields, 1, &r, e);
    return err == ERR_OK ? send(api, &r, out, e) : err;
}

enum err target_put_command(struct api *api, struct api_request *in, struct api_reply *out,
                            struct error *e)
{
    static const struct json_field fields[] = {
        {"command", json_decode_command, offsetof(struct target_request, command), true},
    };
    struct target_request r = {.id = in->id, .kind = REQUEST_COMMAND};
    enum err err = json_decode_object(in->body, "", fields, 1, &r, e);
    return err == ERR_OK ? send(api, &r, out, e) : err;
}

enum err target_delete_command(struct api *api, struct api_request *in, struct api_reply *out,
                               struct error *e)
{
    struct target_request r = {.id = in->id, .kind = REQUEST_STOP_COMMAND};
    return send(api, &r, out, e);
}
