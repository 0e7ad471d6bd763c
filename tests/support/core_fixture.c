/* SPDX-License-Identifier: Apache-2.0 */
#include "core_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "keys.h"
#include "store_memory.h"

/* What stands for the SignedTask: the id. */
static enum err encode(const struct task *task, struct bytes *out, struct error *e)
{
    return bytes_append(out, task->id, strlen(task->id), e);
}

static void open_turn(struct core_fixture *f)
{
    assert_int_equal(store_begin(f->core.store, NULL), ERR_OK);
    f->core.is_open = true;
}

struct core_fixture *core_fixture_new(struct store *take_store)
{
    static const uint8_t token_key[KEY_BYTES] = {1};
    assert_int_equal(keys_init(NULL), ERR_OK);
    struct core_fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    fake_outbox_init(&f->outbox);
    if (take_store == NULL)
        assert_int_equal(store_memory_open("core_fixture", &take_store, NULL), ERR_OK);
    assert_int_equal(core_init(&f->core, take_store, &f->outbox.outbox, encode, token_key, NULL),
                     ERR_OK);
    const struct event_filter everything = {.topics = EVENT_ALL};
    f->reader = event_reader_new(f->core.events, &everything, UINT64_MAX);
    assert_non_null(f->reader);
    open_turn(f);
    return f;
}

void core_fixture_free(struct core_fixture *f)
{
    if (f->core.is_open)
        store_rollback(f->core.store);
    event_reader_free(f->reader);
    core_clear(&f->core);
    free(f);
}

int core_fixture_setup(void **state)
{
    *state = core_fixture_new(NULL);
    return 0;
}

int core_fixture_teardown(void **state)
{
    core_fixture_free(*state);
    return 0;
}

void core_fixture_commit(struct core_fixture *f)
{
    assert_int_equal(core_end_turn(&f->core, NULL), ERR_OK);
    open_turn(f);
}

void add_target(struct core_fixture *f, const char *id, const char *tags)
{
    struct target t = {.registered_ms = 1};
    (void)snprintf(t.id, sizeof(t.id), "%s", id);
    memcpy(t.public_key, id, strnlen(id, KEY_BYTES));
    assert_int_equal(tags_parse(&t.tags, tags, NULL), ERR_OK);
    assert_int_equal(registry_add(f->core.registry, &t, NULL), ERR_OK);
}

void connect_target(struct core_fixture *f, const char *id, const char *tags)
{
    struct advertisement a = {.architecture = "x86_64", .os = "linux", .stream_id = 7};
    assert_int_equal(tags_parse(&a.tags, tags, NULL), ERR_OK);
    assert_int_equal(registry_connected(f->core.registry, id, &a, 1000, NULL), ERR_OK);
}

static void add_ids(struct strlist *list, const char *ids)
{
    char copy[512];
    char *place = NULL;
    (void)snprintf(copy, sizeof(copy), "%s", ids);
    for (char *id = strtok_r(copy, ",", &place); id != NULL; id = strtok_r(NULL, ",", &place))
        assert_int_equal(strlist_add(list, id, NULL), ERR_OK);
}

void draft_init(struct task *task, const char *ids, const char *tags)
{
    *task = (struct task){.has_deploy = true, .app = "default"};
    assert_int_equal(strlist_add(&task->run_commands, "./count", NULL), ERR_OK);
    assert_int_equal(tags_parse(&task->selector.tags, tags, NULL), ERR_OK);
    add_ids(&task->selector.ids, ids);
}

void create_task(struct core_fixture *f, const char *ids, char id[TASK_ID_SIZE])
{
    struct task task;
    draft_init(&task, ids, "");
    struct error e = {0};
    enum err err = task_manager_create(f->core.tasks, &task, &e);
    memcpy(id, task.id, TASK_ID_SIZE);
    task_clear(&task);
    if (err != ERR_OK)
        fail_msg("%s", e.text);
}

struct task_target get_row(struct core_fixture *f, const char *task_id, const char *target_id)
{
    struct task_target row = {0};
    assert_int_equal(store_row_get(f->core.store, task_id, target_id, &row, NULL), ERR_OK);
    return row;
}

void set_row(struct core_fixture *f, const char *task_id, const char *target_id,
             enum task_state state, enum run_state run_state)
{
    struct task_target row = get_row(f, task_id, target_id);
    row.state = state;
    row.run_state = run_state;
    assert_int_equal(store_row_put(f->core.store, &row, NULL), ERR_OK);
}

size_t take_events(struct core_fixture *f, unsigned topic)
{
    size_t count = 0;
    uint64_t missed;
    struct event *event;
    while ((event = event_reader_next(f->reader, 0, &missed)) != NULL) {
        count += event->topic == topic;
        event_release(event);
    }
    return count;
}
