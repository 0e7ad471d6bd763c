/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "document.h"

/* The document as compact JSON. */
static void assert_parsed(const char *yaml, const char *expected)
{
    struct bytes text = {0};
    json_t *value = NULL;
    struct error e = {0};
    assert_int_equal(bytes_append(&text, yaml, strlen(yaml), NULL), ERR_OK);
    if (document_parse(&text, &value, &e) != ERR_OK)
        fail_msg("%s", e.text);
    char *dump = json_dumps(value, JSON_COMPACT);
    assert_string_equal(dump, expected);
    free(dump);
    json_decref(value);
    bytes_clear(&text);
}

static void assert_refused(const char *yaml)
{
    struct bytes text = {0};
    json_t *value = NULL;
    assert_int_equal(bytes_append(&text, yaml, strlen(yaml), NULL), ERR_OK);
    assert_int_equal(document_parse(&text, &value, NULL), ERR_INVALID);
    assert_null(value);
    bytes_clear(&text);
}

static void yaml_becomes_json(void **state)
{
    (void)state;
    assert_parsed("deploy:\n  run: {commands: [./a, 'b c'], autoRestart: true}\n",
                  "{\"deploy\":{\"run\":{\"commands\":[\"./a\",\"b c\"],\"autoRestart\":true}}}");
    assert_parsed("a: 12\nb: -1.5\nc: ~\nd: '12'\ne: yes\nf: 0x12\ng: 1.2.3\nh: \"\"\n",
                  "{\"a\":12,\"b\":-1.5,\"c\":null,\"d\":\"12\",\"e\":\"yes\",\"f\":\"0x12\","
                  "\"g\":\"1.2.3\",\"h\":\"\"}");
}

static void blocks_keep_their_lines(void **state)
{
    (void)state;
    assert_parsed("a:\n  - |\n    one\n    two\n", "{\"a\":[\"one\\ntwo\\n\"]}");
}

static void json_is_taken_as_it_is(void **state)
{
    (void)state;
    assert_parsed(" {\"a\": [1, true, \"x\"]}", "{\"a\":[1,true,\"x\"]}");
    struct bytes text = {.data = (uint8_t[]){"\n {"}, .size = 3};
    assert_true(document_is_json(&text));
    text = (struct bytes){.data = (uint8_t[]){"a: {"}, .size = 4};
    assert_false(document_is_json(&text));
    assert_false(document_is_json(&(struct bytes){0}));
}

static void aliases_are_followed_but_not_in_circles(void **state)
{
    (void)state;
    assert_parsed("a: &x [1]\nb: *x\n", "{\"a\":[1],\"b\":[1]}");
    assert_refused("a: &x [*x]\n");
}

static void what_is_no_mapping_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "- a\n",
                                      "text",
                                      "a: 1\na: 2\n",
                                      "[a]: 1\n",
                                      "a: \"unfinished\n",
                                      "{\"a\": 1,}",
                                      "{\"a\":1,\"a\":2}",
                                      "a: \xff\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_refused(bad[i]);
}

static void an_upload_takes_the_place_of_the_source(void **state)
{
    (void)state;
    json_t *value = json_loads("{\"source\":{\"paths\":[\"x\"]},\"deploy\":{}}", 0, NULL);
    assert_int_equal(document_set_upload(value, "0123", NULL), ERR_OK);
    char *dump = json_dumps(value, JSON_COMPACT);
    assert_string_equal(dump, "{\"source\":{\"upload\":\"0123\"},\"deploy\":{}}");
    free(dump);
    json_decref(value);
}

static void targets_of_the_command_line_take_the_place_of_those_in_the_file(void **state)
{
    (void)state;
    json_t *value = json_loads("{\"deploy\":{\"target\":{\"tags\":[\"all\"]}}}", 0, NULL);
    assert_int_equal(document_set_target(value, "a, b,,", NULL, NULL), ERR_OK);
    char *dump = json_dumps(value, JSON_COMPACT);
    assert_string_equal(dump, "{\"deploy\":{\"target\":{\"ids\":[\"a\",\"b\"]}}}");
    free(dump);
    json_decref(value);
    value = json_loads("{\"source\":{}}", 0, NULL);
    assert_int_equal(document_set_target(value, "a", "t", NULL), ERR_INVALID);
    json_decref(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yaml_becomes_json),
        cmocka_unit_test(blocks_keep_their_lines),
        cmocka_unit_test(json_is_taken_as_it_is),
        cmocka_unit_test(aliases_are_followed_but_not_in_circles),
        cmocka_unit_test(what_is_no_mapping_is_refused),
        cmocka_unit_test(an_upload_takes_the_place_of_the_source),
        cmocka_unit_test(targets_of_the_command_line_take_the_place_of_those_in_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
