/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "routes.h"

static enum err find(const char *method, const char *path, const char **pattern, char id[ID_SIZE],
                     char allow[ALLOW_SIZE])
{
    const struct route *route = NULL;
    struct error e = {0};
    enum err err = route_find(method, path, &route, id, allow, &e);
    *pattern = route != NULL ? route->path : NULL;
    return err;
}

static void gives(const char *method, const char *path, enum err code, const char *pattern,
                  const char *id)
{
    const char *found = NULL;
    char got[ID_SIZE];
    char allow[ALLOW_SIZE];
    assert_int_equal(find(method, path, &found, got, allow), code);
    if (pattern != NULL) {
        assert_string_equal(found, pattern);
        assert_string_equal(got, id);
    }
}

static void variables_are_taken_from_the_path(void **state)
{
    (void)state;
    gives("GET", "/targets", ERR_OK, "/targets", "");
    gives("HEAD", "/targets/drone-1", ERR_OK, "/targets/{id}", "drone-1");
    gives("PUT", "/targets/drone%2D1/stop", ERR_OK, "/targets/{id}/stop", "drone-1");
    gives("GET", "/token_sets/lab", ERR_OK, "/token_sets/{name}", "lab");
}

static void paths_that_are_not_there_are_not_found(void **state)
{
    static const char *const paths[] = {"",
                                        "/",
                                        "/target",
                                        "/targets/",
                                        "/targets//stop",
                                        "/targets/a/b",
                                        "/targets/a/stop/",
                                        "/targets/../health",
                                        "//targets",
                                        "/TARGETS",
                                        "/targets/a/stop/x"};
    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        gives("GET", paths[i], ERR_NOT_FOUND, NULL, NULL);
}

static void variables_that_are_no_ids_are_refused(void **state)
{
    static const char *const paths[] = {
        "/targets/..",      "/targets/%2e%2e", "/targets/..%2f..%2fetc",
        "/targets/a%00b",   "/targets/%zz",    "/targets/a%2fb",
        "/targets/-a",      "/targets/a b",    "/targets/%c3%a9",
        "/targets/%5c..%5c"};
    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        gives("GET", paths[i], ERR_INVALID, NULL, NULL);
}

static void another_method_is_told_which_there_are(void **state)
{
    const char *pattern = NULL;
    char id[ID_SIZE];
    char allow[ALLOW_SIZE];
    (void)state;
    assert_int_equal(find("POST", "/targets/a", &pattern, id, allow), ERR_UNSUPPORTED);
    assert_null(pattern);
    assert_string_equal(allow, "GET, HEAD, PUT, DELETE");
    assert_int_equal(find("OPTIONS", "/uploads", &pattern, id, allow), ERR_UNSUPPORTED);
    assert_string_equal(allow, "POST");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_are_taken_from_the_path),
        cmocka_unit_test(paths_that_are_not_there_are_not_found),
        cmocka_unit_test(variables_that_are_no_ids_are_refused),
        cmocka_unit_test(another_method_is_told_which_there_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
