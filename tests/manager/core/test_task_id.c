/* SPDX-License-Identifier: Apache-2.0 */
/* Readable ids: two words, and a number when short ones are taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "keys.h"
#include "task_id.h"

static size_t count_of(const char *text, char c)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += *text == c;
    return count;
}

static void ids_are_two_words_that_are_fine_as_file_names(void **state)
{
    (void)state;
    for (int i = 0; i < 2000; i++) {
        char id[TASK_ID_SIZE];
        task_id_make(0, id);
        assert_int_equal(names_check_id("task id", id, NULL), ERR_OK);
        assert_int_equal(count_of(id, '-'), 1);
    }
}

static void later_attempts_have_a_number(void **state)
{
    (void)state;
    char id[TASK_ID_SIZE];
    task_id_make(30, id);
    assert_int_equal(count_of(id, '-'), 2);
    assert_non_null(strpbrk(id, "0123456789"));
    assert_int_equal(names_check_id("task id", id, NULL), ERR_OK);
}

static void ids_seldom_repeat(void **state)
{
    (void)state;
    enum { IDS = 300 };
    char ids[IDS][TASK_ID_SIZE];
    size_t repeated = 0;
    for (size_t i = 0; i < IDS; i++) {
        task_id_make(0, ids[i]);
        for (size_t k = 0; k < i; k++)
            repeated += strcmp(ids[i], ids[k]) == 0;
    }
    /* Of 40,000 possible ones or more, 300 meet about once. */
    assert_true(repeated < 20);
}

int main(void)
{
    if (keys_init(NULL) != ERR_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_two_words_that_are_fine_as_file_names),
        cmocka_unit_test(later_attempts_have_a_number),
        cmocka_unit_test(ids_seldom_repeat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
