/* SPDX-License-Identifier: Apache-2.0 */
/* A short life of a manager, repeated with every single call of its store failing in turn. What was
 * acknowledged is in the store; what failed left nothing and works when it is tried again, once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core_fixture.h"
#include "faulty_store.h"
#include "log.h"
#include "store_memory.h"

enum { STREAM = 7, TRIES_MAX = 3, CALLS_MAX = 10000, NOW_MS = 1000 };

struct world {
    struct core_fixture *f;
    struct faulty_store faulty;
    struct store *reader; /* committed facts only; keeps the store alive */
    char task_id[TASK_ID_SIZE];
    char token[TOKEN_SIZE];
};

static enum err register_target(void *arg, struct error *e)
{
    struct world *w = arg;
    const struct target t = {.id = "drone-1", .public_key = {1}, .registered_ms = 1};
    return registry_add(w->f->core.registry, &t, e);
}

static enum err make_token(void *arg, struct error *e)
{
    struct world *w = arg;
    struct token_set set;
    struct strlist texts = {0};
    enum err err = token_create_set(w->f->core.tokens, "swarm", 1, NOW_MS, &set, &texts, e);
    if (err == ERR_OK)
        memcpy(w->token, texts.items[0], sizeof(w->token));
    strlist_clear(&texts);
    return err;
}

static enum err redeem_token(void *arg, struct error *e)
{
    struct world *w = arg;
    char set_name[ID_SIZE];
    return token_redeem(w->f->core.tokens, w->token, "10.0.0.1", NOW_MS, set_name, e);
}

static enum err say_hello(void *arg, struct error *e)
{
    struct world *w = arg;
    struct advertisement a = {.os = "linux", .stream_id = STREAM};
    enum err err = tags_parse(&a.tags, "air", e);
    if (err == ERR_OK)
        err = registry_connected(w->f->core.registry, "drone-1", &a, NOW_MS, e);
    return err == ERR_OK ? task_manager_reconcile(w->f->core.tasks, "drone-1", NULL, 0, e) : err;
}

static enum err post_task(void *arg, struct error *e)
{
    struct world *w = arg;
    struct task task;
    draft_init(&task, "drone-1", "");
    enum err err = task_manager_create(w->f->core.tasks, &task, e);
    memcpy(w->task_id, task.id, sizeof(w->task_id));
    task_clear(&task);
    return err;
}

static enum err report(struct world *w, uint64_t first_seq, enum task_state state, struct error *e)
{
    const struct log_line line = {5, "a line", false, false};
    struct report reports[2] = {{.kind = REPORT_ACKNOWLEDGEMENT}, {.kind = REPORT_LOG}};
    reports[0].acknowledgement.state = state;
    reports[0].acknowledgement.run_state = RUN_UP;
    memcpy(reports[0].acknowledgement.task_id, w->task_id, TASK_ID_SIZE);
    reports[1].log = (struct log_batch){NULL, w->task_id, STAGE_RUN, "./count", &line, 1};
    const struct report_batch batch = {STREAM, first_seq, reports, 2};
    uint64_t stored = 0;
    enum err err = log_manager_report(w->f->core.logs, "drone-1", &batch, &stored, e);
    if (err == ERR_OK)
        assert_int_equal(stored, first_seq + 1);
    return err;
}

static enum err report_accepted(void *arg, struct error *e)
{
    return report(arg, 1, TASK_ACCEPTED, e);
}

static enum err report_success(void *arg, struct error *e)
{
    return report(arg, 3, TASK_SUCCEEDED, e);
}

static enum err stop_task(void *arg, struct error *e)
{
    struct world *w = arg;
    return task_manager_stop(w->f->core.tasks, w->task_id, e);
}

static enum err confirm_stop(void *arg, struct error *e)
{
    struct world *w = arg;
    struct task_status status = {.state = TASK_SUCCEEDED, .run_state = RUN_STOPPED};
    memcpy(status.task_id, w->task_id, sizeof(status.task_id));
    return task_manager_reconcile(w->f->core.tasks, "drone-1", &status, 1, e);
}

static enum err edit_target(void *arg, struct error *e)
{
    struct world *w = arg;
    struct tags tags = {0};
    enum err err = tags_parse(&tags, "roof", e);
    return err == ERR_OK ? registry_update(w->f->core.registry, "drone-1", &tags, NULL, e) : err;
}

static enum err say_goodbye(void *arg, struct error *e)
{
    struct world *w = arg;
    return registry_disconnected(w->f->core.registry, "drone-1", NOW_MS + 1, e);
}

static mailbox_fn *const life[] = {
    register_target, make_token,     redeem_token, say_hello,    post_task,   report_accepted,
    edit_target,     report_success, stop_task,    confirm_stop, say_goodbye,
};
enum { STEPS = sizeof(life) / sizeof(life[0]) };

