/* SPDX-License-Identifier: Apache-2.0 */
/* task_wire: see task_wire.h. Generated structs want pointers to non-const; nothing here writes
 * through them. */
#include "task_wire.h"

#include <stdlib.h>
#include <string.h>

/* With an envelope it still fits a control message. */
enum { SIGNED_TASK_MAX = CONTROL_MESSAGE_MAX - 4096 };

struct tag_texts {
    char text[TAGS_MAX][TAG_MAX + 1];
    char *items[TAGS_MAX];
    size_t count;
};

static char *borrow(const char *text)
{
    union {
        const char *from;
        char *to;
    } same = {.from = text};
    return same.to;
}

static ProtobufCBinaryData borrow_bytes(const uint8_t *data, size_t size)
{
    union {
        const uint8_t *from;
        uint8_t *to;
    } same = {.from = data};
    return (ProtobufCBinaryData){.len = size, .data = same.to};
}

static void fill_package(Hivecast__V1__Package *out, const struct package_info *info)
{
    hivecast__v1__package__init(out);
    out->digest = borrow_bytes(info->digest, DIGEST_BYTES);
    out->manifest_size = info->manifest_size;
    out->entry_count = info->entry_count;
    out->chunk_count = info->chunk_count;
    out->content_size = info->content_size;
    out->sealed_size = info->sealed_size;
}

static void fill_tags(struct tag_texts *out, const struct tags *tags)
{
    out->count = 0;
    while (out->count < TAGS_MAX && tags_at(tags, out->count, out->text[out->count])) {
        out->items[out->count] = out->text[out->count];
        out->count++;
    }
}

static enum err pack_signed(const Hivecast__V1__Task *task, struct bytes *out, struct error *e)
{
    size_t size = hivecast__v1__task__get_packed_size(task);
    AUTO_FREE uint8_t *packed = malloc(size);
    if (packed == NULL)
        return error_set(e, ERR_NO_MEMORY, "serialize the task");
    (void)hivecast__v1__task__pack(task, packed);
    Hivecast__V1__SignedTask signed_task = HIVECAST__V1__SIGNED_TASK__INIT;
    signed_task.task = borrow_bytes(packed, size);
    size_t signed_size = hivecast__v1__signed_task__get_packed_size(&signed_task);
    if (signed_size > SIGNED_TASK_MAX)
        return error_set(e, ERR_TOO_LARGE, "the task has %zu bytes for a target, at most %d fit",
                         signed_size, SIGNED_TASK_MAX);
    enum err err = bytes_reserve(out, signed_size, e);
    if (err == ERR_OK)
        out->size += hivecast__v1__signed_task__pack(&signed_task, out->data + out->size);
    return err;
}

enum err task_wire_encode(const struct task *task, struct bytes *out, struct error *e)
{
    Hivecast__V1__Package package;
    Hivecast__V1__Install install = HIVECAST__V1__INSTALL__INIT;
    Hivecast__V1__Run run = HIVECAST__V1__RUN__INIT;
    Hivecast__V1__Selector selector = HIVECAST__V1__SELECTOR__INIT;
    Hivecast__V1__Task message = HIVECAST__V1__TASK__INIT;
    struct tag_texts tags;

    install.commands = task->install_commands.items;
    install.n_commands = task->install_commands.count;
    run.commands = task->run_commands.items;
    run.n_commands = task->run_commands.count;
    run.auto_restart = task->auto_restart;
    fill_tags(&tags, &task->selector.tags);
    selector.tags = tags.items;
    selector.n_tags = tags.count;
    selector.ids = task->selector.ids.items;
    selector.n_ids = task->selector.ids.count;
    message.id = borrow(task->id);
    message.app = borrow(task->app);
    message.version = task->version;
    message.description = borrow(task->description);
    message.debug = task->debug;
    message.install = &install;
    message.run = &run;
    message.selector = &selector;
    if (task->has_package) {
        fill_package(&package, &task->package);
        message.package = &package;
    }
    return pack_signed(&message, out, e);
}

void task_wire_announcement(const struct task *task, Hivecast__V1__Announcement *out,
                            Hivecast__V1__Package *package)
{
    hivecast__v1__announcement__init(out);
    out->task_id = borrow(task->id);
    out->app = borrow(task->app);
    out->version = task->version;
    if (task->has_package) {
        fill_package(package, &task->package);
        out->package = package;
    }
}
