/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers of /token_sets. Tokens are in one reply and nowhere else. */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "handlers.h"
#include "json_fields.h"
#include "model_json.h"

struct token_call {
    struct core *core;
    char name[ID_SIZE];
    uint64_t total;
    struct token_set set;
    struct strlist tokens;
};

static bool append_set(void *arg, const struct token_set *set)
{
    return json_array_append_new(arg, model_json_token_set(set)) == 0;
}

enum err token_sets_list(struct api *api, struct api_request *in, struct api_reply *out,
                         struct error *e)
{
    AUTO(reader_return) struct reader reader = {0};
    AUTO(json_decref) json_t *items = json_array();
    struct page page;
    uint64_t total = 0;
    enum err err = params_page(&in->query, &page, e);
    if (err == ERR_OK)
        err = params_end(&in->query, e);
    if (err == ERR_OK)
        err = reader_take(api->readers, &reader, e);
    if (err == ERR_OK)
        err = store_token_set_list(reader.store, page, &total, append_set, items, e);
    if (err != ERR_OK)
        return err;
    return api_reply_json(out, 200, model_json_list(total, TAKE(items), page), e);
}

static enum err create_in_core(void *arg, struct error *e)
{
    struct token_call *c = arg;
    return token_create_set(c->core->tokens, c->name, (uint32_t)c->total, clock_wall_ms(), &c->set,
                            &c->tokens, e);
}

static json_t *encode_created(const struct token_call *c)
{
    AUTO(json_decref) json_t *json = model_json_token_set(&c->set);
    AUTO(json_decref) json_t *tokens = json_array();
    for (size_t i = 0; i < c->tokens.count; i++) {
        if (json_array_append_new(tokens, json_string(c->tokens.items[i])) != 0)
            return NULL;
    }
    return json_object_set(json, "tokens", tokens) == 0 ? TAKE(json) : NULL;
}

enum err token_sets_post(struct api *api, struct api_request *in, struct api_reply *out,
                         struct error *e)
{
    static const struct json_field fields[] = {
        {"name", json_decode_id, offsetof(struct token_call, name), true},
        {"total", json_decode_integer, offsetof(struct token_call, total), true},
    };
    struct token_call c = {.core = api->config.core};
    enum err err = json_decode_object(in->body, "", fields, 2, &c, e);
    if (err == ERR_OK && (c.total == 0 || c.total > TOKENS_PER_SET_MAX))
        return error_set(e, ERR_INVALID, "total: must be from 1 to %d", TOKENS_PER_SET_MAX);
    if (err == ERR_OK)
        err = mailbox_call(api->mailbox, create_in_core, &c, e);
    if (err == ERR_OK)
        err = api_reply_json(out, 201, encode_created(&c), e);
    snprintf(out->location, sizeof(out->location), "/token_sets/%s", c.name);
    strlist_clear(&c.tokens);
    return err;
}

enum err token_set_get(struct api *api, struct api_request *in, struct api_reply *out,
                       struct error *e)
{
    AUTO(reader_return) struct reader reader = {0};
    struct token_set set;
    enum err err = reader_take(api->readers, &reader, e);
    if (err == ERR_OK)
        err = store_token_set_get(reader.store, in->id, &set, e);
    if (err == ERR_NOT_FOUND)
        return error_set(e, err, "no token set %s", in->id);
    return err == ERR_OK ? api_reply_json(out, 200, model_json_token_set(&set), e) : err;
}

static enum err delete_in_core(void *arg, struct error *e)
{
    const struct token_call *c = arg;
    enum err err = store_token_set_delete(c->core->store, c->name, e);
    return err == ERR_NOT_FOUND ? error_set(e, err, "no token set %s", c->name) : err;
}

enum err token_set_delete(struct api *api, struct api_request *in, struct api_reply *out,
                          struct error *e)
{
    struct token_call c = {.core = api->config.core};
    memcpy(c.name, in->id, sizeof(c.name));
    out->status = 204;
    return mailbox_call(api->mailbox, delete_in_core, &c, e);
}
