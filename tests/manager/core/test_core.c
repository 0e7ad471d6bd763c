/* SPDX-License-Identifier: Apache-2.0 */
/* Turns: requests kept or undone one by one, committed or failed together. */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core_fixture.h"
#include "faulty_store.h"
#include "store_memory.h"

static struct faulty_store faulty;

static int faulty_setup(void **state)
{
    struct store *memory;
    assert_int_equal(store_memory_open("test_core", &memory, NULL), ERR_OK);
    faulty_store_init(&faulty, memory);
    struct core_fixture *f = core_fixture_new(&faulty.store);
    assert_int_equal(core_end_turn(&f->core, NULL), ERR_OK);
    *state = f;
    return 0;
}

struct adding {
    struct core *core;
    char id[ID_SIZE];
    bool fails;
};

static enum err add_one(void *arg, struct error *e)
{
    struct adding *a = arg;
    struct target t = {.registered_ms = 1};
    memcpy(t.id, a->id, sizeof(t.id));
    memcpy(t.public_key, a->id, sizeof(t.public_key));
    enum err err = registry_add(a->core->registry, &t, e);
    if (err == ERR_OK && a->fails)
        return error_set(e, ERR_FORBIDDEN, "changed my mind");
    return err;
}

static enum err request_add(struct core_fixture *f, const char *id, bool fails)
{
    struct adding a = {.core = &f->core, .fails = fails};
    (void)snprintf(a.id, sizeof(a.id), "%s", id);
    struct error e;
    return core_request(&f->core, add_one, &a, &e);
}

static bool is_known(struct core_fixture *f, const char *id)
{
    return registry_find(f->core.registry, id) != NULL;
}

static bool find_id(void *arg, const struct target *t)
{
    const char **id = arg;
    if (strcmp(t->id, *id) != 0)
        return true;
    *id = NULL;
    return false;
}

static bool is_stored(const char *id)
{
    struct store *reader;
    assert_int_equal(store_memory_open_reader("test_core", &reader, NULL), ERR_OK);
    assert_int_equal(store_target_each(reader, find_id, &id, NULL), ERR_OK);
    store_close(reader);
    return id == NULL;
}

static void a_request_is_durable_when_its_turn_has_ended(void **state)
{
    struct core_fixture *f = *state;
    assert_int_equal(request_add(f, "drone-1", false), ERR_OK);
    assert_false(is_stored("drone-1"));
    assert_int_equal(take_events(f, EVENT_TARGET_ADDED), 0);
    assert_int_equal(core_end_turn(&f->core, NULL), ERR_OK);
    assert_true(is_stored("drone-1"));
    assert_int_equal(take_events(f, EVENT_TARGET_ADDED), 1);
}

static void a_failing_request_leaves_nothing_behind_and_its_neighbours_are_kept(void **state)
{
    struct core_fixture *f = *state;
    assert_int_equal(request_add(f, "drone-1", false), ERR_OK);
    assert_int_equal(request_add(f, "drone-2", true), ERR_FORBIDDEN);
    assert_false(is_known(f, "drone-2"));
    assert_int_equal(request_add(f, "drone-3", false), ERR_OK);
    assert_int_equal(core_end_turn(&f->core, NULL), ERR_OK);
    assert_true(is_stored("drone-1") && is_known(f, "drone-1"));
    assert_false(is_stored("drone-2") || is_known(f, "drone-2"));
    assert_true(is_stored("drone-3") && is_known(f, "drone-3"));
    assert_int_equal(take_events(f, EVENT_TARGET_ADDED), 2);
}

static void a_failing_commit_fails_all_and_the_next_turn_works(void **state)
{
    struct core_fixture *f = *state;
    assert_int_equal(request_add(f, "drone-1", false), ERR_OK);
    assert_int_equal(request_add(f, "drone-2", false), ERR_OK);
    faulty.fails_commits = true;
    struct error e = {0};
    assert_int_equal(core_end_turn(&f->core, &e), ERR_NO_SPACE);
    assert_string_equal(e.text, "the disk is full");
    assert_false(is_known(f, "drone-1") || is_known(f, "drone-2"));
    assert_int_equal(take_events(f, EVENT_TARGET_ADDED), 0);
    faulty.fails_commits = false;
    assert_int_equal(request_add(f, "drone-1", false), ERR_OK);
    assert_int_equal(core_end_turn(&f->core, NULL), ERR_OK);
    assert_true(is_stored("drone-1"));
}

static void a_reload_that_fails_is_repeated_before_the_next_request(void **state)
{
    struct core_fixture *f = *state;
    assert_int_equal(request_add(f, "drone-1", false), ERR_OK);
    faulty.fails_commits = true;
    faulty.fail_at = faulty.calls + 2; /* the commit, then reading the targets */
    assert_int_equal(core_end_turn(&f->core, NULL), ERR_NO_SPACE);
    faulty.fails_commits = false;
    faulty.fail_at = faulty.calls + 1;
    assert_int_equal(request_add(f, "drone-2", false), ERR_NO_SPACE);
    assert_int_equal(request_add(f, "drone-2", false), ERR_OK);
    assert_false(is_known(f, "drone-1"));
    assert_int_equal(core_end_turn(&f->core, NULL), ERR_OK);
    assert_true(is_stored("drone-2"));
}

