/* SPDX-License-Identifier: Apache-2.0 */
#include "registry.h"

#include <string.h>

#include "log.h"
#include "target_query.h"
#include "text.h"

struct registry {
    struct store *store;
    struct event_hub *events;
    struct target_index index;
    size_t online_count;
    uint64_t changes;
};

struct loading {
    struct target_index *index;
    enum err err;
    struct error *e;
};

static bool load_one(void *arg, const struct target *t)
{
    struct loading *loading = arg;
    loading->err = target_index_add(loading->index, t, loading->e);
    return loading->err == ERR_OK;
}

static enum err load(struct store *store, struct target_index *out, struct error *e)
{
    struct loading loading = {.index = out, .err = ERR_OK, .e = e};
    enum err err = store_target_each(store, load_one, &loading, e);
    if (err == ERR_OK)
        err = loading.err;
    if (err != ERR_OK) {
        target_index_clear(out);
        return error_wrap(e, err, "load the targets");
    }
    return ERR_OK;
}

enum err registry_new(struct store *store, struct event_hub *events, struct registry **out,
                      struct error *e)
{
    AUTO_FREE struct registry *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for the registry");
    r->store = store;
    r->events = events;
    enum err err = load(store, &r->index, e);
    if (err != ERR_OK)
        return err;
    for (size_t i = 0; i < r->index.count; i++)
        r->index.by_id[i]->target.is_online = false;
    *out = TAKE(r);
    return ERR_OK;
}

void registry_free(struct registry *r)
{
    if (r == NULL)
        return;
    target_index_clear(&r->index);
    free(r);
}

/* What is not stored, or stored late, comes from memory. */
static void keep_presence(struct target *t, const struct target_index *old)
{
    const struct target_node *node = target_index_find(old, t->id);
    t->is_online = node != NULL && node->target.is_online;
    if (node == NULL)
        return;
    t->last_seen_ms = node->target.last_seen_ms;
    t->disk_free_bytes = node->target.disk_free_bytes;
}

enum err registry_reload(struct registry *r, struct error *e)
{
    struct target_index index = {0};
    enum err err = load(r->store, &index, e);
    if (err != ERR_OK)
        return err;
    r->online_count = 0;
    for (size_t i = 0; i < index.count; i++) {
        keep_presence(&index.by_id[i]->target, &r->index);
        r->online_count += index.by_id[i]->target.is_online;
    }
    target_index_clear(&r->index);
    r->index = index;
    return ERR_OK;
}

static enum err node_get(const struct registry *r, const char *id, struct target_node **out,
                         struct error *e)
{
    *out = target_index_find(&r->index, id);
    if (*out == NULL)
        return error_set(e, ERR_NOT_FOUND, "target %s is not registered", id);
    return ERR_OK;
}

/* Store first, so that memory never knows more than the store. */
static enum err replace(struct registry *r, struct target_node *node, const struct target *next,
                        struct error *e)
{
    enum err err = store_target_put(r->store, next, e);
    if (err != ERR_OK)
        return error_wrap(e, err, "store target %s", next->id);
    node->target = *next;
    r->changes++;
    return ERR_OK;
}

enum err registry_add(struct registry *r, const struct target *t, struct error *e)
{
    enum err err = names_check_id("target id", t->id, e);
    if (err != ERR_OK)
        return err;
    if (target_index_find(&r->index, t->id) != NULL)
        return error_set(e, ERR_CONFLICT, "target %s is already registered", t->id);
    if (target_index_find_key(&r->index, t->public_key) != NULL)
        return error_set(e, ERR_CONFLICT, "the key of %s is already registered", t->id);
    err = store_target_put(r->store, t, e);
    if (err != ERR_OK)
        return error_wrap(e, err, "register %s", t->id);
    r->changes++;
    err = target_index_add(&r->index, t, e);
    if (err != ERR_OK)
        return err;
    r->online_count += t->is_online;
    event_hub_target(r->events, EVENT_TARGET_ADDED, t, false);
    return ERR_OK;
}

const struct target *registry_find(const struct registry *r, const char *id)
{
    const struct target_node *node = target_index_find(&r->index, id);
    return node != NULL ? &node->target : NULL;
}

