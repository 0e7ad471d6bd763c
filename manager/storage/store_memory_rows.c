/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of tasks on targets in memory, ordered by task and target. */
#include <stdio.h>
#include <string.h>

#include "store_memory_tables.h"

static struct memory_store *of(struct store *s)
{
    return (struct memory_store *)s;
}

/* The separator sorts before every character of an id. */
static void row_key(const char *task_id, const char *target_id, char out[MEMORY_KEY_SIZE])
{
    snprintf(out, MEMORY_KEY_SIZE, "%s\x01%s", task_id, target_id);
}

enum err memory_row_put(struct store *s, const struct task_target *row, struct error *e)
{
    struct memory_store *m = of(s);
    if (memory_find(m, MEMORY_TASKS, row->task_id) == NULL ||
        memory_find(m, MEMORY_TARGETS, row->target_id) == NULL)
        return error_set(e, ERR_NOT_FOUND, "there is no task %s or no target %s", row->task_id,
                         row->target_id);
    char key[MEMORY_KEY_SIZE];
    row_key(row->task_id, row->target_id, key);
    struct task_target copy = *row;
    return memory_put(m, MEMORY_ROWS, key, &copy, sizeof(copy), NULL, e);
}

enum err memory_row_get(struct store *s, const char *task_id, const char *target_id,
                        struct task_target *out, struct error *e)
{
    AUTO(memory_unlock) struct memory_store *m = memory_lock(of(s));
    char key[MEMORY_KEY_SIZE];
    row_key(task_id, target_id, key);
    const struct task_target *row = memory_find(m, MEMORY_ROWS, key);
    if (row == NULL)
        return error_set(e, ERR_NOT_FOUND, "task %s is not for target %s", task_id, target_id);
    *out = *row;
    return ERR_OK;
}

/* Rows of a task lie together, the first of them here. */
static size_t first_of(const struct memory_store *m, const char *task_id)
{
    char key[MEMORY_KEY_SIZE];
    row_key(task_id, "", key);
    return memory_seek(m, MEMORY_ROWS, key);
}

static const struct task_target *row_at(const struct memory_store *m, size_t i, const char *task_id)
{
    if (i >= memory_count(m, MEMORY_ROWS))
        return NULL;
    const struct task_target *row = memory_at(m, MEMORY_ROWS, i);
    return strcmp(row->task_id, task_id) == 0 ? row : NULL;
}

enum err memory_row_list(struct store *s, const struct row_query *query, uint64_t *total,
                         store_row_fn *fn, void *arg, struct error *e)
{
    (void)e;
    AUTO(memory_unlock) struct memory_store *m = memory_lock(of(s));
    const struct task_target *row = NULL;
    size_t first = first_of(m, query->task_id);
    uint64_t count = 0;
    for (size_t i = first; (row = row_at(m, i, query->task_id)) != NULL; i++)
        count += !query->has_state || row->state == query->state;
    *total = count;
    uint64_t n = 0;
    for (size_t i = first; (row = row_at(m, i, query->task_id)) != NULL; i++) {
        if (query->has_state && row->state != query->state)
            continue;
        if (page_has(query->page, n++) && !fn(arg, row))
            break;
    }
    return ERR_OK;
}

static int compare_versions(const void *a, const void *b)
{
    uint64_t left = (*(const struct task_target *const *)a)->version;
    uint64_t right = (*(const struct task_target *const *)b)->version;
    return (left > right) - (left < right);
}

/* Rows of a target by version; the caller frees. */
static enum err rows_of_target(const struct memory_store *m, const char *target_id,
                               const struct task_target ***out, size_t *count, struct error *e)
{
    const struct task_target **found =
        calloc(memory_count(m, MEMORY_ROWS) + 1, sizeof(const struct task_target *));
    if (found == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for a list of rows");
    size_t n = 0;
    for (size_t i = 0; i < memory_count(m, MEMORY_ROWS); i++) {
        const struct task_target *row = memory_at(m, MEMORY_ROWS, i);
        if (strcmp(row->target_id, target_id) == 0)
            found[n++] = row;
    }
    qsort(found, n, sizeof(const struct task_target *), compare_versions);
    *out = found;
    *count = n;
    return ERR_OK;
}

enum err memory_row_outstanding(struct store *s, const char *target_id, store_row_fn *fn, void *arg,
                                struct error *e)
{
    AUTO(memory_unlock) struct memory_store *m = memory_lock(of(s));
    AUTO_FREE const struct task_target **rows = NULL;
    size_t count = 0;
    enum err err = rows_of_target(m, target_id, &rows, &count, e);
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        bool is_outstanding = !task_state_is_final(rows[i]->state) || rows[i]->stop_wanted;
        if (is_outstanding && !fn(arg, rows[i]))
            break;
    }
    return err;
}

enum err memory_row_of_target(struct store *s, const char *target_id, size_t max, store_row_fn *fn,
                              void *arg, struct error *e)
{
    AUTO(memory_unlock) struct memory_store *m = memory_lock(of(s));
    AUTO_FREE const struct task_target **rows = NULL;
    size_t count = 0;
    enum err err = rows_of_target(m, target_id, &rows, &count, e);
    for (size_t i = 0; err == ERR_OK && i < count && i < max; i++) {
        if (!fn(arg, rows[count - 1 - i]))
            break;
    }
    return err;
}

enum err memory_row_counts(struct store *s, const char *task_id, struct task_counts *out,
                           struct error *e)
{
    (void)e;
    AUTO(memory_unlock) struct memory_store *m = memory_lock(of(s));
    struct task_counts counts = {0};
    const struct task_target *row = NULL;
    for (size_t i = first_of(m, task_id); (row = row_at(m, i, task_id)) != NULL; i++) {
        counts.total++;
        counts.states[row->state]++;
        if (row->state == TASK_SUCCEEDED)
            counts.runs[row->run_state]++;
    }
    *out = counts;
    return ERR_OK;
}
