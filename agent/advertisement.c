/* SPDX-License-Identifier: Apache-2.0 */
#include "advertisement.h"

#include <stdlib.h>
#include <string.h>

#include "assess.h"
#include "log.h"

struct status_slot {
    Hivecast__V1__TaskStatus wire;
    char task_id[TASK_ID_SIZE];
};

struct advertisement {
    const char *data_dir;
    const struct task_processor *tasks;
    char id[ID_SIZE];
    char architecture[32];
    char os[32];
    char tags[TAGS_MAX + 2][TAG_MAX + 1];
    char *tag_list[TAGS_MAX + 2];
    Hivecast__V1__Location location;
    Hivecast__V1__Advertisement wire;
    /* Grown to the number of tasks. */
    struct status_slot *slots;
    Hivecast__V1__TaskStatus **slot_list;
    size_t capacity;
};

enum err advertisement_new(const struct identity *id, const char *data_dir,
                           const struct task_processor *tasks, struct advertisement **out,
                           struct error *e)
{
    struct tags tags;
    enum err err = identity_advertised_tags(id, &tags, e);
    if (err != ERR_OK)
        return err;
    struct advertisement *a = calloc(1, sizeof(*a));
    if (a == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory");
    a->data_dir = data_dir;
    a->tasks = tasks;
    memcpy(a->id, id->id, sizeof(a->id));
    strncpy(a->architecture, identity_architecture(), sizeof(a->architecture) - 1);
    strncpy(a->os, identity_os(), sizeof(a->os) - 1);
    hivecast__v1__advertisement__init(&a->wire);
    a->wire.id = a->id;
    a->wire.architecture = a->architecture;
    a->wire.os = a->os;
    while (a->wire.n_tags < TAGS_MAX + 2 &&
           tags_at(&tags, a->wire.n_tags, a->tags[a->wire.n_tags])) {
        a->tag_list[a->wire.n_tags] = a->tags[a->wire.n_tags];
        a->wire.n_tags++;
    }
    a->wire.tags = a->tag_list;
    if (id->has_location) {
        hivecast__v1__location__init(&a->location);
        a->location.latitude = id->latitude;
        a->location.longitude = id->longitude;
        a->wire.location = &a->location;
    }
    *out = a;
    return ERR_OK;
}

void advertisement_free(struct advertisement *a)
{
    if (a == NULL)
        return;
    free(a->slots);
    free(a->slot_list);
    free(a);
}

static void add_status(void *arg, const struct task_status *s, const char *app, bool is_active)
{
    struct advertisement *a = arg;
    (void)app;
    (void)is_active;
    if (a->wire.n_tasks == a->capacity)
        return;
    struct status_slot *slot = &a->slots[a->wire.n_tasks];
    hivecast__v1__task_status__init(&slot->wire);
    memcpy(slot->task_id, s->task_id, sizeof(slot->task_id));
    slot->wire.task_id = slot->task_id;
    slot->wire.state = (Hivecast__V1__TaskState)s->state;
    slot->wire.run_state = (Hivecast__V1__RunState)s->run_state;
    a->slot_list[a->wire.n_tasks++] = &slot->wire;
}

static bool make_room(struct advertisement *a, size_t count)
{
    if (count <= a->capacity)
        return true;
    struct status_slot *slots = realloc(a->slots, count * sizeof(*slots));
    if (slots != NULL)
        a->slots = slots;
    Hivecast__V1__TaskStatus **list =
        realloc(a->slot_list, count * sizeof(Hivecast__V1__TaskStatus *));
    if (list != NULL)
        a->slot_list = list;
    if (slots == NULL || list == NULL)
        return false;
    a->capacity = count;
    return true;
}

const Hivecast__V1__Advertisement *advertisement_make(struct advertisement *a)
{
    a->wire.n_tasks = 0;
    if (make_room(a, task_processor_count(a->tasks)))
        task_processor_each(a->tasks, add_status, a);
    else
        log_error("no memory to list the tasks");
    a->wire.tasks = a->slot_list;
    struct resources r;
    struct error e;
    if (assess_read(a->data_dir, &r, &e) == ERR_OK) {
        a->wire.disk_free_bytes = r.disk_free_bytes;
        a->wire.memory_bytes = r.memory_total_bytes;
    } else {
        log_warn("%s", e.text);
    }
    return &a->wire;
}
