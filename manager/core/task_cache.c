/* SPDX-License-Identifier: Apache-2.0 */
#include "task_cache.h"

#include <string.h>

void task_cache_clear(struct task_cache *c)
{
    for (size_t i = 0; i < TASK_CACHE_SIZE; i++)
        task_clear(&c->tasks[i]);
    *c = (struct task_cache){0};
}

static size_t place_of(const struct task_cache *c, const char *id)
{
    size_t i = 0;
    while (i < TASK_CACHE_SIZE && strcmp(c->tasks[i].id, id) != 0)
        i++;
    return i;
}

static size_t least_used(const struct task_cache *c)
{
    size_t least = 0;
    for (size_t i = 1; i < TASK_CACHE_SIZE; i++) {
        if (c->used[i] < c->used[least])
            least = i;
    }
    return least;
}

enum err task_cache_get(struct task_cache *c, struct store *store, const char *id,
                        const struct task **out, struct error *e)
{
    size_t i = place_of(c, id);
    if (i == TASK_CACHE_SIZE || id[0] == '\0') {
        struct task task = {0};
        enum err err = store_task_get(store, id, &task, e);
        if (err != ERR_OK)
            return err;
        i = least_used(c);
        task_clear(&c->tasks[i]);
        c->tasks[i] = task;
    }
    c->used[i] = ++c->clock;
    *out = &c->tasks[i];
    return ERR_OK;
}

void task_cache_drop(struct task_cache *c, const char *id)
{
    size_t i = place_of(c, id);
    if (i == TASK_CACHE_SIZE)
        return;
    task_clear(&c->tasks[i]);
    c->used[i] = 0;
}
