/* SPDX-License-Identifier: Apache-2.0 */
#include "task_codec.h"

#include <stdio.h>
#include <string.h>

#include "names.h"

static enum err read_package(const Hivecast__V1__Package *wire, bool *has, struct package_info *out,
                             struct error *e)
{
    *has = wire != NULL;
    if (wire == NULL)
        return ERR_OK;
    if (wire->digest.len != DIGEST_BYTES)
        return error_set(e, ERR_INVALID, "package digest has %zu bytes instead of %d",
                         wire->digest.len, DIGEST_BYTES);
    if (wire->manifest_size > MANIFEST_MAX_BYTES || wire->entry_count > PACKAGE_ENTRIES_MAX)
        return error_set(e, ERR_TOO_LARGE, "package has %llu entries, its manifest %llu bytes",
                         (unsigned long long)wire->entry_count,
                         (unsigned long long)wire->manifest_size);
    *out = (struct package_info){.manifest_size = wire->manifest_size,
                                 .entry_count = wire->entry_count,
                                 .chunk_count = wire->chunk_count,
                                 .content_size = wire->content_size,
                                 .sealed_size = wire->sealed_size};
    memcpy(out->digest, wire->digest.data, DIGEST_BYTES);
    return ERR_OK;
}

enum err task_codec_announcement(const Hivecast__V1__Announcement *wire, struct announcement *out,
                                 struct error *e)
{
    struct announcement a = {.version = wire->version, .memory_bytes = wire->memory_bytes};
    enum err err = names_check_id("task id", wire->task_id, e);
    if (err == ERR_OK)
        err = names_check_id("app", wire->app, e);
    if (err == ERR_OK)
        err = read_package(wire->package, &a.has_package, &a.package, e);
    if (err != ERR_OK)
        return err;
    if (strlen(wire->architecture) >= sizeof(a.architecture))
        return error_set(e, ERR_INVALID, "architecture is too long");
    snprintf(a.task_id, sizeof(a.task_id), "%s", wire->task_id);
    snprintf(a.app, sizeof(a.app), "%s", wire->app);
    snprintf(a.architecture, sizeof(a.architecture), "%s", wire->architecture);
    *out = a;
    return ERR_OK;
}

static enum err read_commands(const char *what, char *const *commands, size_t count,
                              struct strlist *out, struct error *e)
{
    if (count > COMMANDS_MAX)
        return error_set(e, ERR_INVALID, "%s: %zu commands, at most %d", what, count, COMMANDS_MAX);
    for (size_t i = 0; i < count; i++) {
        if (strlen(commands[i]) > COMMAND_MAX)
            return error_set(e, ERR_INVALID, "%s: command %zu is too long", what, i + 1);
        enum err err = strlist_add(out, commands[i], e);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

static enum err read_task(const Hivecast__V1__Task *wire, struct task *out, struct error *e)
{
    enum err err = names_check_id("task id", wire->id, e);
    if (err == ERR_OK)
        err = names_check_id("app", wire->app, e);
    if (err == ERR_OK)
        err = read_package(wire->package, &out->has_package, &out->package, e);
    if (err == ERR_OK && wire->install != NULL)
        err = read_commands("install", wire->install->commands, wire->install->n_commands,
                            &out->install_commands, e);
    if (err == ERR_OK && wire->run != NULL)
        err =
            read_commands("run", wire->run->commands, wire->run->n_commands, &out->run_commands, e);
    if (err != ERR_OK)
        return err;
    snprintf(out->id, sizeof(out->id), "%s", wire->id);
    snprintf(out->app, sizeof(out->app), "%s", wire->app);
    out->version = wire->version;
    out->debug = wire->debug;
    out->auto_restart = wire->run != NULL && wire->run->auto_restart;
    return ERR_OK;
}

enum err task_codec_task(const void *data, size_t size, struct task *out, struct error *e)
{
    Hivecast__V1__SignedTask *signed_task = hivecast__v1__signed_task__unpack(NULL, size, data);
    if (signed_task == NULL)
        return error_set(e, ERR_CORRUPT, "the signed task does not parse");
    Hivecast__V1__Task *wire =
        hivecast__v1__task__unpack(NULL, signed_task->task.len, signed_task->task.data);
    hivecast__v1__signed_task__free_unpacked(signed_task, NULL);
    if (wire == NULL)
        return error_set(e, ERR_CORRUPT, "the task inside the signed task does not parse");
    struct task task = {0};
    enum err err = read_task(wire, &task, e);
    hivecast__v1__task__free_unpacked(wire, NULL);
    if (err != ERR_OK) {
        task_clear(&task);
        return err;
    }
    *out = task;
    return ERR_OK;
}
