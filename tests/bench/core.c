/* SPDX-License-Identifier: Apache-2.0 */
/* hivecast-bench-core DIR TARGETS: the manager's core over SQLite without any network: a task for
 * all targets, their acknowledgements, their heartbeats, in turns as the core thread works. Prints
 * JSON. DIR must exist and is left with the database. */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "core.h"
#include "fs.h"
#include "keys.h"
#include "store_backends.h"

enum { TURN = 256, ACKNOWLEDGEMENTS = 4, STREAM = 7 };

struct bench {
    struct core core;
    struct outbox outbox;
    size_t announced;
    size_t count;   /* of targets */
    size_t next;    /* target of the next request */
    uint64_t round; /* of acknowledgements, from 0 */
    char task_id[TASK_ID_SIZE];
};

static enum err announce(struct outbox *o, const char *target_id, const struct task *task,
                         struct error *e)
{
    (void)target_id;
    (void)task;
    (void)e;
    ((struct bench *)((uintptr_t)o - offsetof(struct bench, outbox)))->announced++;
    return ERR_OK;
}

static enum err say_nothing(struct outbox *o, const char *target_id, const char *text,
                            struct error *e)
{
    (void)o;
    (void)target_id;
    (void)text;
    (void)e;
    return ERR_OK;
}

static const struct outbox_ops outbox_ops = {.announce = announce, .stop = say_nothing};

static enum err encode(const struct task *task, struct bytes *out, struct error *e)
{
    return bytes_append(out, task->id, strlen(task->id), e);
}

static void id_of(size_t i, char out[static ID_SIZE])
{
    (void)snprintf(out, ID_SIZE, "drone-%05zu", i);
}

static enum err register_one(void *arg, struct error *e)
{
    struct bench *b = arg;
    struct target t = {.registered_ms = 1};
    id_of(b->next, t.id);
    memcpy(t.public_key, t.id, KEY_BYTES);
    return registry_add(b->core.registry, &t, e);
}

static enum err connect_one(void *arg, struct error *e)
{
    struct bench *b = arg;
    struct advertisement a = {.architecture = "x86_64", .os = "linux", .stream_id = STREAM};
    char id[ID_SIZE];
    id_of(b->next, id);
    enum err err = tags_parse(&a.tags, "all,x86_64,linux", e);
    if (err == ERR_OK)
        err = registry_connected(b->core.registry, id, &a, clock_wall_ms(), e);
    return err == ERR_OK ? task_manager_reconcile(b->core.tasks, id, NULL, 0, e) : err;
}

static enum err post_one(void *arg, struct error *e)
{
    struct bench *b = arg;
    struct task task = {.has_deploy = true, .app = "default"};
    enum err err = strlist_add(&task.run_commands, "true", e);
    if (err == ERR_OK)
        err = tags_parse(&task.selector.tags, "all", e);
    if (err == ERR_OK)
        err = task_manager_create(b->core.tasks, &task, e);
    memcpy(b->task_id, task.id, sizeof(b->task_id));
    task_clear(&task);
    return err;
}

static enum err acknowledge_one(void *arg, struct error *e)
{
    static const enum task_state states[ACKNOWLEDGEMENTS] = {TASK_ACCEPTED, TASK_INSTALLING,
                                                             TASK_ACTIVATING, TASK_SUCCEEDED};
    struct bench *b = arg;
    struct report r = {.kind = REPORT_ACKNOWLEDGEMENT, .time_ms = clock_wall_ms()};
    r.acknowledgement.state = states[b->round];
    memcpy(r.acknowledgement.task_id, b->task_id, sizeof(b->task_id));
    char id[ID_SIZE];
    id_of(b->next, id);
    uint64_t stored;
    const struct report_batch batch = {STREAM, b->round + 1, &r, 1};
    return log_manager_report(b->core.logs, id, &batch, &stored, e);
}

static enum err heartbeat_one(void *arg, struct error *e)
{
    struct bench *b = arg;
    struct task_status status = {.state = TASK_SUCCEEDED, .run_state = RUN_UP};
    memcpy(status.task_id, b->task_id, sizeof(status.task_id));
    char id[ID_SIZE];
    id_of(b->next, id);
    registry_seen(b->core.registry, id, 1, clock_wall_ms());
    return task_manager_reconcile(b->core.tasks, id, &status, 1, e);
}

