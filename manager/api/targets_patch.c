/* SPDX-License-Identifier: Apache-2.0 */
/* PATCH /targets: tags of many targets at once. They are changed in batches, so that core can do
 * other work between them. */
#include <stdio.h>
#include <string.h>

#include "handlers.h"
#include "json_fields.h"
#include "model_json.h"

enum { BATCH = 200 };

struct patched {
    enum err code;
    char message[160];
    struct tags tags;
};

struct patch {
    struct core *core;
    struct selector chosen; /* ids or tags, as posted */
    struct tags add;
    struct tags remove;
    struct strlist ids; /* of the targets to change */
    size_t begin, end;  /* present batch */
    struct patched results[BATCH];
    struct error *e;
};

static void patch_clear(struct patch *p)
{
    strlist_clear(&p->chosen.ids);
    strlist_clear(&p->ids);
    free(p);
}
AUTO_DEFINE(struct patch *, patch_clear)

static bool collect_id(void *arg, const struct target *t)
{
    struct patch *p = arg;
    return strlist_add(&p->ids, t->id, p->e) == ERR_OK;
}

static enum err choose_in_core(void *arg, struct error *e)
{
    struct patch *p = arg;
    p->e = e;
    e->code = ERR_OK;
    registry_match(p->core->registry, &p->chosen, collect_id, p);
    return e->code;
}

static enum err change_tags(const struct patch *p, struct tags *tags, struct error *e)
{
    char tag[TAG_MAX + 1];
    for (size_t i = 0; tags_at(&p->remove, i, tag); i++)
        tags_remove(tags, tag);
    for (size_t i = 0; tags_at(&p->add, i, tag); i++) {
        enum err err = tags_add(tags, tag, e);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

static void change_one(const struct patch *p, const char *id, struct patched *out)
{
    struct error why = {0};
    const struct target *t = registry_find(p->core->registry, id);
    *out = (struct patched){.code = ERR_NOT_FOUND};
    if (t == NULL) {
        snprintf(out->message, sizeof(out->message), "no target %s", id);
        return;
    }
    out->tags = t->tags;
    out->code = change_tags(p, &out->tags, &why);
    if (out->code == ERR_OK && !tags_equal(&out->tags, &t->tags))
        out->code = registry_update(p->core->registry, id, &out->tags, NULL, &why);
    if (out->code != ERR_OK)
        snprintf(out->message, sizeof(out->message), "%.150s", why.text);
}

static enum err change_in_core(void *arg, struct error *e)
{
    struct patch *p = arg;
    (void)e;
    for (size_t i = p->begin; i < p->end; i++)
        change_one(p, p->ids.items[i], &p->results[i - p->begin]);
    return ERR_OK;
}

/* Appends the results of a batch; how many of them are good, -1 without memory. */
static int encode_batch(const struct patch *p, json_t *items)
{
    int good = 0;
    for (size_t i = p->begin; i < p->end; i++) {
        const struct patched *r = &p->results[i - p->begin];
        json_t *json = json_pack("{s:s, s:s}", "id", p->ids.items[i], "code", err_name(r->code));
        bool is_put = json_array_append_new(items, json) == 0;
        if (is_put && r->code == ERR_OK)
            is_put = model_json_put(json, "tags", model_json_tags(&r->tags));
        else if (is_put)
            is_put = model_json_put(json, "message", model_json_text(r->message));
        if (!is_put)
            return -1;
        good += r->code == ERR_OK;
    }
    return good;
}

static enum err change_all(struct api *api, struct patch *p, struct api_reply *out, struct error *e)
{
    AUTO(json_decref) json_t *items = json_array();
    size_t updated = 0;
    for (p->begin = 0; p->begin < p->ids.count; p->begin = p->end) {
        p->end = p->begin + BATCH < p->ids.count ? p->begin + BATCH : p->ids.count;
        enum err err = mailbox_call(api->mailbox, change_in_core, p, e);
        if (err != ERR_OK)
            return err;
        int good = encode_batch(p, items);
        if (good < 0)
            return error_set(e, ERR_NO_MEMORY, "no memory for the reply");
        updated += (size_t)good;
    }
    return api_reply_json(out, 200,
                          json_pack("{s:I, s:I, s:I, s:O}", "total", (json_int_t)p->ids.count,
                                    "updated", (json_int_t)updated, "failed",
                                    (json_int_t)(p->ids.count - updated), "items", items),
                          e);
}

static enum err decode(json_t *body, struct patch *p, struct error *e)
{
    static const struct json_field fields[] = {
        {"ids", json_decode_ids, offsetof(struct patch, chosen.ids), false},
        {"tags", json_decode_tags, offsetof(struct patch, chosen.tags), false},
        {"addTags", json_decode_tags, offsetof(struct patch, add), false},
        {"removeTags", json_decode_tags, offsetof(struct patch, remove), false},
    };
    enum err err = json_decode_object(body, "", fields, 4, p, e);
    if (err != ERR_OK)
        return err;
    if ((p->chosen.ids.count > 0) == (tags_count(&p->chosen.tags) > 0))
        return error_set(e, ERR_INVALID, "ids: targets are chosen by ids or by tags");
    if (tags_count(&p->add) + tags_count(&p->remove) == 0)
        return error_set(e, ERR_INVALID, "addTags: neither addTags nor removeTags is given");
    if (tags_overlap(&p->add, &p->remove))
        return error_set(e, ERR_INVALID, "addTags: the same tag is in removeTags");
    return ERR_OK;
}

enum err targets_patch(struct api *api, struct api_request *in, struct api_reply *out,
                       struct error *e)
{
    AUTO(patch_clear) struct patch *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for the patch");
    p->core = api->config.core;
    enum err err = decode(in->body, p, e);
    if (err == ERR_OK && p->chosen.ids.count > 0)
        err = strlist_copy(&p->ids, &p->chosen.ids, e);
    else if (err == ERR_OK)
        err = mailbox_call(api->mailbox, choose_in_core, p, e);
    return err == ERR_OK ? change_all(api, p, out, e) : err;
}
