/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest.h"

#include <string.h>

#include "connections.h"
#include "ingest_gate.h"
#include "uploads.h"

/* Stands between an archive and the package store: stops when the server does, and remembers
 * whether it was the source that failed. */
struct guard {
    struct package_source base;
    struct package_source *inner; /* owned */
    const struct api *api;
    bool has_failed;
};

static enum err pass(struct guard *g, enum err err)
{
    g->has_failed = g->has_failed || err != ERR_OK;
    return err;
}

static enum err check_stop(const struct guard *g, struct error *e)
{
    return atomic_load(g->api->is_stopping)
               ? error_set(e, ERR_UNAVAILABLE, "the manager is stopping")
               : ERR_OK;
}

static enum err guard_next(struct package_source *s, struct entry *out, bool *more, struct error *e)
{
    struct guard *g = (struct guard *)s;
    enum err err = check_stop(g, e);
    return err == ERR_OK ? pass(g, g->inner->ops->next(g->inner, out, more, e)) : err;
}

static enum err guard_read(struct package_source *s, uint8_t *buffer, size_t size, size_t *got,
                           struct error *e)
{
    struct guard *g = (struct guard *)s;
    enum err err = check_stop(g, e);
    return err == ERR_OK ? pass(g, g->inner->ops->read(g->inner, buffer, size, got, e)) : err;
}

/* The guard itself lives on the stack of ingest. */
static void guard_free(struct package_source *s)
{
    struct guard *g = (struct guard *)s;
    package_source_free(g->inner);
    g->inner = NULL;
}

static const struct package_source_ops guard_ops = {guard_next, guard_read, guard_free};

static enum err wrap_reader(enum err err, struct archive_reader *take_reader,
                            struct package_source **out, struct error *e)
{
    return err == ERR_OK ? package_source_archive(take_reader, out, e) : err;
}

static enum err open_zip(struct api *api, struct task_document *d, struct package_source **out,
                         struct error *e)
{
    struct archive_reader *reader = NULL;
    enum err err =
        archive_reader_open_memory(d->zip.data, d->zip.size, &api->config.limits, &reader, e);
    return wrap_reader(err, reader, out, e);
}

static enum err open_paths(struct api *api, struct task_document *d, struct package_source **out,
                           struct error *e)
{
    if (api->config.source_dir == NULL)
        return error_set(e, ERR_INVALID, "the manager has no --source-dir");
    return package_source_paths(api->config.source_dir, &d->paths, &api->config.limits, out, e);
}

/* Artifacts are what builds export, and builds are executed by a later version. */
static enum err open_task(struct api *api, struct task_document *d, struct package_source **out,
                          struct error *e)
{
    AUTO(reader_return) struct reader reader = {0};
    struct task storage = {0};
    AUTO(task_clear) struct task *task = &storage;
    (void)out;
    enum err err = reader_take(api->readers, &reader, e);
    if (err == ERR_OK)
        err = store_task_get(reader.store, d->source_task, task, e);
    if (err == ERR_NOT_FOUND)
        return error_set(e, ERR_NOT_FOUND, "no task %s", d->source_task);
    if (err != ERR_OK)
        return err;
    return error_set(e, ERR_CONFLICT, "task %s has no artifacts", d->source_task);
}

static enum err open_upload(struct api *api, struct task_document *d, struct package_source **out,
                            int *fd, struct error *e)
{
    enum err err = upload_open(api->uploads, d->upload, fd, e);
    if (err != ERR_OK)
        return err;
    struct archive_reader *reader = NULL;
    err = archive_reader_open_fd(*fd, &api->config.limits, &reader, e);
    return wrap_reader(err, reader, out, e);
}

static enum err open_source(struct api *api, struct task_document *d, struct package_source **out,
                            int *fd, struct error *e)
{
    switch (d->source) {
    case SOURCE_ZIP:
        return open_zip(api, d, out, e);
    case SOURCE_PATHS:
        return open_paths(api, d, out, e);
    case SOURCE_TASK:
        return open_task(api, d, out, e);
    default:
        return open_upload(api, d, out, fd, e);
    }
}

static const char *field_of(enum source_kind kind)
{
    static const char *const names[] = {
        [SOURCE_ZIP] = "source.zip",
        [SOURCE_PATHS] = "source.paths",
        [SOURCE_TASK] = "source.task",
        [SOURCE_UPLOAD] = "source.upload",
    };
    return names[kind];
}

/* A source that cannot be read is the client's mistake, whatever the reader calls it; but not that
 * we have no memory or are stopping. */
static enum err blame_source(const struct task_document *d, enum err err, struct error *e)
{
    bool is_ours = err == ERR_NO_MEMORY || err == ERR_NO_SPACE || err == ERR_UNAVAILABLE;
    bool is_plain = err == ERR_TOO_LARGE || err == ERR_NOT_FOUND || err == ERR_CONFLICT;
    return error_wrap(e, is_ours || is_plain ? err : ERR_INVALID, "%s", field_of(d->source));
}

static enum err ingest(struct api *api, struct task_document *d, struct package_draft **out,
                       struct error *e)
{
    AUTO_CLOSE int fd = -1;
    AUTO(reader_return) struct reader reader = {0};
    struct guard guard = {.base = {&guard_ops}, .api = api};
    enum err err = open_source(api, d, &guard.inner, &fd, e);
    if (err != ERR_OK)
        return blame_source(d, err, e);
    err = reader_take(api->readers, &reader, e);
    if (err == ERR_OK)
        err = package_store_ingest(api->config.packages, &guard.base, reader.store, out, e);
    guard_free(&guard.base);
    if (err != ERR_OK)
        return guard.has_failed ? blame_source(d, err, e) : err;
    d->draft.has_package = true;
    d->draft.package = (*out)->info;
    memcpy(d->draft.package_id, (*out)->id, sizeof(d->draft.package_id));
    return ERR_OK;
}

enum err ingest_document(struct api *api, struct task_document *d, struct package_draft **out,
                         struct error *e)
{
    if (d->source == SOURCE_NONE)
        return ERR_OK;
    connections_let_go(api->connections);
    enum err err = ingest_gate_enter(api->ingests, e);
    if (err != ERR_OK)
        return err;
    err = ingest(api, d, out, e);
    ingest_gate_leave(api->ingests);
    return err;
}
