/* SPDX-License-Identifier: Apache-2.0 */
/* Reports: stored once and in order, whatever is sent twice, late or makes no sense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core_fixture.h"

enum { STREAM = 7 }; /* as connect_target says */

struct scene {
    struct core_fixture *f;
    char task_id[TASK_ID_SIZE];
};

static struct scene scene_of(void **state)
{
    struct scene s = {.f = *state};
    add_target(s.f, "drone-1", "");
    connect_target(s.f, "drone-1", "");
    create_task(s.f, "drone-1", s.task_id);
    return s;
}

static struct report acknowledgement_of(const char *task_id, enum task_state state)
{
    struct report r = {.kind = REPORT_ACKNOWLEDGEMENT, .time_ms = 5};
    r.acknowledgement.state = state;
    (void)snprintf(r.acknowledgement.task_id, sizeof(r.acknowledgement.task_id), "%s", task_id);
    return r;
}

static struct report log_of(const char *task_id, const struct log_line *line)
{
    struct report r = {.kind = REPORT_LOG, .time_ms = 5};
    r.log = (struct log_batch){NULL, task_id, STAGE_RUN, "./count", line, 1};
    return r;
}

static enum err report(struct scene *s, uint64_t first_seq, const struct report *reports,
                       size_t count, uint64_t *stored)
{
    const struct report_batch batch = {STREAM, first_seq, reports, count};
    return log_manager_report(s->f->core.logs, "drone-1", &batch, stored, NULL);
}

static bool count_row(void *arg, const struct log_row *row)
{
    (void)row;
    (*(size_t *)arg)++;
    return true;
}

static size_t lines_stored(struct scene *s)
{
    const struct log_query q = {.page = {1, 1000}};
    uint64_t total;
    size_t count = 0;
    assert_int_equal(store_log_query(s->f->core.store, &q, &total, count_row, &count, NULL),
                     ERR_OK);
    return count;
}

static bool copy_output(void *arg, const struct log_row *row)
{
    (void)snprintf(arg, LINE_MAX_BYTES + 1, "%s", row->line.output);
    return true;
}

static void reports_are_stored_and_confirmed_by_number(void **state)
{
    struct scene s = scene_of(state);
    const struct log_line line = {5, "one", false, false};
    const struct report reports[] = {acknowledgement_of(s.task_id, TASK_ACCEPTED),
                                     log_of(s.task_id, &line)};
    uint64_t stored = 0;
    assert_int_equal(report(&s, 1, reports, 2, &stored), ERR_OK);
    assert_int_equal(stored, 2);
    assert_int_equal(get_row(s.f, s.task_id, "drone-1").state, TASK_ACCEPTED);
    assert_int_equal(lines_stored(&s), 1);
    assert_int_equal(registry_find(s.f->core.registry, "drone-1")->stored_seq, 2);
}

static void the_same_batch_twice_is_stored_once(void **state)
{
    struct scene s = scene_of(state);
    const struct log_line line = {5, "one", false, false};
    const struct report reports[] = {log_of(s.task_id, &line), log_of(s.task_id, &line),
                                     log_of(s.task_id, &line)};
    uint64_t stored = 0;
    assert_int_equal(report(&s, 1, reports, 2, &stored), ERR_OK);
    assert_int_equal(report(&s, 1, reports, 2, &stored), ERR_OK);
    assert_int_equal(stored, 2);
    assert_int_equal(lines_stored(&s), 2);
    assert_int_equal(report(&s, 2, reports, 3, &stored), ERR_OK);
    assert_int_equal(stored, 4);
    assert_int_equal(lines_stored(&s), 4);
    core_fixture_commit(s.f);
    assert_int_equal(take_events(s.f, EVENT_LOGS), 4);
}

static void a_gap_is_a_conflict_and_stores_nothing(void **state)
{
    struct scene s = scene_of(state);
    const struct log_line line = {5, "one", false, false};
    const struct report r = log_of(s.task_id, &line);
    uint64_t stored = 0;
    assert_int_equal(report(&s, 2, &r, 1, &stored), ERR_CONFLICT);
    assert_int_equal(report(&s, 0, &r, 1, &stored), ERR_CONFLICT);
    assert_int_equal(report(&s, UINT64_MAX, &r, 1, &stored), ERR_CONFLICT);
    assert_int_equal(lines_stored(&s), 0);
}

static void an_empty_batch_confirms_what_is_stored(void **state)
{
    struct scene s = scene_of(state);
    uint64_t stored = 99;
    assert_int_equal(report(&s, 1, NULL, 0, &stored), ERR_OK);
    assert_int_equal(stored, 0);
}