const struct target *registry_find_key(const struct registry *r,
                                       const uint8_t key[static KEY_BYTES])
{
    const struct target_node *node = target_index_find_key(&r->index, key);
    return node != NULL ? &node->target : NULL;
}

static bool location_equal(const struct location *a, const struct location *b)
{
    if (!a->is_known || !b->is_known)
        return a->is_known == b->is_known;
    return a->latitude == b->latitude && a->longitude == b->longitude;
}

/* Not a number compares as false. */
static bool location_is_sane(const struct location *l)
{
    return l->latitude >= -90 && l->latitude <= 90 && l->longitude >= -180 && l->longitude <= 180;
}

enum err registry_update(struct registry *r, const char *id, const struct tags *tags,
                         const struct location *location, struct error *e)
{
    struct target_node *node;
    enum err err = node_get(r, id, &node, e);
    if (err != ERR_OK)
        return err;
    if (location != NULL && location->is_known && !location_is_sane(location))
        return error_set(e, ERR_INVALID,
                         "location: latitude within -90 and 90, longitude within -180 and 180");
    struct target next = node->target;
    if (tags != NULL)
        next.tags = *tags;
    if (location != NULL) {
        next.location = *location;
        next.location_is_fixed = location->is_known;
    }
    if (tags_equal(&next.tags, &node->target.tags) &&
        location_equal(&next.location, &node->target.location) &&
        next.location_is_fixed == node->target.location_is_fixed)
        return ERR_OK;
    err = replace(r, node, &next, e);
    if (err != ERR_OK)
        return err;
    event_hub_target(r->events, EVENT_TARGET_UPDATED, &next, false);
    return ERR_OK;
}

enum err registry_remove(struct registry *r, const char *id, struct error *e)
{
    struct target_node *node;
    enum err err = node_get(r, id, &node, e);
    if (err != ERR_OK)
        return err;
    err = store_target_delete(r->store, id, e);
    if (err != ERR_OK)
        return error_wrap(e, err, "remove target %s", id);
    r->changes++;
    r->online_count -= node->target.is_online;
    node->target.is_online = false;
    event_hub_target(r->events, EVENT_TARGET_UPDATED, &node->target, true);
    target_index_remove(&r->index, node);
    return ERR_OK;
}

enum err registry_set_stored(struct registry *r, const char *id, uint64_t stream_id, uint64_t seq,
                             struct error *e)
{
    struct target_node *node;
    enum err err = node_get(r, id, &node, e);
    if (err != ERR_OK)
        return err;
    err = store_target_set_stored(r->store, id, stream_id, seq, e);
    if (err != ERR_OK)
        return error_wrap(e, err, "store the reports of %s", id);
    node->target.stream_id = stream_id;
    node->target.stored_seq = seq;
    r->changes++;
    return ERR_OK;
}

/* One tag too many is left out: no reason to keep a device from its work. */
static void merge_tags(struct target *t, const struct tags *said)
{
    char tag[TAG_MAX + 1];
    for (size_t i = 0; tags_at(&t->advertised, i, tag); i++) {
        if (!tags_has(said, tag))
            tags_remove(&t->tags, tag);
    }
    for (size_t i = 0; tags_at(said, i, tag); i++) {
        struct error why;
        if (!tags_has(&t->advertised, tag) && tags_add(&t->tags, tag, &why) != ERR_OK)
            log_warn("target %s: tag %s is left out: %s", t->id, tag, why.text);
    }
    t->advertised = *said;
}

static void adopt(struct target *t, const struct advertisement *a)
{
    if (!tags_equal(&t->advertised, &a->tags))
        merge_tags(t, &a->tags);
    if (!t->location_is_fixed && a->location.is_known && location_is_sane(&a->location))
        t->location = a->location;
    text_clean(a->architecture, t->architecture, sizeof(t->architecture));
    text_clean(a->os, t->os, sizeof(t->os));
    text_clean(a->agent_version, t->agent_version, sizeof(t->agent_version));
    t->memory_bytes = a->memory_bytes;
    if (t->stream_id != a->stream_id) {
        t->stream_id = a->stream_id;
        t->stored_seq = 0;
    }
}

