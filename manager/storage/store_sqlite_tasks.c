/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks in SQLite. */
#include <string.h>

#include "store_sqlite_tables.h"

/* signed_task, which only task_get reads, comes last. */
#define TASK_COLUMNS                                                                               \
    "id, version, description, app, debug, auto_restart, has_deploy, has_build, is_stopped,"       \
    " created_ms, has_package, package_id, package_digest, manifest_size, entry_count,"            \
    " chunk_count, content_size, sealed_size, install_commands, run_commands, selector_ids,"       \
    " selector_tags, build_host, build_commands, build_artifacts, document"

static enum err pack_list(const struct strlist *list, struct bytes *out, struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < list->count; i++)
        err = bytes_append(out, list->items[i], strlen(list->items[i]) + 1, e);
    return err;
}

static enum err unpack_list(struct query *q, struct strlist *out, struct error *e)
{
    struct bytes packed = {0};
    enum err err = query_get_bytes(q, &packed, e);
    for (size_t at = 0; err == ERR_OK && at < packed.size;) {
        const char *text = (const char *)packed.data + at;
        err = strlist_add(out, text, e);
        at += strlen(text) + 1;
    }
    bytes_clear(&packed);
    return err;
}

/* The lists of a task as they are stored; they live until the statement has run. */
struct packed_lists {
    struct bytes install, run, ids, build, artifacts;
};

static void packed_lists_clear(struct packed_lists *p)
{
    bytes_clear(&p->install);
    bytes_clear(&p->run);
    bytes_clear(&p->ids);
    bytes_clear(&p->build);
    bytes_clear(&p->artifacts);
}

static enum err pack_lists(const struct task *t, struct packed_lists *p, struct error *e)
{
    enum err err = pack_list(&t->install_commands, &p->install, e);
    if (err == ERR_OK)
        err = pack_list(&t->run_commands, &p->run, e);
    if (err == ERR_OK)
        err = pack_list(&t->selector.ids, &p->ids, e);
    if (err == ERR_OK)
        err = pack_list(&t->build_commands, &p->build, e);
    if (err == ERR_OK)
        err = pack_list(&t->build_artifacts, &p->artifacts, e);
    return err;
}

static void bind_head(struct query *q, const struct task *t)
{
    query_text(q, t->id);
    query_int(q, (int64_t)t->version);
    query_text(q, t->description);
    query_text(q, t->app);
    query_int(q, t->debug);
    query_int(q, t->auto_restart);
    query_int(q, t->has_deploy);
    query_int(q, t->has_build);
    query_int(q, t->is_stopped);
    query_int(q, t->created_ms);
}

static void bind_package(struct query *q, const struct task *t)
{
    query_int(q, t->has_package);
    query_text(q, t->package_id);
    query_blob(q, t->package.digest, sizeof(t->package.digest));
    query_int(q, (int64_t)t->package.manifest_size);
    query_int(q, (int64_t)t->package.entry_count);
    query_int(q, (int64_t)t->package.chunk_count);
    query_int(q, (int64_t)t->package.content_size);
    query_int(q, (int64_t)t->package.sealed_size);
}

static void bind_rest(struct query *q, const struct task *t, const struct packed_lists *lists)
{
    query_blob(q, lists->install.data, lists->install.size);
    query_blob(q, lists->run.data, lists->run.size);
    query_blob(q, lists->ids.data, lists->ids.size);
    query_text(q, t->selector.tags.text);
    query_text(q, t->build_host);
    query_blob(q, lists->build.data, lists->build.size);
    query_blob(q, lists->artifacts.data, lists->artifacts.size);
    query_text(q, t->document);
    query_blob(q, t->signed_task.data, t->signed_task.size);
}

enum err sqlite_task_insert(struct store *store, const struct task *t, struct error *e)
{
    AUTO(query_close) struct query q = {0};
    enum err err = query_open((struct sqlite_store *)store,
                              "INSERT INTO tasks (" TASK_COLUMNS ", signed_task) VALUES (?, ?, ?,"
                              " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
                              " ?, ?)",
                              &q, e);
    if (err != ERR_OK)
        return err;
    bind_head(&q, t);
    bind_package(&q, t);
    struct packed_lists lists = {.install = {0}};
    err = pack_lists(t, &lists, e);
    if (err == ERR_OK) {
        bind_rest(&q, t, &lists);
        err = query_run(&q, e);
    }
    packed_lists_clear(&lists);
    if (err == ERR_CONFLICT)
        return error_set(e, err, "there is already a task %s or version %llu", t->id,
                         (unsigned long long)t->version);
    return err;
}

static enum err change_task(struct sqlite_store *s, const char *sql, const char *id,
                            struct error *e)
{
    AUTO(query_close) struct query q = {0};
    enum err err = query_open(s, sql, &q, e);
    if (err != ERR_OK)
        return err;
    query_text(&q, id);
    err = query_run(&q, e);
    return err == ERR_OK ? sqlite_check_changed(s, "task", id, e) : err;
}

enum err sqlite_task_set_stopped(struct store *store, const char *id, struct error *e)
{
    return change_task((struct sqlite_store *)store, "UPDATE tasks SET is_stopped = 1 WHERE id = ?",
                       id, e);
}

enum err sqlite_task_delete(struct store *store, const char *id, struct error *e)
{
    struct sqlite_store *s = (struct sqlite_store *)store;
    enum err err = change_task(s, "DELETE FROM tasks WHERE id = ?", id, e);
    return err == ERR_OK ? sqlite_log_delete_task(s, id, e) : err;
}

