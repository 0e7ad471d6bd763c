/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines, on every backend. Lines are named by their output. */
#include <stdio.h>
#include <string.h>

#include "store_suite.h"

static const struct page first_page = {.number = 1, .size = 100};

static bool note_line(void *arg, const struct log_row *row)
{
    return suite_note(arg, row->line.output);
}

/* Asserts what a query finds, in order, and the total. */
static void assert_finds(struct fixture *f, struct log_query query, const char *expected,
                         uint64_t expected_total)
{
    struct names names = {.count = 0};
    uint64_t total = 0;
    if (query.page.size == 0)
        query.page = first_page;
    OK(store_log_query(f->store, &query, &total, note_line, &names, e));
    assert_string_equal(names.text, expected);
    assert_int_equal(total, expected_total);
}

static void assert_text_finds(struct fixture *f, const char *text, const char *expected,
                              uint64_t total)
{
    assert_finds(f, (struct log_query){.text = text, .is_ascending = true}, expected, total);
}

/* Times go down as ids go up, so that orders differ. */
static void put_lines(struct fixture *f, const char *target_id, const char *task_id,
                      enum stage stage, const char *command, const char *const *outputs)
{
    struct log_line lines[8];
    size_t count = 0;
    for (; outputs[count] != NULL; count++)
        lines[count] = (struct log_line){.time_ms = 1000 - (int64_t)(10 * count),
                                         .output = outputs[count],
                                         .is_error = outputs[count][0] == 'E'};
    struct log_batch batch = {.target_id = target_id,
                              .task_id = task_id,
                              .stage = stage,
                              .command = command,
                              .lines = lines,
                              .count = count};
    OK(store_log_append(f->store, &batch, e));
}

static void put_example(struct fixture *f)
{
    suite_begin(f);
    put_lines(f, "drone-2", "otter", STAGE_INSTALL, "make",
              (const char *const[]){"a1", "a2", "Ea3", NULL});
    put_lines(f, "drone-1", "crow", STAGE_RUN, "./count", (const char *const[]){"b1", "Eb2", NULL});
    put_lines(f, "drone-2", "otter", STAGE_RUN, "./count", (const char *const[]){"c1", NULL});
    put_lines(f, "drone-1", "", STAGE_TERMINAL, "ls", (const char *const[]){"d1", "d2", NULL});
    put_lines(f, "drone-2", "otter", STAGE_INSTALL, "make", (const char *const[]){"e1", NULL});
    suite_commit(f);
}

static bool copy_line(void *arg, const struct log_row *row)
{
    struct log_row *out = arg;
    assert_string_equal(row->target_id, "drone-1");
    assert_string_equal(row->task_id, "otter");
    assert_string_equal(row->command, "./count");
    assert_string_equal(row->line.output, "tab\t\xc3\xbc and 'quotes'\"");
    *out = *row;
    return true;
}

static void a_line_comes_back_as_it_was_appended(void **state)
{
    struct fixture *f = *state;
    struct log_line line = {.time_ms = 1700000000789,
                            .output = "tab\t\xc3\xbc and 'quotes'\"",
                            .is_error = true,
                            .is_event = true};
    struct log_batch batch = {.target_id = "drone-1",
                              .task_id = "otter",
                              .stage = STAGE_RUN,
                              .command = "./count",
                              .lines = &line,
                              .count = 1};
    suite_begin(f);
    OK(store_log_append(f->store, &batch, e));
    suite_commit(f);
    suite_reopen(f);
    struct log_row row = {.id = 0};
    uint64_t total = 0;
    struct log_query query = {.page = first_page};
    OK(store_log_query(f->store, &query, &total, copy_line, &row, e));
    assert_int_equal(row.id, 1);
    assert_int_equal(row.stage, STAGE_RUN);
    assert_int_equal(row.line.time_ms, 1700000000789);
    assert_true(row.line.is_error && row.line.is_event);
}

