/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include "fs.h"
#include "options.h"

static const struct option_spec specs[] = {
    {.name = "http", .argument = "ADDR:PORT", .fallback = "127.0.0.1:8080", .help = "where"},
    {.name = "log-level", .argument = "LEVEL", .help = "how much"},
    {.name = "tag", .argument = "TAG", .help = "which", .repeats = true},
    {.name = "json", .help = "machine"},
    {.name = "follow", .help = "go on", .letter = 'f', .flag_only = true},
    {.name = "since", .argument = "TIME", .help = "from", .letter = 's'},
};

enum { SPEC_COUNT = sizeof(specs) / sizeof(specs[0]) };

static char dir[64];

/* Tests have one thread. */
static int set_variable(const char *name, const char *value)
{
    return setenv(name, value, 1); /* NOLINT(concurrency-mt-unsafe) */
}

static void unset_variable(const char *name)
{
    unsetenv(name); /* NOLINT(concurrency-mt-unsafe) */
}

static int enter(void **state)
{
    (void)state;
    static const char *const variables[] = {"HIVECAST_HTTP",   "HIVECAST_LOG_LEVEL",
                                            "HIVECAST_TAG",    "HIVECAST_JSON",
                                            "HIVECAST_FOLLOW", "HIVECAST_CONFIG"};
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        unset_variable(variables[i]);
    snprintf(dir, sizeof(dir), "/tmp/hivecast-options-XXXXXX");
    return mkdtemp(dir) == NULL || chdir(dir) != 0;
}

static int leave(void **state)
{
    (void)state;
    return chdir("/") != 0 || fs_remove(dir, NULL) != ERR_OK;
}

static void write_file(const char *path, const char *text)
{
    assert_int_equal(fs_write(path, text, strlen(text), 0600, NULL), ERR_OK);
}

/* Words are split at spaces. */
static enum err parse(const char *line, const char *file, struct options **out, struct error *e)
{
    static char words[512];
    static char *argv[32];
    int argc = 0;
    char *rest = NULL;
    snprintf(words, sizeof(words), "program %s", line);
    for (char *w = strtok_r(words, " ", &rest); w != NULL; w = strtok_r(NULL, " ", &rest))
        argv[argc++] = w;
    return options_parse(specs, SPEC_COUNT, argc, argv, file, out, e);
}

static struct options *parse_ok(const char *line, const char *file)
{
    struct options *o = NULL;
    struct error e = {0};
    if (parse(line, file, &o, &e) != ERR_OK)
        fail_msg("%s", e.text);
    return o;
}

static void assert_refused(const char *line, const char *file, const char *text)
{
    struct options *o = NULL;
    struct error e = {0};
    assert_int_equal(parse(line, file, &o, &e), ERR_INVALID);
    assert_string_equal(e.text, text);
    assert_null(o);
}

static void without_anything_the_fallbacks_hold(void **state)
{
    (void)state;
    AUTO(options_free) struct options *o = parse_ok("", "missing.yaml");
    assert_string_equal(options_get(o, "http"), "127.0.0.1:8080");
    assert_null(options_get(o, "log-level"));
    assert_false(options_is_set(o, "http"));
    assert_int_equal(options_positional_count(o), 0);
}

static void flags_take_their_argument_in_both_ways(void **state)
{
    (void)state;
    AUTO(options_free)
    struct options *o = parse_ok("--http 1:2 one --log-level=debug --json two -s now", NULL);
    assert_string_equal(options_get(o, "http"), "1:2");
    assert_string_equal(options_get(o, "log-level"), "debug");
    assert_string_equal(options_get(o, "json"), "true");
    assert_string_equal(options_get(o, "since"), "now");
    assert_int_equal(options_positional_count(o), 2);
    assert_string_equal(options_positional(o, 1), "two");
    assert_null(options_positional(o, 2));
}