/* A request per target, in turns; *seconds is what that took. */
static enum err for_all(struct bench *b, mailbox_fn *fn, double *seconds, struct error *e)
{
    int64_t start_ms = clock_monotonic_ms();
    enum err err = ERR_OK;
    for (b->next = 0; err == ERR_OK && b->next < b->count;) {
        for (size_t i = 0; err == ERR_OK && i < TURN && b->next < b->count; i++, b->next++)
            err = core_request(&b->core, fn, b, e);
        if (err == ERR_OK)
            err = core_end_turn(&b->core, e);
    }
    *seconds += (double)(clock_monotonic_ms() - start_ms) / 1000;
    return err;
}

static enum err for_once(struct bench *b, mailbox_fn *fn, double *seconds, struct error *e)
{
    int64_t start_ms = clock_monotonic_ms();
    enum err err = core_request(&b->core, fn, b, e);
    if (err == ERR_OK)
        err = core_end_turn(&b->core, e);
    *seconds += (double)(clock_monotonic_ms() - start_ms) / 1000;
    return err;
}

static long resident_kib(void)
{
    long size = 0;
    long resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f == NULL || fscanf(f, "%ld %ld", &size, &resident) != 2)
        resident = 0;
    if (f != NULL)
        (void)fclose(f);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static enum err measure(struct bench *b, struct error *e)
{
    double registering = 0;
    double connecting = 0;
    double creating = 0;
    double acknowledging = 0;
    double beating = 0;
    long before_kib = resident_kib();
    enum err err = for_all(b, register_one, &registering, e);
    if (err == ERR_OK)
        err = for_all(b, connect_one, &connecting, e);
    long connected_kib = resident_kib();
    if (err == ERR_OK)
        err = for_once(b, post_one, &creating, e);
    for (b->round = 0; err == ERR_OK && b->round < ACKNOWLEDGEMENTS; b->round++)
        err = for_all(b, acknowledge_one, &acknowledging, e);
    if (err == ERR_OK)
        err = for_all(b, heartbeat_one, &beating, e);
    if (err != ERR_OK)
        return err;
    double count = (double)b->count;
    printf("{\"targets\": %zu, \"announced\": %zu, \"registered_per_s\": %.0f, "
           "\"connected_per_s\": %.0f, \"task_create_s\": %.3f, \"acknowledgements_per_s\": %.0f, "
           "\"heartbeats_per_s\": %.0f, \"rss_kib\": {\"empty\": %ld, \"connected\": %ld, "
           "\"end\": %ld}}\n",
           b->count, b->announced, count / registering, count / connecting, creating,
           count * ACKNOWLEDGEMENTS / acknowledging, count / beating, before_kib, connected_kib,
           resident_kib());
    return ERR_OK;
}

static enum err run(const char *dir, size_t count, struct error *e)
{
    static const uint8_t token_key[KEY_BYTES];
    AUTO_FREE char *path = NULL;
    struct store *store = NULL;
    struct bench b = {.outbox = {&outbox_ops}, .count = count};
    enum err err = keys_init(e);
    if (err == ERR_OK)
        err = fs_join(dir, "core.db", &path, e);
    if (err == ERR_OK)
        err = store_open("sqlite", path, &store, e);
    if (err == ERR_OK)
        err = core_init(&b.core, store, &b.outbox, encode, token_key, e);
    if (err != ERR_OK)
        return err;
    err = measure(&b, e);
    core_clear(&b.core);
    return err;
}

int main(int argc, char **argv)
{
    struct error e = {0};
    if (argc != 3) {
        (void)fprintf(stderr, "usage: hivecast-bench-core DIR TARGETS\n");
        return 2;
    }
    if (run(argv[1], strtoul(argv[2], NULL, 10), &e) == ERR_OK)
        return 0;
    (void)fprintf(stderr, "hivecast-bench-core: %s\n", e.text);
    return 1;
}
