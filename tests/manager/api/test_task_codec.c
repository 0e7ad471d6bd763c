/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "body_json.h"
#include "task_codec_json.h"

AUTO_DEFINE(json_t *, json_decref)

static const char deploy[] = "deploy: {run: {commands: ['true']}, target: {tags: [lab]}}\n";

static enum err decode(const char *yaml, struct task_document *out, struct error *e)
{
    AUTO(json_decref) json_t *json = NULL;
    assert_int_equal(body_yaml_parse(yaml, strlen(yaml), &json, e), ERR_OK);
    return task_document_decode(json, out, e);
}

static void a_full_document_is_understood(void **state)
{
    struct task_document d;
    struct error e = {0};
    (void)state;
    enum err err = decode("description: count\n"
                          "source: {paths: [package, tools/run]}\n"
                          "build: {host: laptop, commands: [make], artifacts: [bin/count]}\n"
                          "deploy:\n"
                          "  app: counter\n"
                          "  install: {commands: [make, make install]}\n"
                          "  run: {commands: [./count 3], autoRestart: true}\n"
                          "  target: {ids: [drone-1], tags: [b, a]}\n"
                          "debug: true\n",
                          &d, &e);
    if (err != ERR_OK)
        fail_msg("%s", e.text);
    assert_string_equal(d.draft.description, "count");
    assert_string_equal(d.draft.app, "counter");
    assert_true(d.draft.debug && d.draft.auto_restart && d.draft.has_build && d.draft.has_deploy);
    assert_string_equal(d.draft.build_host, "laptop");
    assert_string_equal(d.draft.build_artifacts.items[0], "bin/count");
    assert_int_equal(d.draft.install_commands.count, 2);
    assert_string_equal(d.draft.run_commands.items[0], "./count 3");
    assert_string_equal(d.draft.selector.ids.items[0], "drone-1");
    assert_string_equal(d.draft.selector.tags.text, ",a,b,");
    assert_int_equal(d.source, SOURCE_PATHS);
    assert_string_equal(d.paths.items[1], "tools/run");
    task_document_clear(&d);
}

static void a_task_without_source_runs_in_the_default_app(void **state)
{
    struct task_document d;
    (void)state;
    assert_int_equal(decode(deploy, &d, NULL), ERR_OK);
    assert_int_equal(d.source, SOURCE_NONE);
    assert_string_equal(d.draft.app, "default");
    assert_false(d.draft.debug || d.draft.auto_restart || d.draft.has_package);
    task_document_clear(&d);
}

static void the_document_keeps_the_size_of_an_archive_and_not_its_bytes(void **state)
{
    struct task_document d;
    char text[256];
    (void)state;
    snprintf(text, sizeof(text), "source: {zip: 'aGVs\n bG8='}\n%s", deploy);
    assert_int_equal(decode(text, &d, NULL), ERR_OK);
    assert_int_equal(d.zip.size, 5);
    assert_memory_equal(d.zip.data, "hello", 5);
    assert_non_null(strstr(d.draft.document, "\"zip\":5"));
    task_document_clear(&d);
}

/* Where the sentence of the error must begin. */
static void refused(const char *yaml, enum err code, const char *begin)
{
    struct task_document d;
    struct error e = {0};
    char text[1024];
    snprintf(text, sizeof(text), "%s%s", yaml, strstr(yaml, "deploy:") == NULL ? deploy : "");
    assert_int_equal(decode(text, &d, &e), code);
    if (strncmp(e.text, begin, strlen(begin)) != 0)
        fail_msg("'%s' is not '%s...'", e.text, begin);
    task_document_clear(&d);
}

static void unknown_fields_are_named_with_what_was_meant(void **state)
{
    (void)state;
    refused("deploy: {run: {commands: [a], autorestart: true}, target: {tags: [a]}}\n", ERR_INVALID,
            "deploy.run.autorestart: unknown field, did you mean autoRestart?");
    refused("descripton: x\n", ERR_INVALID, "descripton: unknown field, did you mean description?");
    refused("surprise: 1\n", ERR_INVALID, "surprise: unknown field");
}

