/* SPDX-License-Identifier: Apache-2.0 */
/* run_fixture: a loop with processes, journal, ring and collector, and a manager that confirms when
 * it is asked to. */
#ifndef RUN_FIXTURE_H
#define RUN_FIXTURE_H

#include <signal.h>
#include <sys/wait.h>

#include "process.h"
#include "process_sweep.h"
#include "response_collector.h"
#include "sent_reports.h"

struct run_fixture {
    char dir[64];
    struct loop *loop;
    struct process_table *processes;
    struct spool *spool;
    struct output_ring *ring;
    struct response_collector *collector;
    struct sent_reports sent;
    int ready; /* times that the collector said so */
    bool is_high;
};

static inline void run_fixture_ready(void *arg)
{
    struct run_fixture *f = arg;
    f->ready++;
}

static inline void run_fixture_pressure(void *arg, bool is_high)
{
    struct run_fixture *f = arg;
    f->is_high = is_high;
    process_table_pause_output(f->processes, is_high);
}

static inline void run_fixture_open(struct run_fixture *f, uint64_t spool_bytes)
{
    const struct response_collector_host host = {
        .ready = run_fixture_ready, .pressure = run_fixture_pressure, .arg = f};
    AUTO_FREE char *spool_dir = NULL;
    AUTO_FREE char *ring_dir = NULL;
    ASSERT_OK(fs_join(f->dir, "spool", &spool_dir, e));
    ASSERT_OK(fs_join(f->dir, "ring", &ring_dir, e));
    ASSERT_OK(spool_open(spool_dir, spool_bytes, &f->spool, e));
    ASSERT_OK(output_ring_open(ring_dir, 256 * 1024, &f->ring, e));
    ASSERT_OK(response_collector_new(f->loop, f->spool, f->ring, &host, &f->collector, e));
}

static inline int run_fixture_set_up(void **state)
{
    struct run_fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    run_support_make_dir(f->dir);
    ASSERT_OK(loop_new(&f->loop, e));
    ASSERT_OK(process_table_new(f->loop, f->dir, "drone-1", &f->processes, e));
    run_fixture_open(f, 1024 * 1024);
    *state = f;
    return 0;
}

static inline void run_fixture_close(struct run_fixture *f)
{
    response_collector_free(f->collector);
    output_ring_close(f->ring);
    spool_close(f->spool);
}

/* Nothing that a test started may be left, not even a zombie. */
static inline int run_fixture_tear_down(void **state)
{
    struct run_fixture *f = *state;
    char mark[PROCESS_MARK_SIZE];
    ASSERT_OK(process_sweep_mark(f->dir, mark, e));
    process_table_free(f->processes);
    assert_int_equal(process_sweep(mark, 0, NULL, NULL), 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    run_fixture_close(f);
    loop_free(f->loop);
    run_support_remove_dir(f->dir);
    bytes_clear(&f->sent.text);
    free(f);
    return 0;
}

/* Everything that was reported so far; confirmed. */
static inline const char *run_fixture_sent(struct run_fixture *f)
{
    uint64_t last;
    response_collector_flush(f->collector);
    while (sent_reports_take(&f->sent, f->spool, &last))
        response_collector_confirm(f->collector, last);
    return sent_reports_text(&f->sent);
}

/* Turns the loop until the text was reported. */
static inline void run_fixture_await(struct run_fixture *f, const char *text)
{
    int64_t deadline_ms = clock_monotonic_ms() + RUN_PATIENCE_MS;
    while (strstr(run_fixture_sent(f), text) == NULL) {
        if (clock_monotonic_ms() > deadline_ms)
            fail_msg("'%s' is not in:\n%s", text, sent_reports_text(&f->sent));
        ASSERT_OK(loop_turn(f->loop, 1000, e));
    }
}

#define ASSERT_SENT(f, text) assert_non_null(strstr(run_fixture_sent(f), (text)))
#define ASSERT_NOT_SENT(f, text) assert_null(strstr(run_fixture_sent(f), (text)))

#endif