static bool is_same(const struct target *a, const struct target *b)
{
    return tags_equal(&a->tags, &b->tags) && tags_equal(&a->advertised, &b->advertised) &&
           location_equal(&a->location, &b->location) &&
           strcmp(a->architecture, b->architecture) == 0 && strcmp(a->os, b->os) == 0 &&
           strcmp(a->agent_version, b->agent_version) == 0 && a->memory_bytes == b->memory_bytes &&
           a->stream_id == b->stream_id;
}

static void set_online(struct registry *r, struct target_node *node, bool is_online)
{
    if (node->target.is_online == is_online)
        return;
    node->target.is_online = is_online;
    r->online_count += is_online ? 1 : (size_t)-1;
}

enum err registry_connected(struct registry *r, const char *id, const struct advertisement *a,
                            int64_t now_ms, struct error *e)
{
    struct target_node *node;
    enum err err = node_get(r, id, &node, e);
    if (err != ERR_OK)
        return err;
    struct target next = node->target;
    adopt(&next, a);
    next.disk_free_bytes = a->disk_free_bytes;
    next.last_seen_ms = now_ms;
    bool is_news = !node->target.is_online;
    if (is_same(&next, &node->target)) {
        node->target = next;
    } else {
        is_news = true;
        err = replace(r, node, &next, e);
        if (err != ERR_OK)
            return err;
    }
    set_online(r, node, true);
    if (is_news)
        event_hub_target(r->events, EVENT_TARGET_UPDATED, &node->target, false);
    return ERR_OK;
}

void registry_seen(struct registry *r, const char *id, uint64_t disk_free_bytes, int64_t now_ms)
{
    struct target_node *node = target_index_find(&r->index, id);
    if (node == NULL)
        return;
    node->target.disk_free_bytes = disk_free_bytes;
    node->target.last_seen_ms = now_ms;
    if (node->target.is_online)
        return;
    set_online(r, node, true);
    event_hub_target(r->events, EVENT_TARGET_UPDATED, &node->target, false);
}

static enum err go_offline(struct registry *r, struct target_node *node, struct error *e)
{
    set_online(r, node, false);
    event_hub_target(r->events, EVENT_TARGET_UPDATED, &node->target, false);
    enum err err = store_target_put(r->store, &node->target, e);
    if (err != ERR_OK)
        return error_wrap(e, err, "store when %s was seen", node->target.id);
    return ERR_OK;
}

enum err registry_disconnected(struct registry *r, const char *id, int64_t now_ms, struct error *e)
{
    struct target_node *node = target_index_find(&r->index, id);
    if (node == NULL || !node->target.is_online)
        return ERR_OK;
    node->target.last_seen_ms = now_ms;
    return go_offline(r, node, e);
}

size_t registry_expire(struct registry *r, int64_t before_ms)
{
    size_t count = 0;
    for (size_t i = 0; i < r->index.count; i++) {
        struct target_node *node = r->index.by_id[i];
        if (!node->target.is_online || node->target.last_seen_ms >= before_ms)
            continue;
        struct error why;
        if (go_offline(r, node, &why) != ERR_OK)
            log_warn("%s", why.text);
        count++;
    }
    return count;
}

void registry_clock_set(struct registry *r, int64_t by_ms)
{
    for (size_t i = 0; i < r->index.count; i++) {
        if (r->index.by_id[i]->target.is_online)
            r->index.by_id[i]->target.last_seen_ms += by_ms;
    }
}

size_t registry_online_count(const struct registry *r)
{
    return r->online_count;
}

size_t registry_count(const struct registry *r)
{
    return r->index.count;
}

uint64_t registry_changes(const struct registry *r)
{
    return r->changes;
}

enum err registry_query(const struct registry *r, const struct target_query *q, uint64_t *total,
                        store_target_fn *fn, void *arg, struct error *e)
{
    return target_query_page(&r->index, q, total, fn, arg, e);
}

void registry_match(const struct registry *r, const struct selector *s, store_target_fn *fn,
                    void *arg)
{
    target_query_match(&r->index, s, fn, arg);
}
