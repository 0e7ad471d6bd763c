/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "err.h"

static void codes_have_names_and_names_have_codes(void **state)
{
    (void)state;
    assert_string_equal(err_name(ERR_OK), "ok");
    assert_string_equal(err_name(ERR_NOT_FOUND), "not-found");
    assert_string_equal(err_name((enum err)999), "unknown");
    assert_int_equal(err_from_name("superseded"), ERR_SUPERSEDED);
    assert_int_equal(err_from_name("no such name"), ERR_INTERNAL);
}

static void values_are_those_of_the_wire(void **state)
{
    (void)state;
    assert_int_equal(ERR_INVALID, 1);
    assert_int_equal(ERR_CORRUPT, 11);
    assert_int_equal(ERR_SUPERSEDED, 19);
}

static void wrapping_puts_the_new_words_first(void **state)
{
    (void)state;
    struct error e = {0};
    assert_int_equal(error_set(&e, ERR_NO_SPACE, "disk full"), ERR_NO_SPACE);
    assert_int_equal(error_wrap(&e, ERR_IO, "open %s", "store"), ERR_IO);
    assert_string_equal(e.text, "open store: disk full");
    assert_int_equal(e.code, ERR_IO);
}

static void nobody_has_to_ask_for_the_sentence(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, ERR_INVALID, "x"), ERR_INVALID);
    assert_int_equal(error_wrap(NULL, ERR_IO, "x"), ERR_IO);
    errno = ENOENT;
    assert_int_equal(error_errno(NULL, "x"), ERR_NOT_FOUND);
}

static void errno_gives_code_and_reason(void **state)
{
    (void)state;
    struct error e = {0};
    errno = ENOSPC;
    assert_int_equal(error_errno(&e, "write %s", "file"), ERR_NO_SPACE);
    assert_string_equal(e.text, "write file: No space left on device");
    errno = EACCES;
    assert_int_equal(error_errno(&e, "x"), ERR_FORBIDDEN);
    errno = EIO;
    assert_int_equal(error_errno(&e, "x"), ERR_IO);
}

static void long_sentences_are_cut(void **state)
{
    (void)state;
    struct error e = {0};
    char text[2 * ERROR_TEXT_SIZE];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    error_set(&e, ERR_INVALID, "%s", text);
    assert_int_equal(strlen(e.text), ERROR_TEXT_SIZE - 1);
    error_wrap(&e, ERR_INVALID, "%s", text);
    assert_int_equal(strlen(e.text), ERROR_TEXT_SIZE - 1);
    error_wrap(&e, ERR_INVALID, "short");
    assert_int_equal(strlen(e.text), ERROR_TEXT_SIZE - 1);
    assert_memory_equal(e.text, "short: xxx", 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_have_names_and_names_have_codes),
        cmocka_unit_test(values_are_those_of_the_wire),
        cmocka_unit_test(wrapping_puts_the_new_words_first),
        cmocka_unit_test(nobody_has_to_ask_for_the_sentence),
        cmocka_unit_test(errno_gives_code_and_reason),
        cmocka_unit_test(long_sentences_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