static void a_store_that_cannot_begin_refuses_the_request_only(void **state)
{
    struct core_fixture *f = *state;
    for (size_t call = 1; call <= 2; call++) { /* begin, mark */
        faulty.fail_at = faulty.calls + call;
        assert_int_equal(request_add(f, "drone-1", false), ERR_NO_SPACE);
        assert_int_equal(core_end_turn(&f->core, NULL), ERR_OK);
    }
    assert_int_equal(request_add(f, "drone-1", false), ERR_OK);
    assert_int_equal(core_end_turn(&f->core, NULL), ERR_OK);
    assert_true(is_stored("drone-1"));
}

static void a_turn_without_requests_touches_no_store(void **state)
{
    struct core_fixture *f = *state;
    size_t calls = faulty.calls;
    assert_int_equal(core_run_mailbox(&f->core, 10), 0);
    assert_int_equal(core_end_turn(&f->core, NULL), ERR_OK);
    assert_int_equal(faulty.calls, calls);
}

struct calling {
    struct adding adding;
    enum err result;
    struct error error;
    pthread_t thread;
};

static void *call_core(void *arg)
{
    struct calling *c = arg;
    c->result = mailbox_call(c->adding.core->mailbox, add_one, &c->adding, &c->error);
    return NULL;
}

static void start_call(struct calling *c, struct core_fixture *f, const char *id, bool fails)
{
    *c = (struct calling){.adding = {.core = &f->core, .fails = fails}};
    (void)snprintf(c->adding.id, sizeof(c->adding.id), "%s", id);
    assert_int_equal(pthread_create(&c->thread, NULL, call_core, c), 0);
}

static void run_calls(struct core_fixture *f, size_t count)
{
    struct pollfd fd = {.fd = mailbox_fd(f->core.mailbox), .events = POLLIN};
    for (size_t ran = 0; ran < count; ran += core_run_mailbox(&f->core, 10))
        assert_int_equal(poll(&fd, 1, 20000), 1);
}

static void callers_from_other_threads_share_the_turn(void **state)
{
    struct core_fixture *f = *state;
    struct calling good;
    struct calling bad;
    start_call(&good, f, "drone-1", false);
    start_call(&bad, f, "drone-2", true);
    run_calls(f, 2);
    assert_int_equal(core_end_turn(&f->core, NULL), ERR_OK);
    assert_int_equal(pthread_join(good.thread, NULL), 0);
    assert_int_equal(pthread_join(bad.thread, NULL), 0);
    assert_int_equal(good.result, ERR_OK);
    assert_int_equal(bad.result, ERR_FORBIDDEN);
    assert_string_equal(bad.error.text, "changed my mind");
    assert_true(is_stored("drone-1"));
    assert_false(is_stored("drone-2"));
}

static void callers_are_told_when_the_commit_failed(void **state)
{
    struct core_fixture *f = *state;
    struct calling c;
    start_call(&c, f, "drone-1", false);
    run_calls(f, 1);
    faulty.fails_commits = true;
    assert_int_equal(core_end_turn(&f->core, NULL), ERR_NO_SPACE);
    faulty.fails_commits = false;
    assert_int_equal(pthread_join(c.thread, NULL), 0);
    assert_int_equal(c.result, ERR_NO_SPACE);
    assert_string_equal(c.error.text, "the disk is full");
}

static void a_core_that_cannot_read_its_store_does_not_start(void **state)
{
    (void)state;
    static const uint8_t key[KEY_BYTES];
    struct store *memory;
    struct faulty_store broken;
    assert_int_equal(store_memory_open("broken", &memory, NULL), ERR_OK);
    faulty_store_init(&broken, memory);
    broken.fail_at = 1;
    struct fake_outbox outbox;
    fake_outbox_init(&outbox);
    struct core core;
    assert_int_equal(core_init(&core, &broken.store, &outbox.outbox, NULL, key, NULL),
                     ERR_NO_SPACE);
    assert_null(core.store);
}

#define CORE_TEST(name) cmocka_unit_test_setup_teardown(name, faulty_setup, core_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CORE_TEST(a_request_is_durable_when_its_turn_has_ended),
        CORE_TEST(a_failing_request_leaves_nothing_behind_and_its_neighbours_are_kept),
        CORE_TEST(a_failing_commit_fails_all_and_the_next_turn_works),
        CORE_TEST(a_reload_that_fails_is_repeated_before_the_next_request),
        CORE_TEST(a_store_that_cannot_begin_refuses_the_request_only),
        CORE_TEST(a_turn_without_requests_touches_no_store),
        CORE_TEST(callers_from_other_threads_share_the_turn),
        CORE_TEST(callers_are_told_when_the_commit_failed),
        cmocka_unit_test(a_core_that_cannot_read_its_store_does_not_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
