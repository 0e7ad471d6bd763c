/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "fs.h"

static const struct option_spec specs[] = {
    {.name = "url", .argument = "URL", .help = ""},
    {.name = "token", .argument = "TOKEN", .help = ""},
};
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
    unset_variable("HIVECAST_URL");
    unset_variable("HIVECAST_TOKEN");
    snprintf(dir, sizeof(dir), "/tmp/hivecast-config-XXXXXX");
    return mkdtemp(dir) == NULL || set_variable("XDG_CONFIG_HOME", dir) != 0;
}

static int leave(void **state)
{
    (void)state;
    return fs_remove(dir, NULL) != ERR_OK;
}

static void save(char *url, char *token)
{
    const struct config config = {.url = url, .token = token};
    assert_int_equal(config_save(&config, NULL), ERR_OK);
}

/* Loads with an optional --url and compares. */
static void assert_loaded(char *flag, const char *url, const char *token)
{
    char program[] = "hivecast";
    char name[] = "--url";
    char *argv[] = {program, name, flag, NULL};
    AUTO(options_free) struct options *o = NULL;
    AUTO(config_clear) struct config config = {0};
    assert_int_equal(options_parse(specs, 2, flag != NULL ? 3 : 1, argv, NULL, &o, NULL), ERR_OK);
    assert_int_equal(config_load(o, &config, NULL), ERR_OK);
    assert_int_equal(config.url == NULL, url == NULL);
    assert_int_equal(config.token == NULL, token == NULL);
    if (url != NULL)
        assert_string_equal(config.url, url);
    if (token != NULL)
        assert_string_equal(config.token, token);
}

static void what_was_saved_is_loaded_and_private(void **state)
{
    (void)state;
    char url[] = "http://a:1";
    char token[] = "odd \"token\\ #:";
    char path[128];
    struct stat st;
    save(url, token);
    assert_loaded(NULL, "http://a:1", "odd \"token\\ #:");
    snprintf(path, sizeof(path), "%s/hivecast/config.yaml", dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void without_a_login_nothing_is_known(void **state)
{
    (void)state;
    assert_loaded(NULL, NULL, NULL);
}

static void the_environment_wins_over_the_file(void **state)
{
    (void)state;
    char url[] = "http://a:1";
    char token[] = "one";
    save(url, token);
    set_variable("HIVECAST_TOKEN", "two");
    assert_loaded(NULL, "http://a:1", "two");
}

static void the_token_of_one_manager_is_not_sent_to_another(void **state)
{
    (void)state;
    char url[] = "http://a:1";
    char token[] = "one";
    char other[] = "http://b:1";
    save(url, token);
    assert_loaded(other, "http://b:1", NULL);
    assert_loaded(url, "http://a:1", "one");
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(what_was_saved_is_loaded_and_private),
        IN_DIR(without_a_login_nothing_is_known),
        IN_DIR(the_environment_wins_over_the_file),
        IN_DIR(the_token_of_one_manager_is_not_sent_to_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
