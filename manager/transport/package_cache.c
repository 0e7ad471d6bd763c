/* SPDX-License-Identifier: Apache-2.0 */
/* package_cache: see package_cache.h. Few packages are fetched at a time, so the least recently
 * used of a handful is closed when another is needed. */
#include "package_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPEN_MAX = 8 };

struct place {
    char task_id[TASK_ID_SIZE];
    struct package *package; /* NULL: free */
    uint64_t used;
};

struct package_cache {
    struct store *reader;
    struct package_store *packages;
    uint64_t uses;
    struct place places[OPEN_MAX];
};

struct package_cache *package_cache_new(struct store *take_reader, struct package_store *packages)
{
    struct package_cache *c = calloc(1, sizeof(*c));
    if (c == NULL) {
        store_close(take_reader);
        return NULL;
    }
    c->reader = take_reader;
    c->packages = packages;
    return c;
}

void package_cache_free(struct package_cache *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < OPEN_MAX; i++) {
        if (c->places[i].package != NULL)
            package_close(c->places[i].package);
    }
    store_close(c->reader);
    free(c);
}

enum err package_cache_entitled(struct package_cache *c, const char *task_id, const char *target_id,
                                struct error *e)
{
    struct task_target row;
    if (strlen(task_id) >= TASK_ID_SIZE)
        return error_set(e, ERR_INVALID, "task_id: too long");
    enum err err = store_row_get(c->reader, task_id, target_id, &row, e);
    if (err == ERR_NOT_FOUND)
        return error_set(e, ERR_FORBIDDEN, "task %s is not meant for target %s", task_id,
                         target_id);
    if (err != ERR_OK)
        return err;
    if (row.stop_wanted || row.state == TASK_REJECTED || row.state == TASK_STOPPED)
        return error_set(e, ERR_FORBIDDEN, "task %s is %s on target %s", task_id,
                         row.stop_wanted ? "to stop" : task_state_name(row.state), target_id);
    return ERR_OK;
}

static enum err open_package(struct package_cache *c, const char *task_id, struct package **out,
                             struct error *e)
{
    struct task task = {0};
    enum err err = store_task_get(c->reader, task_id, &task, e);
    if (err == ERR_OK && !task.has_package)
        err = error_set(e, ERR_NOT_FOUND, "task %s has no files", task_id);
    if (err == ERR_OK)
        err = package_open(c->packages, task.package_id, out, e);
    task_clear(&task);
    return err;
}

enum err package_cache_get(struct package_cache *c, const char *task_id, struct package **out,
                           struct error *e)
{
    struct place *oldest = &c->places[0];
    for (size_t i = 0; i < OPEN_MAX; i++) {
        struct place *place = &c->places[i];
        if (place->package != NULL && strcmp(place->task_id, task_id) == 0) {
            place->used = ++c->uses;
            *out = place->package;
            return ERR_OK;
        }
        if (place->used < oldest->used)
            oldest = place;
    }
    struct package *package = NULL;
    enum err err = open_package(c, task_id, &package, e);
    if (err != ERR_OK)
        return err;
    if (oldest->package != NULL)
        package_close(oldest->package);
    (void)snprintf(oldest->task_id, sizeof(oldest->task_id), "%s", task_id);
    oldest->package = package;
    oldest->used = ++c->uses;
    *out = package;
    return ERR_OK;
}
