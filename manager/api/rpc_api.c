/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers of /rpc, /health and /openapi.yaml: what is open to those who are not known yet. */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "endpoint.h"
#include "handlers.h"
#include "json_fields.h"
#include "model_json.h"
#include "openapi_file.h"

static json_t *encode_server(const struct api *api, const struct api_request *in)
{
    const struct http_config *c = &api->config;
    char control[ENDPOINT_SIZE];
    char bulk[ENDPOINT_SIZE];
    char key[KEY_Z85_SIZE];
    endpoint_tell(c->control_endpoint, c->advertise_host, in->host, control);
    endpoint_tell(c->bulk_endpoint, c->advertise_host, in->host, bulk);
    keys_z85_encode(certificate_manager_curve(c->certificates)->public_key, key);
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "version", c->version, "protocol", "v1",
                     "managerPublicKey", key, "control", control, "bulk", bulk);
}

enum err rpc_server_info(struct api *api, struct api_request *in, struct api_reply *out,
                         struct error *e)
{
    return api_reply_json(out, 200, encode_server(api, in), e);
}

struct registration {
    struct core *core;
    const struct api_request *in;
    struct target target;
};

/* The very same registration again: a join that broke off before our answer arrived. Its token is
 * used up, and nothing is given away that /rpc/server_info does not tell. */
static bool is_repeated(const struct registration *r)
{
    const struct target *known = registry_find(r->core->registry, r->target.id);
    return known != NULL && memcmp(known->public_key, r->target.public_key, KEY_BYTES) == 0;
}

/* The token before the conflicts: who has none learns nothing of our targets. When the target
 * cannot be added the token is not used up, since the request is undone as a whole. */
static enum err register_in_core(void *arg, struct error *e)
{
    struct registration *r = arg;
    if (is_repeated(r))
        return ERR_OK;
    char set[ID_SIZE];
    int64_t now_ms = clock_wall_ms();
    enum err err = token_redeem(r->core->tokens, r->in->auth_token, r->in->address, now_ms, set, e);
    if (err != ERR_OK)
        return err;
    r->target.registered_ms = now_ms;
    return registry_add(r->core->registry, &r->target, e);
}

/* Architecture and operating system are tags, too. */
static enum err add_own_tags(struct target *t, struct error *e)
{
    enum err err = ERR_OK;
    if (t->architecture[0] != '\0')
        err = tags_add(&t->tags, t->architecture, e);
    if (err == ERR_OK && t->os[0] != '\0')
        err = tags_add(&t->tags, t->os, e);
    return err;
}

static enum err decode_registration(json_t *body, struct target *out, struct error *e)
{
    static const struct json_field fields[] = {
        {"id", json_decode_id, offsetof(struct target, id), true},
        {"publicKey", json_decode_key, offsetof(struct target, public_key), true},
        {"tags", json_decode_tags, offsetof(struct target, tags), false},
        {"location", json_decode_location, offsetof(struct target, location), false},
        {"architecture", json_decode_word, offsetof(struct target, architecture), false},
        {"os", json_decode_word, offsetof(struct target, os), false},
    };
    enum err err = json_decode_object(body, "", fields, 6, out, e);
    return err == ERR_OK ? add_own_tags(out, e) : err;
}

enum err rpc_post_target(struct api *api, struct api_request *in, struct api_reply *out,
                         struct error *e)
{
    struct registration r = {.core = api->config.core, .in = in};
    if (in->auth_token == NULL)
        return error_set(e, ERR_UNAUTHENTICATED, "X-Auth-Token is missing");
    enum err err = decode_registration(in->body, &r.target, e);
    if (err == ERR_OK)
        err = mailbox_call(api->mailbox, register_in_core, &r, e);
    if (err != ERR_OK)
        return err;
    json_t *json = encode_server(api, in);
    if (json == NULL || !model_json_put(json, "id", json_string(r.target.id)) ||
        !model_json_put(json, "tags", model_json_tags(&r.target.tags))) {
        json_decref(json);
        return error_set(e, ERR_NO_MEMORY, "no memory for the reply");
    }
    return api_reply_json(out, 201, json, e);
}

struct health_call {
    struct core *core;
    size_t targets, online;
};

static enum err count_in_core(void *arg, struct error *e)
{
    struct health_call *c = arg;
    (void)e;
    c->targets = registry_count(c->core->registry);
    c->online = registry_online_count(c->core->registry);
    return ERR_OK;
}

enum err health_get(struct api *api, struct api_request *in, struct api_reply *out, struct error *e)
{
    struct health_call c = {.core = api->config.core};
    (void)in;
    enum err err = mailbox_call(api->mailbox, count_in_core, &c, e);
    if (err != ERR_OK)
        return err;
    return api_reply_json(out, 200,
                          json_pack("{s:s, s:s, s:I, s:I}", "status", "ok", "version",
                                    api->config.version, "targets", (json_int_t)c.targets, "online",
                                    (json_int_t)c.online),
                          e);
}

enum err openapi_get(struct api *api, struct api_request *in, struct api_reply *out,
                     struct error *e)
{
    (void)api;
    (void)in;
    out->type = "application/yaml";
    out->status = 200;
    return bytes_append(&out->text, openapi_file, openapi_file_size(), e);
}
