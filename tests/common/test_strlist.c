/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "strlist.h"

static void items_are_copied_in_order(void **state)
{
    (void)state;
    struct strlist l = {0};
    char text[16];
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof(text), "item %d", i);
        assert_int_equal(strlist_add(&l, text, NULL), ERR_OK);
    }
    assert_int_equal(l.count, 100);
    assert_string_equal(l.items[0], "item 0");
    assert_string_equal(l.items[99], "item 99");
    assert_true(strlist_has(&l, "item 64"));
    assert_false(strlist_has(&l, "item"));
    strlist_clear(&l);
    assert_int_equal(l.count, 0);
}

static void a_copy_replaces_what_was_there(void **state)
{
    (void)state;
    struct strlist from = {0};
    struct strlist to = {0};
    assert_int_equal(strlist_add(&from, "new", NULL), ERR_OK);
    assert_int_equal(strlist_add(&to, "old", NULL), ERR_OK);
    assert_int_equal(strlist_copy(&to, &from, NULL), ERR_OK);
    assert_int_equal(to.count, 1);
    assert_string_equal(to.items[0], "new");
    strlist_clear(&from);
    strlist_clear(&to);
}

static void bytes_grow_and_end_in_a_nul(void **state)
{
    (void)state;
    struct bytes b = {0};
    for (int i = 0; i < 1000; i++)
        assert_int_equal(bytes_append(&b, "abc", 3, NULL), ERR_OK);
    assert_int_equal(b.size, 3000);
    assert_int_equal(strlen((const char *)b.data), 3000);
    bytes_clear(&b);
    assert_null(b.data);
}

static void reserved_room_can_be_written_by_the_caller(void **state)
{
    (void)state;
    struct bytes b = {0};
    assert_int_equal(bytes_reserve(&b, 10, NULL), ERR_OK);
    memcpy(b.data, "0123456789", 10);
    b.size = 10;
    assert_int_equal(bytes_append(&b, "", 0, NULL), ERR_OK);
    assert_string_equal((const char *)b.data, "0123456789");
    bytes_clear(&b);
}

static void an_impossible_size_is_an_error_and_changes_nothing(void **state)
{
    (void)state;
    struct bytes b = {0};
    assert_int_equal(bytes_append(&b, "x", 1, NULL), ERR_OK);
    assert_int_equal(bytes_reserve(&b, SIZE_MAX - 1, NULL), ERR_NO_MEMORY);
    assert_int_equal(b.size, 1);
    bytes_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_copied_in_order),
        cmocka_unit_test(a_copy_replaces_what_was_there),
        cmocka_unit_test(bytes_grow_and_end_in_a_nul),
        cmocka_unit_test(reserved_room_can_be_written_by_the_caller),
        cmocka_unit_test(an_impossible_size_is_an_error_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
