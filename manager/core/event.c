/* SPDX-License-Identifier: Apache-2.0 */
#include "event.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

static const struct {
    enum event_topic topic;
    const char *name;
} topics[] = {
    {EVENT_LOGS, "logs"},
    {EVENT_TARGET_ADDED, "targetAdded"},
    {EVENT_TARGET_UPDATED, "targetUpdated"},
    {EVENT_TASK_UPDATED, "taskUpdated"},
};

enum { TOPIC_COUNT = sizeof(topics) / sizeof(topics[0]) };

/* The payload follows in the same allocation. */
struct holder {
    atomic_uint references;
    size_t bytes;
    struct event event;
    max_align_t payload[];
};

static struct holder *holder_of(const struct event *event)
{
    return (struct holder *)((uintptr_t)event - offsetof(struct holder, event));
}

const char *event_topic_name(enum event_topic topic)
{
    for (size_t i = 0; i < TOPIC_COUNT; i++) {
        if (topics[i].topic == topic)
            return topics[i].name;
    }
    return NULL;
}

enum event_topic event_topic_from_name(const char *name)
{
    for (size_t i = 0; i < TOPIC_COUNT; i++) {
        if (strcmp(topics[i].name, name) == 0)
            return topics[i].topic;
    }
    return 0;
}

static struct holder *holder_new(enum event_topic topic, size_t payload_bytes, bool is_removed)
{
    size_t bytes = sizeof(struct holder) + payload_bytes;
    struct holder *holder = malloc(bytes);
    if (holder == NULL)
        return NULL;
    atomic_init(&holder->references, 1);
    holder->bytes = bytes;
    holder->event = (struct event){.topic = topic, .is_removed = is_removed};
    return holder;
}

struct event *event_of_target(enum event_topic topic, const struct target *t, bool is_removed)
{
    struct holder *holder = holder_new(topic, sizeof(*t), is_removed);
    if (holder == NULL)
        return NULL;
    holder->event.target = memcpy(holder->payload, t, sizeof(*t));
    return &holder->event;
}

struct event *event_of_row(const struct task_target *row, bool is_removed)
{
    struct holder *holder = holder_new(EVENT_TASK_UPDATED, sizeof(*row), is_removed);
    if (holder == NULL)
        return NULL;
    holder->event.row = memcpy(holder->payload, row, sizeof(*row));
    return &holder->event;
}

static size_t text_bytes(const struct log_batch *log)
{
    size_t bytes = strlen(log->target_id) + strlen(log->task_id) + strlen(log->command) + 3;
    for (size_t i = 0; i < log->count; i++)
        bytes += strlen(log->lines[i].output) + 1;
    return bytes;
}

static const char *put_text(char **place, const char *text)
{
    size_t size = strlen(text) + 1;
    const char *copy = memcpy(*place, text, size);
    *place += size;
    return copy;
}

/* Payload: the batch, its lines, all texts. */
struct event *event_of_log(const struct log_batch *log)
{
    size_t lines_bytes = log->count * sizeof(struct log_line);
    size_t bytes = sizeof(struct log_batch) + lines_bytes + text_bytes(log);
    struct holder *holder = holder_new(EVENT_LOGS, bytes, false);
    if (holder == NULL)
        return NULL;
    struct log_batch *copy = memcpy(holder->payload, log, sizeof(*log));
    struct log_line *lines = (struct log_line *)(copy + 1);
    char *place = (char *)(lines + log->count);
    copy->target_id = put_text(&place, log->target_id);
    copy->task_id = put_text(&place, log->task_id);
    copy->command = put_text(&place, log->command);
    for (size_t i = 0; i < log->count; i++) {
        lines[i] = log->lines[i];
        lines[i].output = put_text(&place, log->lines[i].output);
    }
    copy->lines = lines;
    holder->event.log = copy;
    return &holder->event;
}

void event_retain(struct event *event)
{
    atomic_fetch_add_explicit(&holder_of(event)->references, 1, memory_order_relaxed);
}

void event_release(struct event *event)
{
    struct holder *holder = holder_of(event);
    if (atomic_fetch_sub_explicit(&holder->references, 1, memory_order_acq_rel) == 1)
        free(holder);
}

size_t event_bytes(const struct event *event)
{
    return holder_of(event)->bytes;
}
