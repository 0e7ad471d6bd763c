/* SPDX-License-Identifier: Apache-2.0 */
/* Protobuf messages can be concatenated: each line is packed once, as a field of Log, and the
 * fields before it are put in front when the batch is complete. */
#include "log_batch.h"

#include <stdio.h>
#include <string.h>

#include "hivecast/v1/manager.pb-c.h"

/* Tags of Report.log and Log.lines (field number, length-delimited). */
enum { TAG_LOG = 3 << 3 | 2, TAG_LINES = 4 << 3 | 2, PREFIX_MAX = 6, LINE_OVERHEAD = 32 };

/* Cuts where a character begins. */
static void copy_command(char out[static LOG_COMMAND_MAX + 1], const char *command)
{
    size_t size = strnlen(command, LOG_COMMAND_MAX + 1);
    if (size > LOG_COMMAND_MAX) {
        size = LOG_COMMAND_MAX;
        while (size > 0 && (command[size] & 0xc0) == 0x80)
            size--;
    }
    memcpy(out, command, size);
    out[size] = '\0';
}

struct log_batch *log_batch_new(const struct log_source *source, bool is_sent)
{
    struct log_batch *b = calloc(1, sizeof(*b));
    if (b == NULL)
        return NULL;
    snprintf(b->task_id, sizeof(b->task_id), "%s", source->task_id);
    b->stage = source->stage;
    copy_command(b->command, source->command);
    b->is_sent = is_sent;
    return b;
}

void log_batch_free(struct log_batch *b)
{
    if (b == NULL)
        return;
    bytes_clear(&b->lines);
    free(b);
}

bool log_batch_is_of(const struct log_batch *b, const struct log_source *source, bool is_sent)
{
    if (b->is_sent != is_sent || b->stage != source->stage ||
        strcmp(b->task_id, source->task_id) != 0)
        return false;
    size_t size = strlen(b->command);
    return strncmp(b->command, source->command, size) == 0 &&
           (source->command[size] == '\0' || size + 4 > LOG_COMMAND_MAX);
}

bool log_batch_has_room(const struct log_batch *b, size_t size)
{
    return b->lines.size == 0 || b->lines.size + size + LINE_OVERHEAD <= LOG_BATCH_BYTES;
}

static size_t put_prefix(uint8_t out[static PREFIX_MAX], uint8_t tag, size_t size)
{
    size_t used = 0;
    out[used++] = tag;
    for (; size > 0x7f; size >>= 7)
        out[used++] = (uint8_t)(size | 0x80);
    out[used++] = (uint8_t)size;
    return used;
}

enum err log_batch_add(struct log_batch *b, const struct log_text *line, struct error *e)
{
    Hivecast__V1__LogLine wire = HIVECAST__V1__LOG_LINE__INIT;
    wire.time_ms = line->time_ms;
    wire.output = (char *)(uintptr_t)line->text;
    wire.error = line->is_error;
    wire.event = line->is_event;
    size_t size = hivecast__v1__log_line__get_packed_size(&wire);
    enum err err = bytes_reserve(&b->lines, size + PREFIX_MAX, e);
    if (err != ERR_OK)
        return err;
    b->lines.size += put_prefix(b->lines.data + b->lines.size, TAG_LINES, size);
    b->lines.size += hivecast__v1__log_line__pack(&wire, b->lines.data + b->lines.size);
    if (b->weight.lines++ == 0)
        b->weight.first_ms = line->time_ms;
    b->weight.last_ms = line->time_ms;
    return ERR_OK;
}

enum err log_batch_pack(const struct log_batch *b, struct bytes *out, struct error *e)
{
    Hivecast__V1__Report report = HIVECAST__V1__REPORT__INIT;
    report.time_ms = b->weight.last_ms;
    Hivecast__V1__Log head = HIVECAST__V1__LOG__INIT;
    head.task_id = (char *)(uintptr_t)b->task_id;
    head.stage = (Hivecast__V1__Stage)b->stage;
    head.command = (char *)(uintptr_t)b->command;
    size_t head_size = hivecast__v1__log__get_packed_size(&head);
    size_t report_size = hivecast__v1__report__get_packed_size(&report);
    enum err err = bytes_reserve(out, report_size + PREFIX_MAX + head_size + b->lines.size, e);
    if (err != ERR_OK)
        return err;
    out->size += hivecast__v1__report__pack(&report, out->data + out->size);
    out->size += put_prefix(out->data + out->size, TAG_LOG, head_size + b->lines.size);
    out->size += hivecast__v1__log__pack(&head, out->data + out->size);
    return bytes_append(out, b->lines.data, b->lines.size, e);
}