static void lines_come_newest_first(void **state)
{
    struct fixture *f = *state;
    assert_finds(f, (struct log_query){.text = NULL}, "", 0);
    put_example(f);
    assert_finds(f, (struct log_query){.text = NULL}, "e1 d2 d1 c1 Eb2 b1 Ea3 a2 a1", 9);
    assert_finds(f, (struct log_query){.is_ascending = true, .page = {.number = 2, .size = 4}},
                 "Eb2 c1 d1 d2", 9);
    assert_finds(f, (struct log_query){.page = {.number = 3, .size = 4}}, "a1", 9);
    assert_finds(f, (struct log_query){.page = {.number = 4, .size = 4}}, "", 9);
}

static void an_empty_batch_adds_nothing(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    put_lines(f, "drone-1", "otter", STAGE_RUN, "./count", (const char *const[]){NULL});
    suite_commit(f);
    assert_finds(f, (struct log_query){.text = NULL}, "", 0);
}

static void lines_are_filtered_by_where_they_come_from(void **state)
{
    struct fixture *f = *state;
    put_example(f);
    assert_finds(f, (struct log_query){.target_id = "drone-1"}, "d2 d1 Eb2 b1", 4);
    assert_finds(f, (struct log_query){.task_id = "otter"}, "e1 c1 Ea3 a2 a1", 5);
    assert_finds(f, (struct log_query){.task_id = ""}, "d2 d1", 2);
    assert_finds(f, (struct log_query){.stage = STAGE_RUN}, "c1 Eb2 b1", 3);
    assert_finds(f, (struct log_query){.command = "./count"}, "c1 Eb2 b1", 3);
    assert_finds(f,
                 (struct log_query){.target_id = "drone-2", .task_id = "otter", .stage = STAGE_RUN},
                 "c1", 1);
    assert_finds(f, (struct log_query){.target_id = "drone"}, "", 0);
    assert_finds(f, (struct log_query){.task_id = "otter", .page = {.number = 2, .size = 2}},
                 "Ea3 a2", 5);
}

static void lines_are_filtered_by_error(void **state)
{
    struct fixture *f = *state;
    put_example(f);
    assert_finds(f, (struct log_query){.has_error = true, .is_error = true}, "Eb2 Ea3", 2);
    assert_finds(f, (struct log_query){.has_error = true, .task_id = "otter"}, "e1 c1 a2 a1", 4);
    assert_finds(f, (struct log_query){.has_error = true, .is_error = true, .task_id = "otter"},
                 "Ea3", 1);
    assert_finds(f, (struct log_query){.has_error = true, .is_error = true, .task_id = ""}, "", 0);
}

static void lines_are_filtered_by_time(void **state)
{
    struct fixture *f = *state;
    put_example(f);
    assert_finds(f, (struct log_query){.from_ms = 981, .to_ms = 1000}, "d2 Eb2 a2", 3);
    assert_finds(f, (struct log_query){.from_ms = 1000}, "e1 d1 c1 b1 a1", 5);
    assert_finds(f, (struct log_query){.to_ms = 990}, "Ea3", 1);
    assert_finds(f, (struct log_query){.to_ms = 980}, "", 0);
    assert_finds(f, (struct log_query){.to_ms = 1000, .target_id = "drone-1"}, "d2 Eb2", 2);
    assert_finds(f, (struct log_query){.to_ms = 1000, .target_id = "drone-2", .has_error = true},
                 "a2", 1);
}

static void lines_are_sorted_as_asked(void **state)
{
    struct fixture *f = *state;
    put_example(f);
    assert_finds(f, (struct log_query){.sort = LOG_SORT_TIME, .is_ascending = true},
                 "Ea3 a2 Eb2 d2 a1 b1 c1 d1 e1", 9);
    assert_finds(f, (struct log_query){.sort = LOG_SORT_TIME, .task_id = "otter"},
                 "e1 c1 a1 a2 Ea3", 5);
    assert_finds(f, (struct log_query){.sort = LOG_SORT_TIME, .has_error = true, .is_error = true},
                 "Eb2 Ea3", 2);
    assert_finds(f,
                 (struct log_query){.sort = LOG_SORT_TARGET, .is_ascending = true, .page = {1, 6}},
                 "b1 Eb2 d1 d2 a1 a2", 9);
    assert_finds(f, (struct log_query){.sort = LOG_SORT_TARGET, .page = {.number = 2, .size = 5}},
                 "d2 d1 Eb2 b1", 9);
    assert_finds(f, (struct log_query){.sort = LOG_SORT_TASK, .is_ascending = true},
                 "d1 d2 b1 Eb2 a1 a2 Ea3 c1 e1", 9);
}

