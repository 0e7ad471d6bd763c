/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks in memory. */
#include <inttypes.h>
#include <string.h>

#include "store_memory_tables.h"

static struct memory_store *of(struct store *s)
{
    return (struct memory_store *)s;
}

static void clear_task(void *payload)
{
    task_clear(payload);
}

static enum err copy_text(char **to, const char *from, struct error *e)
{
    *to = from == NULL ? NULL : strdup(from);
    if (from != NULL && *to == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for a task");
    return ERR_OK;
}

static enum err copy_owned(struct task *to, const struct task *from, bool with_signed,
                           struct error *e)
{
    enum err err = strlist_copy(&to->install_commands, &from->install_commands, e);
    if (err == ERR_OK)
        err = strlist_copy(&to->run_commands, &from->run_commands, e);
    if (err == ERR_OK)
        err = strlist_copy(&to->selector.ids, &from->selector.ids, e);
    if (err == ERR_OK)
        err = strlist_copy(&to->build_commands, &from->build_commands, e);
    if (err == ERR_OK)
        err = strlist_copy(&to->build_artifacts, &from->build_artifacts, e);
    if (err == ERR_OK)
        err = copy_text(&to->document, from->document, e);
    if (err == ERR_OK && with_signed)
        err = bytes_append(&to->signed_task, from->signed_task.data, from->signed_task.size, e);
    return err;
}

/* Nothing is left to clear when it fails. */
static enum err copy_task(struct task *to, const struct task *from, bool with_signed,
                          struct error *e)
{
    struct task copy = *from;
    copy.install_commands = copy.run_commands = (struct strlist){0};
    copy.selector.ids = copy.build_commands = copy.build_artifacts = (struct strlist){0};
    copy.document = NULL;
    copy.signed_task = (struct bytes){0};
    enum err err = copy_owned(&copy, from, with_signed, e);
    if (err == ERR_OK)
        *to = copy;
    else
        task_clear(&copy);
    return err;
}

static bool has_version(const struct memory_store *m, uint64_t version)
{
    for (size_t i = 0; i < memory_count(m, MEMORY_TASKS); i++) {
        const struct task *t = memory_at(m, MEMORY_TASKS, i);
        if (t->version == version)
            return true;
    }
    return false;
}

enum err memory_task_insert(struct store *s, const struct task *t, struct error *e)
{
    struct memory_store *m = of(s);
    if (memory_find(m, MEMORY_TASKS, t->id) != NULL || has_version(m, t->version))
        return error_set(e, ERR_CONFLICT, "there is already a task %s or version %" PRIu64, t->id,
                         t->version);
    struct task copy;
    enum err err = copy_task(&copy, t, true, e);
    if (err == ERR_OK)
        err = memory_put(m, MEMORY_TASKS, t->id, &copy, sizeof(copy), clear_task, e);
    if (err == ERR_OK && t->version > memory_number(m, "task version"))
        err = memory_set_number(m, "task version", t->version, e);
    return err;
}

static enum err find_task(const struct memory_store *m, const char *id, const struct task **out,
                          struct error *e)
{
    *out = memory_find(m, MEMORY_TASKS, id);
    return *out == NULL ? error_set(e, ERR_NOT_FOUND, "there is no task %s", id) : ERR_OK;
}

enum err memory_task_set_stopped(struct store *s, const char *id, struct error *e)
{
    struct memory_store *m = of(s);
    const struct task *found = NULL;
    struct task copy;
    enum err err = find_task(m, id, &found, e);
    if (err == ERR_OK)
        err = copy_task(&copy, found, true, e);
    if (err != ERR_OK)
        return err;
    copy.is_stopped = true;
    return memory_put(m, MEMORY_TASKS, id, &copy, sizeof(copy), clear_task, e);
}

enum err memory_task_delete(struct store *s, const char *id, struct error *e)
{
    struct memory_store *m = of(s);
    const struct task *found = NULL;
    enum err err = find_task(m, id, &found, e);
    if (err == ERR_OK)
        err = memory_remove(m, MEMORY_TASKS, id, e);
    for (size_t i = memory_count(m, MEMORY_ROWS); err == ERR_OK && i-- > 0;) {
        const struct task_target *row = memory_at(m, MEMORY_ROWS, i);
        if (strcmp(row->task_id, id) == 0)
            err = memory_remove(m, MEMORY_ROWS, memory_key_at(m, MEMORY_ROWS, i), e);
    }
    return err == ERR_OK ? memory_log_delete_task(m, id, e) : err;
}

enum err memory_task_get(struct store *s, const char *id, struct task *out, struct error *e)
{
    AUTO(memory_unlock) struct memory_store *m = memory_lock(of(s));
    const struct task *found = NULL;
    enum err err = find_task(m, id, &found, e);
    return err == ERR_OK ? copy_task(out, found, true, e) : err;
}

static bool task_matches(const struct memory_store *m, const struct task *t,
                         const struct task_query *q)
{
    if (q->description != NULL && strcasestr(t->description, q->description) == NULL)
        return false;
    if (!q->has_state)
        return true;
    for (size_t i = 0; i < memory_count(m, MEMORY_ROWS); i++) {
        const struct task_target *row = memory_at(m, MEMORY_ROWS, i);
        if (row->state == q->state && strcmp(row->task_id, t->id) == 0)
            return true;
    }
    return false;
}

static int compare_newest_first(const void *a, const void *b)
{
    uint64_t left = (*(const struct task *const *)a)->version;
    uint64_t right = (*(const struct task *const *)b)->version;
    return (left < right) - (left > right);
}

static enum err visit(const struct task *t, store_task_fn *fn, void *arg, bool *goes_on,
                      struct error *e)
{
    struct task copy;
    enum err err = copy_task(&copy, t, false, e);
    if (err != ERR_OK)
        return err;
    *goes_on = fn(arg, &copy);
    task_clear(&copy);
    return ERR_OK;
}

enum err memory_task_list(struct store *s, const struct task_query *query, uint64_t *total,
                          store_task_fn *fn, void *arg, struct error *e)
{
    AUTO(memory_unlock) struct memory_store *m = memory_lock(of(s));
    size_t count = memory_count(m, MEMORY_TASKS);
    AUTO_FREE const struct task **found = calloc(count + 1, sizeof(const struct task *));
    if (found == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for a list of tasks");
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        const struct task *t = memory_at(m, MEMORY_TASKS, i);
        if (task_matches(m, t, query))
            found[n++] = t;
    }
    qsort(found, n, sizeof(const struct task *), compare_newest_first);
    *total = n;
    bool goes_on = true;
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && goes_on && i < n; i++) {
        if (page_has(query->page, i))
            err = visit(found[i], fn, arg, &goes_on, e);
    }
    return err;
}

enum err memory_task_last_version(struct store *s, uint64_t *out, struct error *e)
{
    (void)e;
    AUTO(memory_unlock) struct memory_store *m = memory_lock(of(s));
    *out = memory_number(m, "task version");
    return ERR_OK;
}
