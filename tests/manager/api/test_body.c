/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "body_json.h"

AUTO_DEFINE(json_t *, json_decref)

static void both_are(const char *yaml, const char *json)
{
    struct error e = {0};
    AUTO(json_decref) json_t *from_yaml = NULL;
    AUTO(json_decref) json_t *from_json = NULL;
    if (body_yaml_parse(yaml, strlen(yaml), &from_yaml, &e) != ERR_OK)
        fail_msg("%s", e.text);
    assert_int_equal(body_json_parse(json, strlen(json), &from_json, &e), ERR_OK);
    assert_true(json_equal(from_yaml, from_json));
}

static void yaml_and_json_say_the_same(void **state)
{
    (void)state;
    both_are("a: 1\nb: [x, 'y', \"z\"]\nc: {d: true, e: null}\n",
             "{\"a\":1,\"b\":[\"x\",\"y\",\"z\"],\"c\":{\"d\":true,\"e\":null}}");
    both_are("a: |\n  two\n  lines\nb: -3\nc: 1.5\nd: ~\n",
             "{\"a\":\"two\\nlines\\n\",\"b\":-3,\"c\":1.5,\"d\":null}");
}

static void texts_that_look_like_other_things_stay_texts(void **state)
{
    (void)state;
    both_are("[yes, off, '1', \"true\", 1.2.3, 0x10, !!str 5, -, e, 12a]",
             "[\"yes\",\"off\",\"1\",\"true\",\"1.2.3\",\"0x10\",\"5\",\"-\",\"e\",\"12a\"]");
}

static void refused(enum err code, const char *text, size_t size)
{
    struct error e = {0};
    json_t *json = NULL;
    assert_int_equal(body_yaml_parse(text, size, &json, &e), code);
    assert_null(json);
    assert_memory_equal(e.text, "body: ", 6);
}

static void yaml_that_is_no_plain_tree_is_refused(void **state)
{
    static const char *const texts[] = {
        "a: &x 1\nb: *x\n",
        "a: 1\na: 2\n",
        "--- 1\n--- 2\n",
        "!!int 3",
        "!custom x",
        "a: [1, 2",
        "? [a]\n: b\n",
        "\"a\\0b\": 1\n",
        "\"a\\0b\"",
        "a: \"\\xZZ\"",
        "",
        "# nothing\n",
        "\t- a",
        "a: b: c",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        refused(ERR_INVALID, texts[i], strlen(texts[i]));
    refused(ERR_INVALID, "\xff\xfe\xfd", 3);
}

/* text repeated count times. */
static char *repeat(const char *text, size_t count)
{
    size_t length = strlen(text);
    char *all = malloc(length * count + 1);
    assert_non_null(all);
    for (size_t i = 0; i < count; i++)
        memcpy(all + i * length, text, length);
    all[length * count] = '\0';
    return all;
}

static void depth_is_bounded(void **state)
{
    (void)state;
    AUTO_FREE char *deep = repeat("[", 100000);
    json_t *json = NULL;
    refused(ERR_INVALID, deep, strlen(deep));
    assert_int_equal(body_json_parse(deep, strlen(deep), &json, NULL), ERR_INVALID);
    AUTO_FREE char *blocks = repeat("- ", 5000);
    refused(ERR_INVALID, blocks, strlen(blocks));
}

static void the_number_of_values_is_bounded(void **state)
{
    (void)state;
    AUTO_FREE char *many = repeat(" 0,", BODY_VALUES_MAX + 1);
    json_t *json = NULL;
    many[0] = '[';
    refused(ERR_TOO_LARGE, many, strlen(many));
    assert_int_equal(body_json_parse(many, strlen(many), &json, NULL), ERR_TOO_LARGE);
}

static void json_that_is_damaged_tells_where(void **state)
{
    struct error e = {0};
    json_t *json = NULL;
    (void)state;
    const char text[] = "{\"a\": 1,\n \"b\": }";
    assert_int_equal(body_json_parse(text, strlen(text), &json, &e), ERR_INVALID);
    assert_non_null(strstr(e.text, "line 2"));
    assert_int_equal(body_json_parse("{\"a\":1,\"a\":2}", 13, &json, &e), ERR_INVALID);
    assert_int_equal(body_json_parse("\"unfinished\\", 12, &json, &e), ERR_INVALID);
    assert_int_equal(body_json_parse("{\"a\":\"\\u0000\"}", 14, &json, &e), ERR_INVALID);
    assert_null(json);
}

static void brackets_inside_texts_do_not_count(void **state)
{
    struct error e = {0};
    (void)state;
    AUTO_FREE char *open = repeat("[{,", 200000);
    AUTO_FREE char *text = NULL;
    AUTO(json_decref) json_t *json = NULL;
    assert_true(asprintf(&text, "[\"\\\"%s\"]", open) > 0);
    assert_int_equal(body_json_parse(text, strlen(text), &json, &e), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yaml_and_json_say_the_same),
        cmocka_unit_test(texts_that_look_like_other_things_stay_texts),
        cmocka_unit_test(yaml_that_is_no_plain_tree_is_refused),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(the_number_of_values_is_bounded),
        cmocka_unit_test(json_that_is_damaged_tells_where),
        cmocka_unit_test(brackets_inside_texts_do_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