static void put_sentences(struct fixture *f)
{
    suite_begin(f);
    put_lines(f, "drone-1", "otter", STAGE_RUN, "./count",
              (const char *const[]){"Error: disk full", "the-disk is fuller", "full disk",
                                    "DISK 100% (FULL)", "diskette", NULL});
    put_lines(f, "drone-2", "crow", STAGE_RUN, "./count", (const char *const[]){"disk full", NULL});
    suite_commit(f);
}

static void words_are_found_wherever_they_stand(void **state)
{
    struct fixture *f = *state;
    put_sentences(f);
    assert_text_finds(
        f, "disk", "Error: disk full the-disk is fuller full disk DISK 100% (FULL) disk full", 5);
    assert_text_finds(f, "Full dISK", "Error: disk full full disk DISK 100% (FULL) disk full", 4);
    assert_text_finds(f, "disk 100", "DISK 100% (FULL)", 1);
    assert_text_finds(f, "nowhere disk", "", 0);
    assert_finds(f, (struct log_query){.text = "disk", .page = {.number = 2, .size = 2}},
                 "full disk the-disk is fuller", 5);
}

static void phrases_and_prefixes_are_found(void **state)
{
    struct fixture *f = *state;
    put_sentences(f);
    assert_text_finds(f, "\"disk full\"", "Error: disk full disk full", 2);
    assert_text_finds(f, "the-disk", "the-disk is fuller", 1);
    assert_text_finds(f, "diskette*", "diskette", 1);
    assert_text_finds(f, "fulle*", "the-disk is fuller", 1);
    assert_text_finds(f, "\"is full\"*", "the-disk is fuller", 1);
    assert_text_finds(f, "\"is full\"", "", 0);
    assert_text_finds(f, "error: \"disk full\" f*", "Error: disk full", 1);
}

static void words_and_filters_go_together(void **state)
{
    struct fixture *f = *state;
    put_sentences(f);
    assert_finds(f, (struct log_query){.text = "disk", .task_id = "crow"}, "disk full", 1);
    assert_finds(f, (struct log_query){.text = "disk", .has_error = true, .is_error = true},
                 "Error: disk full", 1);
    assert_finds(f, (struct log_query){.text = "full", .to_ms = 990}, "DISK 100% (FULL) full disk",
                 2);
    assert_finds(f, (struct log_query){.text = "\"disk full\"", .sort = LOG_SORT_TARGET},
                 "disk full Error: disk full", 2);
    assert_finds(
        f,
        (struct log_query){.text = "full", .sort = LOG_SORT_TIME, .page = {.number = 1, .size = 1}},
        "disk full", 4);
}

static void the_search_has_no_syntax_of_its_own(void **state)
{
    struct fixture *f = *state;
    put_sentences(f);
    assert_text_finds(f, "disk OR nowhere", "", 0);
    assert_text_finds(f, "output:disk", "", 0);
    assert_text_finds(f, "NEAR(disk full)", "", 0);
    assert_text_finds(f, "-disk ^full {100}", "DISK 100% (FULL)", 1);
    assert_text_finds(f, "\"full disk", "full disk", 1);
    assert_text_finds(f, "(disk) -- full", "Error: disk full full disk DISK 100% (FULL) disk full",
                      4);
}

