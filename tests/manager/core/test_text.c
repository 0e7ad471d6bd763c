/* SPDX-License-Identifier: Apache-2.0 */
/* Words of agents: what is let through and what becomes '?'. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "text.h"

static void expect_cleaned(const char *text, const char *expected)
{
    char out[64];
    text_clean(text, out, sizeof(out));
    assert_string_equal(out, expected);
    assert_true(text_is_clean(out, sizeof(out)));
    assert_int_equal(text_is_clean(text, sizeof(out)), strcmp(text, expected) == 0);
}

static void letters_of_every_length_pass(void **state)
{
    (void)state;
    expect_cleaned("a\tb", "a\tb");
    expect_cleaned("gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F");
    expect_cleaned("\xE2\x82\xAC \xEE\x80\x80", "\xE2\x82\xAC \xEE\x80\x80");
    expect_cleaned("\xF0\x9F\xA6\xA6", "\xF0\x9F\xA6\xA6");
    expect_cleaned("\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF");
}

static void controls_are_replaced(void **state)
{
    (void)state;
    expect_cleaned("a\nb\x1B[31m\x7F", "a?b?[31m?");
    expect_cleaned("\xC2\x9B"
                   "31m",
                   "??31m");
    expect_cleaned("\xC2\xA0", "\xC2\xA0");
}

static void bytes_that_are_no_utf8_are_replaced_one_by_one(void **state)
{
    (void)state;
    expect_cleaned("\xFF\xFE", "??");
    expect_cleaned("\x80x", "?x");
    expect_cleaned("\xC0\xAF", "??");
    expect_cleaned("\xE0\x80\xAF", "???");
    expect_cleaned("\xED\xA0\x80", "???");
    expect_cleaned("\xF0\x80\x80\x80", "????");
    expect_cleaned("\xF4\x90\x80\x80", "????");
    expect_cleaned("\xE2\x82", "??");
    expect_cleaned("\xC3", "?");
}

static void long_texts_are_cut_between_characters(void **state)
{
    (void)state;
    char out[4];
    text_clean("ab\xC3\xBC", out, sizeof(out));
    assert_string_equal(out, "ab");
    text_clean("a\xC3\xBC", out, sizeof(out));
    assert_string_equal(out, "a\xC3\xBC");
    assert_false(text_is_clean("abcd", sizeof(out)));
    assert_true(text_is_clean("abc", sizeof(out)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_of_every_length_pass),
        cmocka_unit_test(controls_are_replaced),
        cmocka_unit_test(bytes_that_are_no_utf8_are_replaced_one_by_one),
        cmocka_unit_test(long_texts_are_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
