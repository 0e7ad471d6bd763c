/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "names.h"

static void usual_ids_are_accepted(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "drone-1", "R2.D2_x", "0", "a..b"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(names_check_id("id", good[i], NULL), ERR_OK);
}

static void ids_that_are_no_safe_file_names_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",    ".",   "..",  "-a",       "_a",
                                      "a/b", "a b", "a\n", "\xc3\xa4", "a,b"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(names_check_id("id", bad[i], NULL), ERR_INVALID);
}

static void an_id_may_have_64_characters_and_no_more(void **state)
{
    (void)state;
    char id[ID_MAX + 2];
    memset(id, 'x', sizeof(id));
    id[ID_MAX + 1] = '\0';
    assert_int_equal(names_check_id("id", id, NULL), ERR_INVALID);
    id[ID_MAX] = '\0';
    assert_int_equal(names_check_id("id", id, NULL), ERR_OK);
}

static void the_error_names_field_and_text_without_control_characters(void **state)
{
    (void)state;
    struct error e;
    assert_int_equal(names_check_id("target id", "a/b\x1b", &e), ERR_INVALID);
    assert_string_equal(e.text, "target id 'a/b?': only letters, digits and ._- are allowed");
}

static void a_long_text_is_shown_with_dots(void **state)
{
    (void)state;
    char out[8];
    assert_string_equal(names_printable("abcdefghijkl", out, sizeof(out)), "abcd...");
    assert_string_equal(names_printable("abcdefg", out, sizeof(out)), "abcdefg");
}

static void the_distance_of_names_counts_edits(void **state)
{
    (void)state;
    assert_int_equal(names_distance("deploy", "deploy"), 0);
    assert_int_equal(names_distance("deplyo", "deploy"), 2);
    assert_int_equal(names_distance("", "abc"), 3);
    assert_int_equal(names_distance("abc", ""), 3);
    assert_int_equal(names_distance("kitten", "sitting"), 3);
}

static void tags_allow_the_characters_of_names_and_places(void **state)
{
    (void)state;
    assert_int_equal(names_check_tag("tag", "arch:x86_64", NULL), ERR_OK);
    assert_int_equal(names_check_tag("tag", "hall/2@north", NULL), ERR_OK);
    assert_int_equal(names_check_tag("tag", ":a", NULL), ERR_INVALID);
    assert_int_equal(names_check_tag("tag", "a,b", NULL), ERR_INVALID);
}

static void tags_are_kept_sorted_and_once(void **state)
{
    (void)state;
    struct tags t = {0};
    static const char *const added[] = {"m", "a", "z", "m", "ab", "a"};
    for (size_t i = 0; i < sizeof(added) / sizeof(added[0]); i++)
        assert_int_equal(tags_add(&t, added[i], NULL), ERR_OK);
    assert_string_equal(t.text, ",a,ab,m,z,");
    assert_int_equal(tags_count(&t), 4);
    assert_true(tags_has(&t, "ab"));
    assert_false(tags_has(&t, "b"));
    assert_false(tags_has(&t, ""));
    assert_false(tags_has(&t, "a,ab"));
}

static void removing_gives_back_the_set_without_the_tag(void **state)
{
    (void)state;
    struct tags t = {0};
    assert_int_equal(tags_parse(&t, "a,b,c", NULL), ERR_OK);
    tags_remove(&t, "b");
    assert_string_equal(t.text, ",a,c,");
    tags_remove(&t, "x");
    tags_remove(&t, "a");
    tags_remove(&t, "c");
    assert_string_equal(t.text, "");
    assert_int_equal(tags_count(&t), 0);
}

static void tags_can_be_visited_by_number(void **state)
{
    (void)state;
    struct tags t = {0};
    char tag[TAG_MAX + 1];
    assert_false(tags_at(&t, 0, tag));
    assert_int_equal(tags_parse(&t, "b,a", NULL), ERR_OK);
    assert_true(tags_at(&t, 0, tag));
    assert_string_equal(tag, "a");
    assert_true(tags_at(&t, 1, tag));
    assert_string_equal(tag, "b");
    assert_false(tags_at(&t, 2, tag));
}