static void a_text_without_words_is_invalid(void **state)
{
    struct fixture *f = *state;
    static const char *const texts[] = {"", "  ", "*", "\"\"", "-- | \"...\" ***", "\"", "\"*"};
    uint64_t total = 0;
    struct names names = {.count = 0};
    struct error error;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct log_query query = {.text = texts[i], .page = first_page};
        assert_int_equal(store_log_query(f->store, &query, &total, note_line, &names, &error),
                         ERR_INVALID);
    }
    char long_text[4096];
    memset(long_text, 'a', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    struct log_query query = {.text = long_text, .page = first_page};
    assert_int_equal(store_log_query(f->store, &query, &total, note_line, &names, &error),
                     ERR_INVALID);
    char many_words[200] = "";
    for (size_t i = 0; i < 40; i++)
        memcpy(many_words + 4 * i, "abc ", 5);
    query.text = many_words;
    assert_int_equal(store_log_query(f->store, &query, &total, note_line, &names, &error),
                     ERR_INVALID);
}

static void deleting_a_task_removes_its_lines_and_words(void **state)
{
    struct fixture *f = *state;
    put_sentences(f);
    suite_begin(f);
    suite_put_task(f, "otter", 1);
    OK(store_task_delete(f->store, "otter", e));
    suite_commit(f);
    assert_finds(f, (struct log_query){.text = NULL}, "disk full", 1);
    assert_text_finds(f, "disk", "disk full", 1);
    assert_text_finds(f, "diskette", "", 0);
    suite_begin(f);
    suite_log(f, "drone-1", "otter", 5, "again");
    suite_commit(f);
    assert_finds(f, (struct log_query){.text = NULL}, "again disk full", 2);
    assert_finds(f, (struct log_query){.has_error = true}, "again disk full", 2);
}

static void deleting_a_target_keeps_its_lines(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    suite_put_target(f, "drone-1");
    suite_log(f, "drone-1", "otter", 5, "kept");
    OK(store_target_delete(f->store, "drone-1", e));
    suite_commit(f);
    assert_finds(f, (struct log_query){.target_id = "drone-1"}, "kept", 1);
}

/* Few matches far apart are read another way than many. */
static void rare_lines_are_found_among_many(void **state)
{
    struct fixture *f = *state;
    suite_begin(f);
    for (int i = 0; i < 2000; i++) {
        char output[16];
        snprintf(output, sizeof(output), "%d", i);
        bool is_rare = i % 500 == 7;
        suite_log(f, is_rare ? "rare" : "common", is_rare ? "otter" : "crow", 10000 + i, output);
    }
    suite_commit(f);
    const struct page three = {.number = 1, .size = 3};
    assert_finds(f, (struct log_query){.target_id = "rare"}, "1507 1007 507 7", 4);
    assert_finds(f, (struct log_query){.target_id = "rare", .page = three}, "1507 1007 507", 4);
    assert_finds(f, (struct log_query){.target_id = "rare", .sort = LOG_SORT_TIME, .page = three},
                 "1507 1007 507", 4);
    assert_finds(f, (struct log_query){.target_id = "common", .page = three}, "1999 1998 1997",
                 1996);
    assert_finds(f, (struct log_query){.from_ms = 10500, .to_ms = 10503}, "502 501 500", 3);
    assert_finds(f, (struct log_query){.from_ms = 10500, .page = three}, "1999 1998 1997", 1500);
    assert_finds(f, (struct log_query){.target_id = "rare", .from_ms = 10500, .to_ms = 11500},
                 "1007 507", 2);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_comes_back_as_it_was_appended),
        cmocka_unit_test(lines_come_newest_first),
        cmocka_unit_test(an_empty_batch_adds_nothing),
        cmocka_unit_test(lines_are_filtered_by_where_they_come_from),
        cmocka_unit_test(lines_are_filtered_by_error),
        cmocka_unit_test(lines_are_filtered_by_time),
        cmocka_unit_test(lines_are_sorted_as_asked),
        cmocka_unit_test(words_are_found_wherever_they_stand),
        cmocka_unit_test(phrases_and_prefixes_are_found),
        cmocka_unit_test(words_and_filters_go_together),
        cmocka_unit_test(the_search_has_no_syntax_of_its_own),
        cmocka_unit_test(a_text_without_words_is_invalid),
        cmocka_unit_test(deleting_a_task_removes_its_lines_and_words),
        cmocka_unit_test(deleting_a_target_keeps_its_lines),
        cmocka_unit_test(rare_lines_are_found_among_many),
    };
    return SUITE_RUN("logs", tests);
}