/* As a client does it: tries again until it is told that it worked. */
static void perform(struct world *w, mailbox_fn *step)
{
    for (int tries = 0; tries < TRIES_MAX; tries++) {
        struct error e = {0};
        enum err request = core_request(&w->f->core, step, w, &e);
        enum err turn = core_end_turn(&w->f->core, &e);
        if (request == ERR_OK && turn == ERR_OK)
            return;
        if (e.code != ERR_NO_SPACE)
            fail_msg("%s: %s", err_name(e.code), e.text);
    }
    fail_msg("not even the last of %d tries worked", TRIES_MAX);
}

static bool copy_target(void *arg, const struct target *t)
{
    *(struct target *)arg = *t;
    return true;
}

static bool count_line(void *arg, const struct log_row *row)
{
    (void)row;
    (*(size_t *)arg)++;
    return true;
}

static struct task_target stored_row(const struct world *w)
{
    struct task_target row = {0};
    assert_int_equal(store_row_get(w->reader, w->task_id, "drone-1", &row, NULL), ERR_OK);
    return row;
}

static size_t stored_lines(const struct world *w)
{
    const struct log_query q = {.page = {1, 100}};
    size_t lines = 0;
    uint64_t total;
    assert_int_equal(store_log_query(w->reader, &q, &total, count_line, &lines, NULL), ERR_OK);
    return lines;
}

/* The facts that a step adds, in the order of life. */
static void check_committed(const struct world *w, mailbox_fn *step)
{
    struct target t = {0};
    assert_int_equal(store_target_each(w->reader, copy_target, &t, NULL), ERR_OK);
    assert_string_equal(t.id, "drone-1");
    if (step == say_hello)
        assert_true(tags_has(&t.tags, "air"));
    if (step == post_task)
        assert_int_equal(stored_row(w).state, TASK_ANNOUNCED);
    if (step == report_accepted) {
        assert_int_equal(stored_row(w).state, TASK_ACCEPTED);
        assert_int_equal(t.stored_seq, 2);
        assert_int_equal(stored_lines(w), 1);
    }
    if (step == edit_target)
        assert_string_equal(t.tags.text, ",roof,");
    if (step == report_success) {
        assert_int_equal(stored_row(w).state, TASK_SUCCEEDED);
        assert_int_equal(t.stored_seq, 4);
        assert_int_equal(stored_lines(w), 2);
    }
    if (step == stop_task)
        assert_true(stored_row(w).stop_wanted);
    if (step == confirm_stop) {
        assert_int_equal(stored_row(w).run_state, RUN_STOPPED);
        assert_false(stored_row(w).stop_wanted);
    }
    /* When it was seen is stored if that is possible, and no reason to keep it online if not. */
    if (step == say_goodbye)
        assert_int_equal(registry_online_count(w->f->core.registry), 0);
}

/* What core believes is what it would read from the store. */
static void check_memory(struct world *w)
{
    const struct target before = *registry_find(w->f->core.registry, "drone-1");
    assert_int_equal(registry_reload(w->f->core.registry, NULL), ERR_OK);
    const struct target *after = registry_find(w->f->core.registry, "drone-1");
    assert_non_null(after);
    assert_true(tags_equal(&before.tags, &after->tags));
    assert_int_equal(before.stored_seq, after->stored_seq);
    assert_int_equal(registry_count(w->f->core.registry), 1);
}

/* One life in which call number fail_at fails; returns how many calls there were. */
static size_t live(size_t fail_at)
{
    struct world w = {0};
    struct store *memory;
    assert_int_equal(store_memory_open("fault", &memory, NULL), ERR_OK);
    assert_int_equal(store_memory_open_reader("fault", &w.reader, NULL), ERR_OK);
    faulty_store_init(&w.faulty, memory);
    w.f = core_fixture_new(&w.faulty.store);
    assert_int_equal(core_end_turn(&w.f->core, NULL), ERR_OK);
    w.faulty.calls = 0;
    w.faulty.fail_at = fail_at;
    for (size_t i = 0; i < STEPS; i++) {
        perform(&w, life[i]);
        check_committed(&w, life[i]);
    }
    size_t calls = w.faulty.calls;
    w.faulty.fail_at = 0;
    check_memory(&w);
    core_fixture_free(w.f);
    store_close(w.reader);
    return calls;
}

static void whichever_call_of_the_store_fails_nothing_acknowledged_is_lost(void **state)
{
    (void)state;
    log_init(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    size_t calls = live(0);
    assert_in_range(calls, STEPS * 3, CALLS_MAX);
    for (size_t fail_at = 1; fail_at <= calls; fail_at++)
        (void)live(fail_at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whichever_call_of_the_store_fails_nothing_acknowledged_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
