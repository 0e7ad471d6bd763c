/* SPDX-License-Identifier: Apache-2.0 */
#include "run_support.h"

#include "line_splitter.h"

struct lines {
    char text[64][LINE_MAX_BYTES + 1];
    size_t count;
};

static void keep(void *arg, const char *text, size_t size)
{
    struct lines *l = arg;
    assert_true(l->count < 64);
    assert_int_equal(strlen(text), size);
    memcpy(l->text[l->count++], text, size + 1);
}

static struct lines got;

static void split(const char *data, size_t size, size_t step)
{
    struct line_splitter s = {0};
    got.count = 0;
    for (size_t at = 0; at < size; at += step)
        line_splitter_feed(&s, data + at, size - at < step ? size - at : step, keep, &got);
    line_splitter_flush(&s, keep, &got);
}

/* Whatever the pieces are in which data comes, the lines are the same. */
static void check_lines(const char *data, size_t size, const char *const *expected)
{
    size_t count = 0;
    while (expected[count] != NULL)
        count++;
    for (size_t step = 1; step <= size; step++) {
        split(data, size, step);
        assert_int_equal(got.count, count);
        for (size_t i = 0; i < count; i++)
            assert_string_equal(got.text[i], expected[i]);
    }
}

#define ASSERT_SPLIT(data, ...)                                                                    \
    check_lines((data), sizeof(data) - 1, (const char *const[]){__VA_ARGS__, NULL})

static void lines_end_with_lf_or_crlf_and_the_last_one_needs_no_end(void **state)
{
    (void)state;
    ASSERT_SPLIT("a\nbc\r\n\nd", "a", "bc", "", "d");
    ASSERT_SPLIT("\r\n\r\nx\n", "", "", "x");
    ASSERT_SPLIT("only", "only");
}

static void a_lone_carriage_return_ends_a_line_that_has_text(void **state)
{
    (void)state;
    ASSERT_SPLIT("10%\r20%\r\r\n\ndone\r", "10%", "20%", "", "done");
}

static void control_characters_become_visible(void **state)
{
    (void)state;
    ASSERT_SPLIT("\x1b[31mred\x1b[0m\tx\n", "\\x1b[31mred\\x1b[0m\tx");
    ASSERT_SPLIT("a\0b\x7f\n", "a\\x00b\\x7f");
    ASSERT_SPLIT("\xc2\x85\xc2\xa0\n", "\\u0085\xc2\xa0");
}

static void whole_characters_pass_and_broken_ones_are_replaced(void **state)
{
    (void)state;
    ASSERT_SPLIT("\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x9d\n", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x9d");
    ASSERT_SPLIT("\xff\xfe!\n", "\xef\xbf\xbd\xef\xbf\xbd!");
    ASSERT_SPLIT("\xe2\x82\n\xe2\x82", "\xef\xbf\xbd", "\xef\xbf\xbd");
    /* overlong, surrogate, beyond the last character */
    ASSERT_SPLIT("\xc0\xaf\n", "\xef\xbf\xbd\xef\xbf\xbd");
    ASSERT_SPLIT("\xed\xa0\x80\n", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    ASSERT_SPLIT("\xf4\x90\x80\x80\n", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

static void a_long_line_is_split_and_never_within_a_character(void **state)
{
    (void)state;
    static char data[3 * LINE_MAX_BYTES];
    memset(data, 'x', sizeof(data));
    data[LINE_MAX_BYTES] = '\n';
    split(data, LINE_MAX_BYTES + 1, 1000);
    assert_int_equal(got.count, 1);
    assert_int_equal(strlen(got.text[0]), LINE_MAX_BYTES);

    data[LINE_MAX_BYTES] = 'x';
    static const char euro[] = {'\xe2', '\x82', '\xac'};
    memcpy(data + LINE_MAX_BYTES - 1, euro, sizeof(euro));
    split(data, sizeof(data), 777);
    assert_int_equal(got.count, 4);
    assert_int_equal(strlen(got.text[0]), LINE_MAX_BYTES - 1);
    assert_memory_equal(got.text[1], euro, sizeof(euro));
    assert_int_equal(strlen(got.text[1]), LINE_MAX_BYTES);
    assert_int_equal(strlen(got.text[2]), LINE_MAX_BYTES);
    assert_int_equal(strlen(got.text[3]), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_end_with_lf_or_crlf_and_the_last_one_needs_no_end),
        cmocka_unit_test(a_lone_carriage_return_ends_a_line_that_has_text),
        cmocka_unit_test(control_characters_become_visible),
        cmocka_unit_test(whole_characters_pass_and_broken_ones_are_replaced),
        cmocka_unit_test(a_long_line_is_split_and_never_within_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
