/* SPDX-License-Identifier: Apache-2.0 */
/* The mailbox with real threads: the test is the core thread, callers are others. */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mailbox.h"

enum { WAIT_MS = 20000, CALLERS = 8, CALLS_EACH = 200 };

struct caller {
    struct mailbox *mailbox;
    pthread_t thread;
    enum err result;
    struct error error;
    atomic_bool has_returned;
    size_t rounds;
    int *counter; /* unlocked: only the core thread touches it */
};

static enum err around(void *arg, mailbox_fn *fn, void *fn_arg, struct error *e)
{
    size_t *calls = arg;
    (*calls)++;
    return fn(fn_arg, e);
}

static enum err count_up(void *arg, struct error *e)
{
    (void)e;
    (*(int *)arg)++;
    return ERR_OK;
}

static enum err refuse(void *arg, struct error *e)
{
    (void)arg;
    return error_set(e, ERR_CONFLICT, "already there");
}

static void *call_refuse(void *arg)
{
    struct caller *c = arg;
    c->result = mailbox_call(c->mailbox, refuse, NULL, &c->error);
    c->has_returned = true;
    return NULL;
}

static void *call_count_up(void *arg)
{
    struct caller *c = arg;
    for (size_t i = 0; i < c->rounds && c->result == ERR_OK; i++)
        c->result = mailbox_call(c->mailbox, count_up, c->counter, &c->error);
    c->has_returned = true;
    return NULL;
}

static void wait_for_call(struct mailbox *m)
{
    struct pollfd fd = {.fd = mailbox_fd(m), .events = POLLIN};
    assert_int_equal(poll(&fd, 1, WAIT_MS), 1);
}

static bool has_signal(struct mailbox *m)
{
    struct pollfd fd = {.fd = mailbox_fd(m), .events = POLLIN};
    return poll(&fd, 1, 0) == 1;
}

static void start(struct caller *c, void *(*body)(void *))
{
    assert_int_equal(pthread_create(&c->thread, NULL, body, c), 0);
}

static void join(struct caller *c)
{
    assert_int_equal(pthread_join(c->thread, NULL), 0);
}

static void a_caller_gets_what_its_function_returned(void **state)
{
    (void)state;
    AUTO(mailbox_free) struct mailbox *m = mailbox_new();
    struct caller c = {.mailbox = m};
    start(&c, call_refuse);
    wait_for_call(m);
    size_t calls = 0;
    assert_int_equal(mailbox_run(m, 10, around, &calls), 1);
    mailbox_finish(m, ERR_OK, NULL);
    join(&c);
    assert_int_equal(calls, 1);
    assert_int_equal(c.result, ERR_CONFLICT);
    assert_string_equal(c.error.text, "already there");
}

static void a_caller_waits_until_the_turn_has_ended(void **state)
{
    (void)state;
    AUTO(mailbox_free) struct mailbox *m = mailbox_new();
    int counter = 0;
    struct caller c = {.mailbox = m, .counter = &counter, .rounds = 1};
    start(&c, call_count_up);
    wait_for_call(m);
    size_t calls = 0;
    assert_int_equal(mailbox_run(m, 10, around, &calls), 1);
    assert_int_equal(counter, 1);
    assert_false(c.has_returned);
    mailbox_finish(m, ERR_OK, NULL);
    join(&c);
    assert_int_equal(c.result, ERR_OK);
}

static void a_failed_commit_is_what_the_caller_gets(void **state)
{
    (void)state;
    AUTO(mailbox_free) struct mailbox *m = mailbox_new();
    int counter = 0;
    struct caller c = {.mailbox = m, .counter = &counter, .rounds = 1};
    start(&c, call_count_up);
    wait_for_call(m);
    size_t calls = 0;
    assert_int_equal(mailbox_run(m, 10, around, &calls), 1);
    struct error why;
    mailbox_finish(m, error_set(&why, ERR_NO_SPACE, "disk full"), &why);
    join(&c);
    assert_int_equal(c.result, ERR_NO_SPACE);
    assert_string_equal(c.error.text, "disk full");
}

static void no_more_than_max_calls_run_and_the_rest_keeps_signalling(void **state)
{
    (void)state;
    AUTO(mailbox_free) struct mailbox *m = mailbox_new();
    int counter = 0;
    struct caller callers[2];
    size_t calls = 0;
    for (size_t i = 0; i < 2; i++) {
        callers[i] = (struct caller){.mailbox = m, .counter = &counter, .rounds = 1};
        start(&callers[i], call_count_up);
    }
    for (size_t i = 1; i <= 2; i++) {
        while (mailbox_run(m, 1, around, &calls) == 0)
            wait_for_call(m);
        assert_int_equal(calls, i);
    }
    assert_int_equal(mailbox_run(m, 1, around, &calls), 0);
    assert_false(has_signal(m));
    mailbox_finish(m, ERR_OK, NULL);
    join(&callers[0]);
    join(&callers[1]);
    assert_int_equal(counter, 2);
}

static void many_threads_count_without_a_lock_of_their_own(void **state)
{
    (void)state;
    AUTO(mailbox_free) struct mailbox *m = mailbox_new();
    int counter = 0;
    struct caller callers[CALLERS];
    for (size_t i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){.mailbox = m, .counter = &counter, .rounds = CALLS_EACH};
        start(&callers[i], call_count_up);
    }
    size_t calls = 0;
    while (calls < CALLERS * CALLS_EACH) {
        wait_for_call(m);
        (void)mailbox_run(m, 3, around, &calls);
        mailbox_finish(m, ERR_OK, NULL);
    }
    for (size_t i = 0; i < CALLERS; i++) {
        join(&callers[i]);
        assert_int_equal(callers[i].result, ERR_OK);
    }
    assert_int_equal(counter, CALLERS * CALLS_EACH);
}

static void closing_fails_waiting_callers_and_new_ones(void **state)
{
    (void)state;
    AUTO(mailbox_free) struct mailbox *m = mailbox_new();
    int counter = 0;
    struct caller c = {.mailbox = m, .counter = &counter, .rounds = 1};
    start(&c, call_count_up);
    wait_for_call(m);
    mailbox_close(m);
    join(&c);
    assert_int_equal(c.result, ERR_UNAVAILABLE);
    assert_int_equal(counter, 0);
    assert_int_equal(mailbox_call(m, count_up, &counter, NULL), ERR_UNAVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_caller_gets_what_its_function_returned),
        cmocka_unit_test(a_caller_waits_until_the_turn_has_ended),
        cmocka_unit_test(a_failed_commit_is_what_the_caller_gets),
        cmocka_unit_test(no_more_than_max_calls_run_and_the_rest_keeps_signalling),
        cmocka_unit_test(many_threads_count_without_a_lock_of_their_own),
        cmocka_unit_test(closing_fails_waiting_callers_and_new_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
