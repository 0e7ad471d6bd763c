/* SPDX-License-Identifier: Apache-2.0 */
/* hivecast deploy: a task document to POST /tasks, its source uploaded first, and the wait. */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "deploy_wait.h"
#include "document.h"
#include "interrupt.h"
#include "print.h"
#include "source_upload.h"
#include "task_view.h"

/* The document as the manager shall get it. */
static enum err change(struct cli *c, json_t *document, struct error *e)
{
    const char *source = options_get(c->options, "source");
    const char *ids = options_get(c->options, "id");
    const char *tags = options_get(c->options, "tag");
    enum err err =
        ids != NULL || tags != NULL ? document_set_target(document, ids, tags, e) : ERR_OK;
    if (err != ERR_OK || source == NULL)
        return err;
    AUTO_FREE char *upload = NULL;
    err = source_upload(c->client, source, &upload, e);
    return err == ERR_OK ? document_set_upload(document, upload, e) : err;
}

static enum err post(struct cli *c, json_t **task, struct error *e)
{
    struct bytes text = {0};
    json_t *document = NULL;
    bool is_changed = options_is_set(c->options, "source") || options_is_set(c->options, "id") ||
                      options_is_set(c->options, "tag");
    enum err err = document_read(options_positional(c->options, 0), &text, e);
    if (err == ERR_OK && is_changed)
        err = document_parse(&text, &document, e);
    if (err == ERR_OK && is_changed)
        err = change(c, document, e);
    if (err == ERR_OK && is_changed)
        err = client_call(c->client, "POST", "/tasks", document, task, e);
    else if (err == ERR_OK)
        err = client_post(c->client, "/tasks",
                          document_is_json(&text) ? "application/json" : "application/yaml", &text,
                          task, e);
    json_decref(document);
    bytes_clear(&text);
    return err;
}

static enum err wait(struct cli *c, const char *task, struct error *e)
{
    struct deploy_wait how = {.task = task, .is_json = c->is_json};
    json_t *result = NULL;
    enum err err = options_integer(c->options, "timeout", 0, 10000000, &how.timeout_s, e);
    if (err == ERR_OK)
        err = options_integer(c->options, "settle", 0, 3600, &how.settle_s, e);
    if (err == ERR_OK)
        err = deploy_wait(c->client, &how, &result, e);
    if (err == ERR_STOPPED && interrupt_happened())
        fprintf(stderr, "\ntask %s goes on; see 'hivecast tasks show %s'\n", task, task);
    if (err == ERR_OK && c->is_json)
        err = print_json(result, e);
    else if (err == ERR_OK)
        task_view_print_failures(stdout, json_object_get(result, "failures"));
    if (err == ERR_OK && !json_is_true(json_object_get(result, "ok")))
        c->status = STATUS_FAILED;
    json_decref(result);
    return err;
}

static void print_created(const char *id, const json_t *counts)
{
    long long total = (long long)json_integer_value(json_object_get(counts, "total"));
    printf("task %s for %lld target%s\n", id, total, total == 1 ? "" : "s");
    fflush(stdout);
}

enum err deploy_run(struct cli *c, struct error *e)
{
    json_t *task = NULL;
    enum err err = post(c, &task, e);
    if (err != ERR_OK)
        return err;
    const char *id = json_string_value(json_object_get(task, "id"));
    bool is_waiting = options_is_set(c->options, "wait");
    if (id == NULL)
        err = error_set(e, ERR_CORRUPT, "the manager gave no id for the task");
    else if (c->is_json && !is_waiting)
        err = print_json(task, e);
    else if (!c->is_json)
        print_created(id, json_object_get(task, "counts"));
    if (err == ERR_OK && is_waiting)
        err = wait(c, id, e);
    json_decref(task);
    return err;
}