static void read_head(struct query *q, struct task *t)
{
    query_get_text(q, t->id, sizeof(t->id));
    t->version = (uint64_t)query_get_int(q);
    query_get_text(q, t->description, sizeof(t->description));
    query_get_text(q, t->app, sizeof(t->app));
    t->debug = query_get_int(q) != 0;
    t->auto_restart = query_get_int(q) != 0;
    t->has_deploy = query_get_int(q) != 0;
    t->has_build = query_get_int(q) != 0;
    t->is_stopped = query_get_int(q) != 0;
    t->created_ms = query_get_int(q);
    t->has_package = query_get_int(q) != 0;
    query_get_text(q, t->package_id, sizeof(t->package_id));
    query_get_blob(q, t->package.digest, sizeof(t->package.digest));
    t->package.manifest_size = (uint64_t)query_get_int(q);
    t->package.entry_count = (uint64_t)query_get_int(q);
    t->package.chunk_count = (uint64_t)query_get_int(q);
    t->package.content_size = (uint64_t)query_get_int(q);
    t->package.sealed_size = (uint64_t)query_get_int(q);
}

/* What is filled in when this fails is the caller's to clear. */
static enum err read_task(struct query *q, struct task *t, struct error *e)
{
    read_head(q, t);
    enum err err = unpack_list(q, &t->install_commands, e);
    if (err == ERR_OK)
        err = unpack_list(q, &t->run_commands, e);
    if (err == ERR_OK)
        err = unpack_list(q, &t->selector.ids, e);
    if (err != ERR_OK)
        return err;
    query_get_text(q, t->selector.tags.text, sizeof(t->selector.tags.text));
    query_get_text(q, t->build_host, sizeof(t->build_host));
    err = unpack_list(q, &t->build_commands, e);
    if (err == ERR_OK)
        err = unpack_list(q, &t->build_artifacts, e);
    if (err != ERR_OK)
        return err;
    struct bytes document = {0};
    err = query_get_bytes(q, &document, e);
    t->document = (char *)document.data;
    return err;
}

enum err sqlite_task_get(struct store *store, const char *id, struct task *out, struct error *e)
{
    AUTO(query_close) struct query q = {0};
    enum err err =
        query_open((struct sqlite_store *)store,
                   "SELECT " TASK_COLUMNS ", signed_task FROM tasks WHERE id = ?", &q, e);
    if (err != ERR_OK)
        return err;
    query_text(&q, id);
    bool has_row = false;
    err = query_row(&q, &has_row, e);
    if (err != ERR_OK)
        return err;
    if (!has_row)
        return error_set(e, ERR_NOT_FOUND, "there is no task %s", id);
    struct task t = {.version = 0};
    err = read_task(&q, &t, e);
    if (err == ERR_OK)
        err = query_get_bytes(&q, &t.signed_task, e);
    if (err == ERR_OK)
        *out = t;
    else
        task_clear(&t);
    return err;
}

#define TASK_FILTER                                                                                \
    " WHERE instr(lower(description), lower(?1)) > 0 AND (?2 = 0 OR EXISTS"                        \
    " (SELECT 1 FROM task_targets WHERE task_id = tasks.id AND state = ?2))"

static void bind_filter(struct query *q, const struct task_query *query)
{
    query_text(q, query->description == NULL ? "" : query->description);
    query_int(q, query->has_state ? (int)query->state : 0);
}

static enum err visit_tasks(struct query *q, store_task_fn *fn, void *arg, struct error *e)
{
    bool has_row = true;
    bool goes_on = true;
    enum err err = ERR_OK;
    while (goes_on && (err = query_row(q, &has_row, e)) == ERR_OK && has_row) {
        struct task t = {.version = 0};
        err = read_task(q, &t, e);
        goes_on = err == ERR_OK && fn(arg, &t);
        task_clear(&t);
    }
    return err;
}

enum err sqlite_task_list(struct store *store, const struct task_query *query, uint64_t *total,
                          store_task_fn *fn, void *arg, struct error *e)
{
    struct sqlite_store *s = (struct sqlite_store *)store;
    AUTO(query_close) struct query count = {0};
    enum err err = query_open(s, "SELECT count(*) FROM tasks" TASK_FILTER, &count, e);
    if (err != ERR_OK)
        return err;
    bind_filter(&count, query);
    bool has_row = false;
    err = query_row(&count, &has_row, e);
    if (err != ERR_OK)
        return err;
    *total = has_row ? (uint64_t)query_get_int(&count) : 0;

    AUTO(query_close) struct query q = {0};
    err = query_open(s,
                     "SELECT " TASK_COLUMNS " FROM tasks" TASK_FILTER
                     " ORDER BY version DESC LIMIT ?3 OFFSET ?4",
                     &q, e);
    if (err != ERR_OK)
        return err;
    bind_filter(&q, query);
    query_int(&q, query->page.size);
    query_int(&q, page_offset(query->page));
    return visit_tasks(&q, fn, arg, e);
}

enum err sqlite_task_last_version(struct store *store, uint64_t *out, struct error *e)
{
    int64_t version = 0;
    enum err err =
        sqlite_number((struct sqlite_store *)store,
                      "SELECT seq FROM sqlite_sequence WHERE name = 'tasks'", NULL, &version, e);
    if (err == ERR_OK)
        *out = (uint64_t)version;
    return err;
}