static void a_list_is_parsed_as_people_type_it(void **state)
{
    (void)state;
    struct tags t = {0};
    assert_int_equal(tags_parse(&t, " b , a,, c ", NULL), ERR_OK);
    assert_string_equal(t.text, ",a,b,c,");
    assert_int_equal(tags_parse(&t, "", NULL), ERR_OK);
    assert_string_equal(t.text, "");
}

static void a_bad_list_leaves_the_set_as_it_was(void **state)
{
    (void)state;
    struct tags t = {0};
    assert_int_equal(tags_parse(&t, "a", NULL), ERR_OK);
    assert_int_equal(tags_parse(&t, "b, c d", NULL), ERR_INVALID);
    assert_string_equal(t.text, ",a,");
}

static void more_than_32_tags_are_too_many(void **state)
{
    (void)state;
    struct tags t = {0};
    for (int i = 0; i < TAGS_MAX; i++) {
        char tag[16];
        snprintf(tag, sizeof(tag), "t%d", i);
        assert_int_equal(tags_add(&t, tag, NULL), ERR_OK);
    }
    assert_int_equal(tags_add(&t, "t0", NULL), ERR_OK);
    assert_int_equal(tags_add(&t, "more", NULL), ERR_TOO_LARGE);
    assert_int_equal(tags_count(&t), TAGS_MAX);
}

static void tags_fill_their_room_to_the_last_byte_and_no_further(void **state)
{
    (void)state;
    struct tags t = {0};
    enum err err = ERR_OK;
    for (int i = 0; err == ERR_OK; i++) {
        char tag[TAG_MAX + 1];
        snprintf(tag, sizeof(tag), "%02u%062d", (unsigned)i % 100, 0);
        err = tags_add(&t, tag, NULL);
    }
    assert_int_equal(err, ERR_TOO_LARGE);
    assert_int_equal(tags_count(&t), 15);
    char last[TAGS_SIZE];
    size_t room = TAGS_SIZE - 1 - strlen(t.text) - 1;
    memset(last, 'z', room);
    last[room] = '\0';
    assert_int_equal(tags_add(&t, last, NULL), ERR_OK);
    assert_int_equal(strlen(t.text), TAGS_SIZE - 1);
    assert_int_equal(tags_add(&t, "a", NULL), ERR_TOO_LARGE);
}

static void sets_overlap_when_they_share_a_tag(void **state)
{
    (void)state;
    struct tags a = {0};
    struct tags b = {0};
    assert_false(tags_overlap(&a, &b));
    assert_true(tags_equal(&a, &b));
    assert_int_equal(tags_parse(&a, "a,bc,d", NULL), ERR_OK);
    assert_int_equal(tags_parse(&b, "b,c,bcd", NULL), ERR_OK);
    assert_false(tags_overlap(&a, &b));
    assert_int_equal(tags_add(&b, "bc", NULL), ERR_OK);
    assert_true(tags_overlap(&a, &b));
    assert_false(tags_equal(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usual_ids_are_accepted),
        cmocka_unit_test(ids_that_are_no_safe_file_names_are_refused),
        cmocka_unit_test(an_id_may_have_64_characters_and_no_more),
        cmocka_unit_test(the_error_names_field_and_text_without_control_characters),
        cmocka_unit_test(a_long_text_is_shown_with_dots),
        cmocka_unit_test(the_distance_of_names_counts_edits),
        cmocka_unit_test(tags_allow_the_characters_of_names_and_places),
        cmocka_unit_test(tags_are_kept_sorted_and_once),
        cmocka_unit_test(removing_gives_back_the_set_without_the_tag),
        cmocka_unit_test(tags_can_be_visited_by_number),
        cmocka_unit_test(a_list_is_parsed_as_people_type_it),
        cmocka_unit_test(a_bad_list_leaves_the_set_as_it_was),
        cmocka_unit_test(more_than_32_tags_are_too_many),
        cmocka_unit_test(tags_fill_their_room_to_the_last_byte_and_no_further),
        cmocka_unit_test(sets_overlap_when_they_share_a_tag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
