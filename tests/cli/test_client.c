/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client.h"
#include "print.h"

static void a_query_is_escaped_and_absent_values_add_nothing(void **state)
{
    (void)state;
    struct bytes path = {0};
    assert_int_equal(bytes_append(&path, "/logs", 5, NULL), ERR_OK);
    assert_int_equal(client_query(&path, "a", NULL, NULL), ERR_OK);
    assert_int_equal(client_query(&path, "text", "a b&c=\"d\"", NULL), ERR_OK);
    assert_int_equal(client_query(&path, "n", "1", NULL), ERR_OK);
    assert_string_equal((char *)path.data, "/logs?text=a%20b%26c%3D%22d%22&n=1");
    bytes_clear(&path);
}

static void only_ids_become_part_of_a_path(void **state)
{
    (void)state;
    struct bytes path = {0};
    assert_int_equal(client_path(&path, "/tasks/", "../health", "", NULL), ERR_INVALID);
    assert_int_equal(client_path(&path, "/tasks/", "a?b", "", NULL), ERR_INVALID);
    assert_int_equal(path.size, 0);
    assert_int_equal(client_path(&path, "/tasks/", "brave-otter", "/stop", NULL), ERR_OK);
    assert_string_equal((char *)path.data, "/tasks/brave-otter/stop");
    bytes_clear(&path);
}

static void only_http_urls_and_tokens_of_one_line_are_accepted(void **state)
{
    (void)state;
    struct client *c = NULL;
    assert_int_equal(client_new("ftp://x", NULL, &c, NULL), ERR_INVALID);
    assert_int_equal(client_new("x:8080", NULL, &c, NULL), ERR_INVALID);
    assert_int_equal(client_new("http://x", "a\r\nX-Evil: 1", &c, NULL), ERR_INVALID);
    assert_null(c);
    assert_int_equal(client_new("http://x//", "a", &c, NULL), ERR_OK);
    assert_string_equal(client_url(c), "http://x");
    client_free(c);
}

static void sizes_have_units_of_ten(void **state)
{
    (void)state;
    char text[SIZE_TEXT_SIZE];
    print_size(0, text);
    assert_string_equal(text, "0 B");
    print_size(1234, text);
    assert_string_equal(text, "1.2 kB");
    print_size(123456789, text);
    assert_string_equal(text, "123 MB");
    print_size(UINT64_MAX, text);
    assert_string_equal(text, "18446744 TB");
}

static void what_is_printed_cannot_drive_the_terminal(void **state)
{
    (void)state;
    char text[64] = "";
    FILE *f = fmemopen(text, sizeof(text), "w");
    assert_non_null(f);
    print_text(f, "a\033]0;x\a\tb\xc3\xa4\x7f\r\n");
    fclose(f);
    assert_string_equal(text, "a?]0;x?\tb\xc3\xa4???");
}

static void a_file_gets_no_colours(void **state)
{
    (void)state;
    char text[64] = "";
    FILE *f = tmpfile();
    assert_non_null(f);
    print_state(f, "failed", "failed");
    rewind(f);
    assert_non_null(fgets(text, sizeof(text), f));
    fclose(f);
    assert_string_equal(text, "failed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_is_escaped_and_absent_values_add_nothing),
        cmocka_unit_test(only_ids_become_part_of_a_path),
        cmocka_unit_test(only_http_urls_and_tokens_of_one_line_are_accepted),
        cmocka_unit_test(sizes_have_units_of_ten),
        cmocka_unit_test(what_is_printed_cannot_drive_the_terminal),
        cmocka_unit_test(a_file_gets_no_colours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
