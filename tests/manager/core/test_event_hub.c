/* SPDX-License-Identifier: Apache-2.0 */
/* Events: held back, numbered, kept, replayed, and read by threads faster and slower than core. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "event_hub.h"

enum { KEEP_BYTES = 1024 * 1024, SMALL_BYTES = 16 * 1024, WAIT_MS = 20000, MANY = 5000 };

static const struct event_filter everything = {.topics = EVENT_ALL};

static void publish_row(struct event_hub *h, const char *task_id)
{
    struct task_target row = {.state = TASK_ANNOUNCED};
    (void)snprintf(row.task_id, sizeof(row.task_id), "%s", task_id);
    event_hub_row(h, &row, false);
}

static void publish_log(struct event_hub *h, const char *target_id, const char *task_id)
{
    const struct log_line lines[] = {{1, "one", false, false}, {2, "two", true, false}};
    const struct log_batch batch = {target_id, task_id, STAGE_RUN, "./count", lines, 2};
    event_hub_log(h, &batch);
}

static struct event *next(struct event_reader *r, uint64_t *missed)
{
    struct event *event = event_reader_next(r, 0, missed);
    assert_non_null(event);
    return event;
}

static void expect_row(struct event_reader *r, const char *task_id, uint64_t seq, uint64_t lost)
{
    uint64_t missed = 99;
    struct event *event = next(r, &missed);
    assert_int_equal(event->topic, EVENT_TASK_UPDATED);
    assert_string_equal(event->row->task_id, task_id);
    assert_int_equal(event->seq, seq);
    assert_int_equal(missed, lost);
    event_release(event);
}

static void expect_none(struct event_reader *r)
{
    uint64_t missed;
    assert_null(event_reader_next(r, 0, &missed));
}

static void topics_have_the_names_of_the_api(void **state)
{
    (void)state;
    for (unsigned topic = 1; topic < EVENT_ALL; topic <<= 1)
        assert_int_equal(event_topic_from_name(event_topic_name(topic)), topic);
    assert_string_equal(event_topic_name(EVENT_TARGET_ADDED), "targetAdded");
    assert_null(event_topic_name((enum event_topic)EVENT_ALL));
    assert_int_equal(event_topic_from_name("nothing"), 0);
}

static void events_are_held_back_until_release(void **state)
{
    (void)state;
    AUTO(event_hub_free) struct event_hub *h = event_hub_new(KEEP_BYTES);
    AUTO(event_reader_free) struct event_reader *r = event_reader_new(h, &everything, UINT64_MAX);
    publish_row(h, "a");
    expect_none(r);
    event_hub_release(h);
    expect_row(r, "a", 1, 0);
    assert_int_equal(event_hub_last_seq(h), 1);
}

static void discarded_events_leave_no_gap_in_the_numbers(void **state)
{
    (void)state;
    AUTO(event_hub_free) struct event_hub *h = event_hub_new(KEEP_BYTES);
    AUTO(event_reader_free) struct event_reader *r = event_reader_new(h, &everything, UINT64_MAX);
    publish_row(h, "never");
    event_hub_discard(h);
    publish_row(h, "b");
    event_hub_release(h);
    expect_row(r, "b", 1, 0);
}

static void undo_drops_only_what_came_after_the_mark(void **state)
{
    (void)state;
    AUTO(event_hub_free) struct event_hub *h = event_hub_new(KEEP_BYTES);
    AUTO(event_reader_free) struct event_reader *r = event_reader_new(h, &everything, UINT64_MAX);
    publish_row(h, "a");
    size_t mark = event_hub_mark(h);
    publish_row(h, "undone");
    event_hub_undo(h, mark);
    publish_row(h, "c");
    event_hub_release(h);
    expect_row(r, "a", 1, 0);
    expect_row(r, "c", 2, 0);
    expect_none(r);
}

static void since_replays_what_is_kept(void **state)
{
    (void)state;
    AUTO(event_hub_free) struct event_hub *h = event_hub_new(KEEP_BYTES);
    publish_row(h, "a");
    publish_row(h, "b");
    publish_row(h, "c");
    event_hub_release(h);
    AUTO(event_reader_free) struct event_reader *r = event_reader_new(h, &everything, 1);
    expect_row(r, "b", 2, 0);
    expect_row(r, "c", 3, 0);
    expect_none(r);
}

static void since_tells_what_is_no_longer_kept(void **state)
{
    (void)state;
    AUTO(event_hub_free) struct event_hub *h = event_hub_new(SMALL_BYTES);
    for (int i = 0; i < 1000; i++) {
        publish_row(h, "row");
        event_hub_release(h);
    }
    AUTO(event_reader_free) struct event_reader *r = event_reader_new(h, &everything, 10);
    uint64_t missed;
    struct event *event = next(r, &missed);
    assert_true(missed > 900);
    assert_int_equal(event->seq, 10 + missed + 1);
    event_release(event);
    event_release(next(r, &missed));
    assert_int_equal(missed, 0);
}

static void since_from_before_a_restart_is_told_as_a_miss(void **state)
{
    (void)state;
    AUTO(event_hub_free) struct event_hub *h = event_hub_new(KEEP_BYTES);
    publish_row(h, "a");
    event_hub_release(h);
    AUTO(event_reader_free) struct event_reader *r = event_reader_new(h, &everything, 5000);
    expect_row(r, "a", 1, 1);
}

static void a_log_event_owns_its_texts(void **state)
{
    (void)state;
    AUTO(event_hub_free) struct event_hub *h = event_hub_new(KEEP_BYTES);
    AUTO(event_reader_free) struct event_reader *r = event_reader_new(h, &everything, UINT64_MAX);
    char target_id[] = "drone-1";
    publish_log(h, target_id, "brave-otter");
    memset(target_id, 'x', sizeof(target_id) - 1);
    event_hub_release(h);
    uint64_t missed;
    struct event *event = next(r, &missed);
    assert_int_equal(event->topic, EVENT_LOGS);
    assert_string_equal(event->log->target_id, "drone-1");
    assert_string_equal(event->log->command, "./count");
    assert_int_equal(event->log->count, 2);
    assert_string_equal(event->log->lines[1].output, "two");
    assert_true(event->log->lines[1].is_error);
    event_release(event);
}

static void a_target_event_tells_whether_the_target_is_gone(void **state)
{
    (void)state;
    AUTO(event_hub_free) struct event_hub *h = event_hub_new(KEEP_BYTES);
    AUTO(event_reader_free) struct event_reader *r = event_reader_new(h, &everything, UINT64_MAX);
    const struct target t = {.id = "drone-1"};
    event_hub_target(h, EVENT_TARGET_UPDATED, &t, true);
    event_hub_release(h);
    uint64_t missed;
    struct event *event = next(r, &missed);
    assert_true(event->is_removed);
    assert_string_equal(event->target->id, "drone-1");
    assert_true(event->time_ms > 0);
    event_release(event);
}

static void filters_choose_topics_and_whose_logs(void **state)
{
    (void)state;
    AUTO(event_hub_free) struct event_hub *h = event_hub_new(KEEP_BYTES);
    const struct event_filter f = {EVENT_LOGS, "drone-1", "brave-otter"};
    AUTO(event_reader_free) struct event_reader *r = event_reader_new(h, &f, UINT64_MAX);
    publish_row(h, "brave-otter");
    publish_log(h, "drone-2", "brave-otter");
    publish_log(h, "drone-1", "calm-owl");
    publish_log(h, "drone-1", "brave-otter");
    event_hub_release(h);
    uint64_t missed;
    struct event *event = next(r, &missed);
    assert_int_equal(event->seq, 4);
    assert_int_equal(missed, 0);
    event_release(event);
    expect_none(r);
}

static void an_event_outlives_the_ring_while_it_is_held(void **state)
{
    (void)state;
    AUTO(event_hub_free) struct event_hub *h = event_hub_new(SMALL_BYTES);
    AUTO(event_reader_free) struct event_reader *r = event_reader_new(h, &everything, UINT64_MAX);
    publish_row(h, "held");
    event_hub_release(h);
    uint64_t missed;
    struct event *event = next(r, &missed);
    for (int i = 0; i < 1000; i++)
        publish_row(h, "other");
    event_hub_release(h);
    assert_string_equal(event->row->task_id, "held");
    event_release(event);
}

struct reading {
    struct event_reader *reader;
    uint64_t seen;
    uint64_t missed;
    bool is_ordered;
};

static void *read_until_closed(void *arg)
{
    struct reading *x = arg;
    uint64_t last = 0;
    uint64_t missed;
    struct event *event;
    x->is_ordered = true;
    while (x->seen + x->missed < MANY &&
           (event = event_reader_next(x->reader, WAIT_MS, &missed)) != NULL) {
        x->is_ordered = x->is_ordered && event->seq == last + missed + 1;
        last = event->seq;
        x->missed += missed;
        x->seen++;
        event_release(event);
    }
    return NULL;
}

static void threads_see_every_event_or_are_told_how_many_they_missed(void **state)
{
    (void)state;
    AUTO(event_hub_free) struct event_hub *h = event_hub_new(SMALL_BYTES);
    struct reading readings[3] = {0};
    pthread_t threads[3];
    for (size_t i = 0; i < 3; i++) {
        readings[i].reader = event_reader_new(h, &everything, 0);
        assert_int_equal(pthread_create(&threads[i], NULL, read_until_closed, &readings[i]), 0);
    }
    for (int i = 0; i < MANY; i++) {
        publish_row(h, "row");
        event_hub_release(h);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(readings[i].is_ordered);
        assert_int_equal(readings[i].seen + readings[i].missed, MANY);
        event_reader_free(readings[i].reader);
    }
}

static void *read_one(void *arg)
{
    uint64_t missed;
    return event_reader_next(arg, WAIT_MS, &missed);
}

static void closing_wakes_readers_for_good(void **state)
{
    (void)state;
    AUTO(event_hub_free) struct event_hub *h = event_hub_new(KEEP_BYTES);
    AUTO(event_reader_free) struct event_reader *r = event_reader_new(h, &everything, UINT64_MAX);
    pthread_t thread;
    void *event = h;
    assert_int_equal(pthread_create(&thread, NULL, read_one, r), 0);
    assert_false(event_hub_is_closed(h));
    event_hub_close(h);
    assert_int_equal(pthread_join(thread, &event), 0);
    assert_null(event);
    assert_true(event_hub_is_closed(h));
    assert_null(read_one(r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(topics_have_the_names_of_the_api),
        cmocka_unit_test(events_are_held_back_until_release),
        cmocka_unit_test(discarded_events_leave_no_gap_in_the_numbers),
        cmocka_unit_test(undo_drops_only_what_came_after_the_mark),
        cmocka_unit_test(since_replays_what_is_kept),
        cmocka_unit_test(since_tells_what_is_no_longer_kept),
        cmocka_unit_test(since_from_before_a_restart_is_told_as_a_miss),
        cmocka_unit_test(a_log_event_owns_its_texts),
        cmocka_unit_test(a_target_event_tells_whether_the_target_is_gone),
        cmocka_unit_test(filters_choose_topics_and_whose_logs),
        cmocka_unit_test(an_event_outlives_the_ring_while_it_is_held),
        cmocka_unit_test(threads_see_every_event_or_are_told_how_many_they_missed),
        cmocka_unit_test(closing_wakes_readers_for_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
