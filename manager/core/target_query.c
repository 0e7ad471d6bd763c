/* SPDX-License-Identifier: Apache-2.0 */
#include "target_query.h"

#include <string.h>

static bool has_all_tags(const struct target *t, const struct tags *wanted)
{
    char tag[TAG_MAX + 1];
    for (size_t i = 0; tags_at(wanted, i, tag); i++) {
        if (!tags_has(&t->tags, tag))
            return false;
    }
    return true;
}

static bool is_wanted(const struct target *t, const struct target_query *q)
{
    if (q->id != NULL && strstr(t->id, q->id) == NULL)
        return false;
    if (q->has_online && t->is_online != q->is_online)
        return false;
    return has_all_tags(t, &q->tags);
}

/* Targets of the same time stay in the order of their ids. */
static int by_time(int64_t a, int64_t b, const struct target *x, const struct target *y)
{
    if (a != b)
        return a < b ? -1 : 1;
    return strcmp(x->id, y->id);
}

static int by_registered(const void *a, const void *b)
{
    const struct target *x = *(const struct target *const *)a;
    const struct target *y = *(const struct target *const *)b;
    return by_time(x->registered_ms, y->registered_ms, x, y);
}

static int by_last_seen(const void *a, const void *b)
{
    const struct target *x = *(const struct target *const *)a;
    const struct target *y = *(const struct target *const *)b;
    return by_time(x->last_seen_ms, y->last_seen_ms, x, y);
}

static size_t collect(const struct target_index *x, const struct target_query *q,
                      const struct target **found)
{
    size_t count = 0;
    for (size_t i = 0; i < x->count; i++) {
        const struct target *t = &x->by_id[i]->target;
        if (is_wanted(t, q))
            found[count++] = t;
    }
    if (q->sort == TARGET_SORT_REGISTERED)
        qsort(found, count, sizeof(struct target *), by_registered);
    else if (q->sort == TARGET_SORT_LAST_SEEN)
        qsort(found, count, sizeof(struct target *), by_last_seen);
    return count;
}

enum err target_query_page(const struct target_index *x, const struct target_query *q,
                           uint64_t *total, store_target_fn *fn, void *arg, struct error *e)
{
    AUTO_FREE const struct target **found = calloc(x->count + 1, sizeof(struct target *));
    if (found == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory to list targets");
    size_t count = collect(x, q, found);
    *total = count;
    if (q->page.number == 0)
        return error_set(e, ERR_INVALID, "page: counted from 1");
    uint64_t first = (uint64_t)(q->page.number - 1) * q->page.size;
    for (uint64_t i = first; i < count && i < first + q->page.size; i++) {
        if (!fn(arg, found[q->is_descending ? count - 1 - i : i]))
            break;
    }
    return ERR_OK;
}

static void mark_ids(const struct target_index *x, const struct strlist *ids)
{
    for (size_t i = 0; i < ids->count; i++) {
        struct target_node *node = target_index_find(x, ids->items[i]);
        if (node != NULL)
            node->is_marked = true;
    }
}

static void unmark_all(const struct target_index *x)
{
    for (size_t i = 0; i < x->count; i++)
        x->by_id[i]->is_marked = false;
}

void target_query_match(const struct target_index *x, const struct selector *s, store_target_fn *fn,
                        void *arg)
{
    mark_ids(x, &s->ids);
    for (size_t i = 0; i < x->count; i++) {
        const struct target_node *node = x->by_id[i];
        if (!node->is_marked && !tags_overlap(&node->target.tags, &s->tags))
            continue;
        if (!fn(arg, &node->target))
            break;
    }
    unmark_all(x);
}
