/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer_job.h"

#include <string.h>

#include "transfer_content.h"
#include "transfer_manifest.h"

/* Damaged chunks and broken connections cost bytes twice; more than that is not worth going on. */
enum { BUDGET_FACTOR = 2, BUDGET_BASE = 4 * 1024 * 1024 };

struct transfer_job {
    struct transfer_request request; /* its texts are ours */
    char *texts[5];
    char *temp_dir;
    struct release_place place;
    struct release_place old;
    struct transfer_manifest *manifest; /* NULL: it is whole */
    struct transfer_content *content;
    struct transfer_counts counts;
    uint64_t received;
    bool is_whole;
};

static enum err copy_texts(struct transfer_job *j, const struct transfer_request *r,
                           struct error *e)
{
    const char *from[] = {r->task_id, r->manifest_path, r->tree_path, r->old_manifest_path,
                          r->old_tree_path};
    for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
        if (from[i] == NULL)
            continue;
        j->texts[i] = strdup(from[i]);
        if (j->texts[i] == NULL)
            return error_set(e, ERR_NO_MEMORY, "no memory for a transfer");
    }
    const char *slash = strrchr(r->manifest_path, '/');
    j->temp_dir = slash == NULL ? strdup(".")
                                : strndup(r->manifest_path, (size_t)(slash - r->manifest_path) + 1);
    return j->temp_dir != NULL ? ERR_OK : error_set(e, ERR_NO_MEMORY, "no memory for a transfer");
}

static enum err check_limits(const struct transfer_request *r, struct error *e)
{
    if (r->package.manifest_size > MANIFEST_MAX_BYTES)
        return error_set(e, ERR_TOO_LARGE, "a manifest of %llu bytes, %d at most",
                         (unsigned long long)r->package.manifest_size, MANIFEST_MAX_BYTES);
    if (r->package.entry_count > PACKAGE_ENTRIES_MAX)
        return error_set(e, ERR_TOO_LARGE, "a package of %llu entries, %d at most",
                         (unsigned long long)r->package.entry_count, PACKAGE_ENTRIES_MAX);
    return ERR_OK;
}

enum err transfer_job_new(const struct transfer_request *r, struct transfer_job **out,
                          struct error *e)
{
    enum err err = check_limits(r, e);
    if (err != ERR_OK)
        return err;
    AUTO(transfer_job_free) struct transfer_job *j = calloc(1, sizeof(*j));
    if (j == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for a transfer");
    err = copy_texts(j, r, e);
    if (err != ERR_OK)
        return err;
    j->request = *r;
    j->request.task_id = j->texts[0];
    j->request.manifest_path = j->texts[1];
    j->request.tree_path = j->texts[2];
    j->request.old_manifest_path = j->texts[3];
    j->request.old_tree_path = j->texts[4];
    j->place = (struct release_place){j->texts[1], j->texts[2], &j->request.package};
    j->old = (struct release_place){j->texts[3], j->texts[4], &j->request.old_package};
    *out = TAKE(j);
    return ERR_OK;
}

void transfer_job_free(struct transfer_job *j)
{
    if (j == NULL)
        return;
    transfer_manifest_free(j->manifest);
    transfer_content_free(j->content);
    for (size_t i = 0; i < sizeof(j->texts) / sizeof(j->texts[0]); i++)
        free(j->texts[i]);
    free(j->temp_dir);
    free(j);
}

const struct transfer_request *transfer_job_request(const struct transfer_job *j)
{
    return &j->request;
}

static enum err open_content(struct transfer_job *j, struct error *e)
{
    transfer_manifest_free(j->manifest);
    j->manifest = NULL;
    const struct release_place *old = j->request.old_manifest_path != NULL ? &j->old : NULL;
    return transfer_content_open(&j->place, old, j->temp_dir, &j->content, e);
}

static enum err manifest_step(struct transfer_job *j, bool *more, struct error *e)
{
    enum err err = ERR_OK;
    *more = true;
    if (j->manifest == NULL)
        return transfer_manifest_open(j->request.manifest_path, &j->request.package, &j->manifest,
                                      e);
    err = transfer_manifest_step(j->manifest, more, e);
    if (err != ERR_OK || !transfer_manifest_is_whole(j->manifest))
        return err;
    *more = true;
    return open_content(j, e);
}

enum err transfer_job_step(struct transfer_job *j, bool *more, struct error *e)
{
    *more = false;
    if (j->is_whole)
        return ERR_OK;
    if (j->content == NULL)
        return manifest_step(j, more, e);
    enum err err = transfer_content_step(j->content, more, e);
    j->counts = *transfer_content_counts(j->content);
    j->is_whole = err == ERR_OK && transfer_content_is_whole(j->content);
    return err;
}

bool transfer_job_is_whole(const struct transfer_job *j)
{
    return j->is_whole;
}

bool transfer_job_ask(struct transfer_job *j, struct transfer_ask *out)
{
    *out = (struct transfer_ask){.is_manifest = j->content == NULL};
    if (j->content != NULL)
        return transfer_content_ask(j->content, &out->first, &out->count);
    return j->manifest != NULL && transfer_manifest_ask(j->manifest, &out->first);
}

void transfer_job_lost(struct transfer_job *j)
{
    if (j->content != NULL)
        transfer_content_lost(j->content);
    else if (j->manifest != NULL)
        transfer_manifest_lost(j->manifest);
}

static enum err count(struct transfer_job *j, size_t size, struct error *e)
{
    const struct package_info *p = &j->request.package;
    j->received += size;
    if (j->received <= BUDGET_FACTOR * (p->sealed_size + p->manifest_size) + BUDGET_BASE)
        return ERR_OK;
    return error_set(e, ERR_CORRUPT, "twice the size of the package came and it is not whole");
}

enum err transfer_job_manifest(struct transfer_job *j, uint64_t offset, uint64_t total,
                               zmq_msg_t *raw, struct error *e)
{
    size_t size = zmq_msg_size(raw);
    enum err err = count(j, size, e);
    if (err != ERR_OK || j->manifest == NULL)
        return err;
    return transfer_manifest_piece(j->manifest, offset, total, zmq_msg_data(raw), size, e);
}

enum err transfer_job_chunk(struct transfer_job *j, uint64_t index, zmq_msg_t *take_raw,
                            struct error *e)
{
    enum err err = count(j, zmq_msg_size(take_raw), e);
    if (err == ERR_OK && j->content != NULL)
        transfer_content_arrived(j->content, index, take_raw);
    return err;
}

void transfer_job_progress(const struct transfer_job *j, struct transfer_progress *out)
{
    *out = (struct transfer_progress){
        .content_done = j->counts.done,
        .reused = j->counts.reused,
        .resumed = j->counts.resumed,
        .received = j->received,
    };
}
