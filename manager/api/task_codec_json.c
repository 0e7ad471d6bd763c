/* SPDX-License-Identifier: Apache-2.0 */
#include "task_codec_json.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "json_fields.h"

#define DRAFT(member) offsetof(struct task, member)
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static enum err decode_zip(json_t *value, const char *path, void *out, struct error *e)
{
    struct task_document *d = out;
    const char *text = NULL;
    enum err err = json_text(value, path, &text, e);
    if (err != ERR_OK)
        return err;
    size_t length = json_string_length(value);
    size_t size = 0;
    const char *end = NULL;
    err = bytes_reserve(&d->zip, length / 4 * 3 + 3, e);
    if (err != ERR_OK)
        return err;
    if (sodium_base642bin(d->zip.data, length / 4 * 3 + 3, text, length, " \r\n\t", &size, &end,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        end != text + length)
        return error_set(e, ERR_INVALID, "%s: not base64", path);
    d->zip.size = size;
    d->source = SOURCE_ZIP;
    return ERR_OK;
}

static enum err decode_source_paths(json_t *value, const char *path, void *out, struct error *e)
{
    struct task_document *d = out;
    d->source = SOURCE_PATHS;
    return json_decode_paths(value, path, &d->paths, e);
}

static enum err decode_source_task(json_t *value, const char *path, void *out, struct error *e)
{
    struct task_document *d = out;
    d->source = SOURCE_TASK;
    return json_decode_task_id(value, path, d->source_task, e);
}

static enum err decode_upload(json_t *value, const char *path, void *out, struct error *e)
{
    struct task_document *d = out;
    const char *text = NULL;
    enum err err = json_text(value, path, &text, e);
    if (err != ERR_OK)
        return err;
    size_t length = strlen(text);
    if (length != UPLOAD_ID_SIZE - 1 || strspn(text, "0123456789abcdef") != length)
        return error_set(e, ERR_INVALID, "%s: must be the id that POST /uploads answered", path);
    memcpy(d->upload, text, length + 1);
    d->source = SOURCE_UPLOAD;
    return ERR_OK;
}

static enum err decode_source(json_t *value, const char *path, void *out, struct error *e)
{
    static const struct json_field fields[] = {
        {"zip", decode_zip, 0, false},
        {"paths", decode_source_paths, 0, false},
        {"task", decode_source_task, 0, false},
        {"upload", decode_upload, 0, false},
    };
    enum err err = json_decode_object(value, path, fields, COUNT(fields), out, e);
    if (err == ERR_OK && json_object_size(value) != 1)
        return error_set(e, ERR_INVALID, "%s: must have one of zip, paths, task and upload", path);
    return err;
}

static enum err decode_build(json_t *value, const char *path, void *out, struct error *e)
{
    static const struct json_field fields[] = {
        {"host", json_decode_id, DRAFT(build_host), true},
        {"commands", json_decode_commands, DRAFT(build_commands), true},
        {"artifacts", json_decode_paths, DRAFT(build_artifacts), true},
    };
    struct task *draft = out;
    draft->has_build = true;
    enum err err = json_decode_object(value, path, fields, COUNT(fields), draft, e);
    if (err == ERR_OK && draft->build_commands.count == 0)
        return error_set(e, ERR_INVALID, "%s.commands is empty", path);
    return err;
}

static enum err decode_install(json_t *value, const char *path, void *out, struct error *e)
{
    static const struct json_field fields[] = {
        {"commands", json_decode_commands, DRAFT(install_commands), false},
    };
    return json_decode_object(value, path, fields, COUNT(fields), out, e);
}

static enum err decode_run(json_t *value, const char *path, void *out, struct error *e)
{
    static const struct json_field fields[] = {
        {"commands", json_decode_commands, DRAFT(run_commands), false},
        {"autoRestart", json_decode_bool, DRAFT(auto_restart), false},
    };
    return json_decode_object(value, path, fields, COUNT(fields), out, e);
}

static enum err decode_target(json_t *value, const char *path, void *out, struct error *e)
{
    static const struct json_field fields[] = {
        {"ids", json_decode_ids, DRAFT(selector.ids), false},
        {"tags", json_decode_tags, DRAFT(selector.tags), false},
    };
    struct task *draft = out;
    enum err err = json_decode_object(value, path, fields, COUNT(fields), draft, e);
    if (err == ERR_OK && draft->selector.ids.count == 0 && tags_count(&draft->selector.tags) == 0)
        return error_set(e, ERR_INVALID, "%s: needs ids or tags", path);
    return err;
}

static enum err decode_deploy(json_t *value, const char *path, void *out, struct error *e)
{
    static const struct json_field fields[] = {
        {"app", json_decode_id, DRAFT(app), false},
        {"install", decode_install, 0, false},
        {"run", decode_run, 0, false},
        {"target", decode_target, 0, true},
    };
    struct task *draft = out;
    draft->has_deploy = true;
    enum err err = json_decode_object(value, path, fields, COUNT(fields), draft, e);
    if (err == ERR_OK && draft->install_commands.count == 0 && draft->run_commands.count == 0)
        return error_set(e, ERR_INVALID, "%s: no commands in install or run", path);
    return err;
}

/* The archive itself is not kept a second time. */
static enum err keep_document(json_t *json, struct task_document *d, struct error *e)
{
    json_t *source = json_object_get(json, "source");
    if (d->source == SOURCE_ZIP &&
        json_object_set_new(source, "zip", json_integer((json_int_t)d->zip.size)) != 0)
        return error_set(e, ERR_NO_MEMORY, "no memory for the document");
    d->draft.document = json_dumps(json, JSON_COMPACT);
    if (d->draft.document == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for the document");
    return ERR_OK;
}

enum err task_document_decode(json_t *json, struct task_document *out, struct error *e)
{
    static const struct json_field fields[] = {
        {"description", json_decode_description, offsetof(struct task_document, draft.description),
         false},
        {"source", decode_source, 0, false},
        {"build", decode_build, offsetof(struct task_document, draft), false},
        {"deploy", decode_deploy, offsetof(struct task_document, draft), false},
        {"debug", json_decode_bool, offsetof(struct task_document, draft.debug), false},
    };
    memset(out, 0, sizeof(*out));
    enum err err = json_decode_object(json, "", fields, COUNT(fields), out, e);
    if (err != ERR_OK)
        return err;
    if (!out->draft.has_build && !out->draft.has_deploy)
        return error_set(e, ERR_INVALID, "deploy: missing");
    if (out->draft.app[0] == '\0')
        snprintf(out->draft.app, sizeof(out->draft.app), "default");
    return keep_document(json, out, e);
}

void task_document_clear(struct task_document *d)
{
    task_clear(&d->draft);
    bytes_clear(&d->zip);
    strlist_clear(&d->paths);
}