static void another_stream_is_a_conflict_and_a_stranger_is_unknown(void **state)
{
    struct scene s = scene_of(state);
    const struct report r = acknowledgement_of(s.task_id, TASK_ACCEPTED);
    uint64_t stored;
    const struct report_batch other = {STREAM + 1, 1, &r, 1};
    assert_int_equal(log_manager_report(s.f->core.logs, "drone-1", &other, &stored, NULL),
                     ERR_CONFLICT);
    const struct report_batch right = {STREAM, 1, &r, 1};
    assert_int_equal(log_manager_report(s.f->core.logs, "ghost", &right, &stored, NULL),
                     ERR_NOT_FOUND);
    assert_int_equal(get_row(s.f, s.task_id, "drone-1").state, TASK_ANNOUNCED);
}

static void reports_that_make_no_sense_do_not_block_the_stream(void **state)
{
    struct scene s = scene_of(state);
    const struct log_line line = {5, "one", false, false};
    struct report strange = log_of(s.task_id, &line);
    strange.log.stage = 99;
    const struct report reports[] = {
        acknowledgement_of("lost-lynx", TASK_ACCEPTED),
        acknowledgement_of(s.task_id, 99),
        log_of("lost-lynx", &line),
        strange,
        {.kind = 99},
        acknowledgement_of(s.task_id, TASK_SUCCEEDED),
        acknowledgement_of(s.task_id, TASK_ACCEPTED),
    };
    uint64_t stored;
    assert_int_equal(report(&s, 1, reports, 7, &stored), ERR_OK);
    assert_int_equal(stored, 7);
    assert_int_equal(lines_stored(&s), 0);
    assert_int_equal(get_row(s.f, s.task_id, "drone-1").state, TASK_SUCCEEDED);
}

static void output_of_the_terminal_needs_no_task(void **state)
{
    struct scene s = scene_of(state);
    const struct log_line line = {5, "uid=1000", false, false};
    struct report r = log_of("", &line);
    r.log.stage = STAGE_TERMINAL;
    uint64_t stored;
    assert_int_equal(report(&s, 1, &r, 1, &stored), ERR_OK);
    assert_int_equal(lines_stored(&s), 1);
}

static void lost_lines_are_counted_in_the_log(void **state)
{
    struct scene s = scene_of(state);
    const struct report r = {
        .kind = REPORT_LOST, .lost_lines = 42, .lost_first_ms = 1, .lost_last_ms = 2};
    uint64_t stored;
    assert_int_equal(report(&s, 1, &r, 1, &stored), ERR_OK);
    const struct log_query q = {.stage = STAGE_AGENT, .page = {1, 10}};
    char output[LINE_MAX_BYTES + 1] = "";
    uint64_t total;
    assert_int_equal(store_log_query(s.f->core.store, &q, &total, copy_output, output, NULL),
                     ERR_OK);
    assert_int_equal(total, 1);
    assert_non_null(strstr(output, "42 lines were lost"));
}

static void output_that_is_no_text_is_made_harmless(void **state)
{
    struct scene s = scene_of(state);
    char longest[2 * LINE_MAX_BYTES];
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    const struct log_line lines[] = {{5, "\x1B]0;title\x07 \xFF", false, false},
                                     {6, longest, false, false}};
    struct report r = log_of(s.task_id, lines);
    r.log.count = 2;
    r.log.command = "echo \x1B";
    uint64_t stored;
    assert_int_equal(report(&s, 1, &r, 1, &stored), ERR_OK);
    char output[LINE_MAX_BYTES + 1] = "";
    struct log_query q = {.to_ms = 6, .command = "echo ?", .page = {1, 10}};
    uint64_t total;
    assert_int_equal(store_log_query(s.f->core.store, &q, &total, copy_output, output, NULL),
                     ERR_OK);
    assert_string_equal(output, "?]0;title? ?");
    q = (struct log_query){.from_ms = 6, .page = {1, 10}};
    assert_int_equal(store_log_query(s.f->core.store, &q, &total, copy_output, output, NULL),
                     ERR_OK);
    assert_int_equal(strlen(output), LINE_MAX_BYTES);
}

#define LOG_TEST(name)                                                                             \
    cmocka_unit_test_setup_teardown(name, core_fixture_setup, core_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(reports_are_stored_and_confirmed_by_number),
        LOG_TEST(the_same_batch_twice_is_stored_once),
        LOG_TEST(a_gap_is_a_conflict_and_stores_nothing),
        LOG_TEST(an_empty_batch_confirms_what_is_stored),
        LOG_TEST(another_stream_is_a_conflict_and_a_stranger_is_unknown),
        LOG_TEST(reports_that_make_no_sense_do_not_block_the_stream),
        LOG_TEST(output_of_the_terminal_needs_no_task),
        LOG_TEST(lost_lines_are_counted_in_the_log),
        LOG_TEST(output_that_is_no_text_is_made_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
