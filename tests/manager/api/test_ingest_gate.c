/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "ingest_gate.h"

enum { REFUSED = 3, VISITORS = INGESTS_RUNNING + INGESTS_WAITING + REFUSED };

struct visit {
    struct ingest_gate *gate;
    sem_t answered; /* somebody is in, or was refused */
    sem_t go_on;
    atomic_uint refused;
};

static void *visit(void *arg)
{
    struct visit *v = arg;
    bool is_in = ingest_gate_enter(v->gate, NULL) == ERR_OK;
    if (!is_in)
        atomic_fetch_add(&v->refused, 1);
    sem_post(&v->answered);
    if (!is_in)
        return NULL;
    while (sem_wait(&v->go_on) != 0)
        continue;
    ingest_gate_leave(v->gate);
    return NULL;
}

static void start(struct visit *v, pthread_t threads[static VISITORS])
{
    v->gate = ingest_gate_new();
    assert_non_null(v->gate);
    sem_init(&v->answered, 0, 0);
    sem_init(&v->go_on, 0, 0);
    for (int i = 0; i < VISITORS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, visit, v), 0);
    /* Two are in, six wait: these are all that get an answer. */
    for (int i = 0; i < INGESTS_RUNNING + REFUSED; i++)
        assert_int_equal(sem_wait(&v->answered), 0);
    assert_int_equal(atomic_load(&v->refused), REFUSED);
}

static void end(struct visit *v, pthread_t threads[static VISITORS])
{
    for (int i = 0; i < VISITORS; i++)
        sem_post(&v->go_on);
    for (int i = 0; i < VISITORS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    sem_destroy(&v->answered);
    sem_destroy(&v->go_on);
    ingest_gate_free(v->gate);
}

static void who_comes_when_too_many_wait_is_refused(void **state)
{
    struct visit v = {0};
    pthread_t threads[VISITORS];
    (void)state;
    start(&v, threads);
    end(&v, threads);
    assert_int_equal(atomic_load(&v.refused), REFUSED);
}

static void the_end_sends_away_who_waits(void **state)
{
    struct visit v = {0};
    pthread_t threads[VISITORS];
    (void)state;
    start(&v, threads);
    ingest_gate_close(v.gate);
    for (int i = 0; i < INGESTS_WAITING; i++)
        assert_int_equal(sem_wait(&v.answered), 0);
    assert_int_equal(atomic_load(&v.refused), REFUSED + INGESTS_WAITING);
    assert_int_equal(ingest_gate_enter(v.gate, NULL), ERR_UNAVAILABLE);
    end(&v, threads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_comes_when_too_many_wait_is_refused),
        cmocka_unit_test(the_end_sends_away_who_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