static void two_dashes_end_the_flags(void **state)
{
    (void)state;
    AUTO(options_free) struct options *o = parse_ok("- -- --http -x", NULL);
    assert_int_equal(options_positional_count(o), 3);
    assert_string_equal(options_positional(o, 0), "-");
    assert_string_equal(options_positional(o, 1), "--http");
    assert_false(options_is_set(o, "http"));
}

static void repeated_values_are_joined_and_others_replaced(void **state)
{
    (void)state;
    AUTO(options_free) struct options *o = parse_ok("--tag a --tag b --http 1 --http 2", NULL);
    assert_string_equal(options_get(o, "tag"), "a,b");
    assert_string_equal(options_get(o, "http"), "2");
}

static void the_stronger_source_wins(void **state)
{
    (void)state;
    write_file("c.yaml", "http: file\nlogLevel: file\ntag: [x, y]\n");
    set_variable("HIVECAST_HTTP", "environment");
    set_variable("HIVECAST_LOG_LEVEL", "environment");
    AUTO(options_free) struct options *o = parse_ok("--http flag", "c.yaml");
    assert_string_equal(options_get(o, "http"), "flag");
    assert_string_equal(options_get(o, "log-level"), "environment");
    assert_string_equal(options_get(o, "tag"), "x,y");
}

static void lists_of_different_sources_are_not_mixed(void **state)
{
    (void)state;
    write_file("c.yaml", "tag:\n  - x\n  - y\n");
    AUTO(options_free) struct options *o = parse_ok("--tag a", "c.yaml");
    assert_string_equal(options_get(o, "tag"), "a");
}

static void an_empty_variable_counts_as_unset(void **state)
{
    (void)state;
    set_variable("HIVECAST_HTTP", "");
    AUTO(options_free) struct options *o = parse_ok("", NULL);
    assert_string_equal(options_get(o, "http"), "127.0.0.1:8080");
}

static void the_file_can_be_named_by_flag_or_environment(void **state)
{
    (void)state;
    write_file("a.yaml", "log-level: a\n");
    write_file("b.yaml", "log-level: b\n");
    set_variable("HIVECAST_CONFIG", "b.yaml");
    AUTO(options_free) struct options *a = parse_ok("--config a.yaml", "c.yaml");
    assert_string_equal(options_get(a, "log-level"), "a");
    AUTO(options_free) struct options *b = parse_ok("", "a.yaml");
    assert_string_equal(options_get(b, "log-level"), "b");
}

static void a_named_file_must_exist(void **state)
{
    (void)state;
    struct options *o = NULL;
    assert_int_equal(parse("--config missing.yaml", "c.yaml", &o, NULL), ERR_NOT_FOUND);
}

static void switches_can_be_set_to_false(void **state)
{
    (void)state;
    set_variable("HIVECAST_JSON", "true");
    AUTO(options_free) struct options *on = parse_ok("", NULL);
    assert_true(options_is_set(on, "json"));
    AUTO(options_free) struct options *off = parse_ok("--json=false", NULL);
    assert_false(options_is_set(off, "json"));
    assert_null(options_get(off, "json"));
    set_variable("HIVECAST_JSON", "maybe");
    assert_refused("", NULL, "environment: json must be true or false");
}

static void what_is_for_flags_only_is_not_read_elsewhere(void **state)
{
    (void)state;
    set_variable("HIVECAST_FOLLOW", "true");
    AUTO(options_free) struct options *o = parse_ok("", NULL);
    assert_false(options_is_set(o, "follow"));
    AUTO(options_free) struct options *f = parse_ok("-f", NULL);
    assert_true(options_is_set(f, "follow"));
}

static void unknown_flags_are_refused_with_the_nearest_name(void **state)
{
    (void)state;
    assert_refused("--log-lvel x", NULL, "unknown option --log-lvel (did you mean --log-level?)");
    assert_refused("--htp=1", NULL, "unknown option --htp=1 (did you mean --http?)");
    assert_refused("--completely-different", NULL, "unknown option --completely-different");
    assert_refused("-x", NULL, "unknown option -x");
    assert_refused("--http", NULL, "option --http needs ADDR:PORT");
    assert_refused("--config x", NULL, "unknown option --config");
}