static void wrong_types_are_named(void **state)
{
    (void)state;
    refused("debug: 'yes'\n", ERR_INVALID, "debug: must be true or false");
    refused("description: 5\n", ERR_INVALID, "description: must be a text");
    refused("source: []\n", ERR_INVALID, "source: must be an object");
    refused("deploy: {run: {commands: true}, target: {tags: [a]}}\n", ERR_INVALID,
            "deploy.run.commands: must be a list");
    refused("deploy: {run: {commands: [a, 1]}, target: {tags: [a]}}\n", ERR_INVALID,
            "deploy.run.commands[1]: must be a text");
}

static void what_is_missing_is_named(void **state)
{
    (void)state;
    refused("deploy: {run: {commands: [a]}}\n", ERR_INVALID, "deploy.target: missing");
    refused("deploy: {run: {commands: [a]}, target: {}}\n", ERR_INVALID,
            "deploy.target: needs ids or tags");
    refused("deploy: {target: {tags: [a]}}\n", ERR_INVALID, "deploy: no commands");
    refused("deploy: {install: {commands: []}, target: {tags: [a]}}\n", ERR_INVALID,
            "deploy: no commands");
    refused("deploy: {run: {commands: ['']}, target: {tags: [a]}}\n", ERR_INVALID,
            "deploy.run.commands[0] is empty");
    refused("build: {commands: [a]}\n", ERR_INVALID, "build.host: missing");
}

static void bad_names_are_named(void **state)
{
    (void)state;
    refused("deploy: {app: ../x, run: {commands: [a]}, target: {tags: [a]}}\n", ERR_INVALID,
            "deploy.app '../x'");
    refused("deploy: {run: {commands: [a]}, target: {ids: [a/b]}}\n", ERR_INVALID,
            "deploy.target.ids[0] 'a/b'");
    refused("deploy: {run: {commands: [a]}, target: {tags: ['a,b']}}\n", ERR_INVALID,
            "deploy.target.tags[0] 'a,b'");
}

static void paths_must_stay_below_where_they_begin(void **state)
{
    (void)state;
    refused("source: {paths: [/etc/passwd]}\n", ERR_INVALID, "source.paths[0]: ");
    refused("source: {paths: [ok, a/../../b]}\n", ERR_INVALID, "source.paths[1]: ");
    refused("source: {paths: []}\n", ERR_INVALID, "source.paths is empty");
    refused("build: {host: a, commands: [a], artifacts: [../x]}\n", ERR_INVALID,
            "build.artifacts[0]: ");
}

static void one_source_at_most(void **state)
{
    (void)state;
    refused("source: {}\n", ERR_INVALID, "source: must have one of");
    refused("source: {task: a, paths: [b]}\n", ERR_INVALID, "source: must have one of");
    refused("source: {zip: '%%'}\n", ERR_INVALID, "source.zip: not base64");
    refused("source: {upload: ../../etc/passwd}\n", ERR_INVALID, "source.upload: ");
}

static void what_is_too_long_is_refused(void **state)
{
    char text[512];
    (void)state;
    snprintf(text, sizeof(text), "description: %0300d x\n", 1);
    refused(text, ERR_TOO_LARGE, "description: longer than 256 bytes");
    snprintf(text, sizeof(text), "source: {task: a%060d}\n", 1);
    refused(text, ERR_TOO_LARGE, "source.task: longer than 47 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_document_is_understood),
        cmocka_unit_test(a_task_without_source_runs_in_the_default_app),
        cmocka_unit_test(the_document_keeps_the_size_of_an_archive_and_not_its_bytes),
        cmocka_unit_test(unknown_fields_are_named_with_what_was_meant),
        cmocka_unit_test(wrong_types_are_named),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(bad_names_are_named),
        cmocka_unit_test(paths_must_stay_below_where_they_begin),
        cmocka_unit_test(one_source_at_most),
        cmocka_unit_test(what_is_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