static void bad_files_are_refused_with_the_line(void **state)
{
    (void)state;
    write_file("c.yaml", "http: x\nloglevel: debug\n");
    assert_refused("", "c.yaml", "c.yaml line 2: unknown key loglevel (did you mean log-level?)");
    write_file("c.yaml", "http:\n  deep: x\n");
    assert_refused("", "c.yaml", "c.yaml line 2: expected a value or a list of values");
    write_file("c.yaml", "- http\n");
    assert_refused("", "c.yaml", "c.yaml line 1: expected a value or a list of values");
    write_file("c.yaml", "http: a\nhttp: b\n");
    assert_refused("", "c.yaml", "c.yaml line 2: this key came before");
    write_file("c.yaml", "just words");
    assert_refused("", "c.yaml", "c.yaml line 1: expected 'name: value'");
    write_file("c.yaml", "a: &x b\nhttp: *x\n");
    assert_refused("", "c.yaml", "c.yaml line 1: unknown key a");
    write_file("c.yaml", "http: [a, [b]]\n");
    assert_refused("", "c.yaml", "c.yaml line 1: expected a value or a list of values");
    write_file("c.yaml", "http: \"unfinished\n");
    struct options *o = NULL;
    assert_int_equal(parse("", "c.yaml", &o, NULL), ERR_INVALID);
}

static void an_empty_file_is_fine(void **state)
{
    (void)state;
    write_file("c.yaml", "# nothing yet\n");
    AUTO(options_free) struct options *o = parse_ok("", "c.yaml");
    assert_false(options_is_set(o, "http"));
}

static void help_is_given_even_when_the_file_is_bad(void **state)
{
    (void)state;
    write_file("c.yaml", "nonsense: 1\n");
    AUTO(options_free) struct options *o = parse_ok("--help", "c.yaml");
    assert_true(options_wants_help(o));
    assert_false(options_wants_version(o));
}

static void integers_are_checked_for_form_and_range(void **state)
{
    (void)state;
    long value = 7;
    struct error e;
    AUTO(options_free) struct options *o = parse_ok("--http 12 --log-level 1x", NULL);
    assert_int_equal(options_integer(o, "http", 0, 12, &value, NULL), ERR_OK);
    assert_int_equal(value, 12);
    assert_int_equal(options_integer(o, "http", 0, 11, &value, &e), ERR_INVALID);
    assert_string_equal(e.text, "--http must be a whole number from 0 to 11, not '12'");
    assert_int_equal(options_integer(o, "log-level", 0, 11, &value, &e), ERR_INVALID);
    assert_int_equal(options_integer(o, "tag", 0, 11, &value, &e), ERR_INVALID);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(without_anything_the_fallbacks_hold),
        IN_DIR(flags_take_their_argument_in_both_ways),
        IN_DIR(two_dashes_end_the_flags),
        IN_DIR(repeated_values_are_joined_and_others_replaced),
        IN_DIR(the_stronger_source_wins),
        IN_DIR(lists_of_different_sources_are_not_mixed),
        IN_DIR(an_empty_variable_counts_as_unset),
        IN_DIR(the_file_can_be_named_by_flag_or_environment),
        IN_DIR(a_named_file_must_exist),
        IN_DIR(switches_can_be_set_to_false),
        IN_DIR(what_is_for_flags_only_is_not_read_elsewhere),
        IN_DIR(unknown_flags_are_refused_with_the_nearest_name),
        IN_DIR(bad_files_are_refused_with_the_line),
        IN_DIR(an_empty_file_is_fine),
        IN_DIR(help_is_given_even_when_the_file_is_bad),
        IN_DIR(integers_are_checked_for_form_and_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
