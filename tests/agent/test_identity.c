/* SPDX-License-Identifier: Apache-2.0 */
#include "identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fs.h"

static int setup(void **state)
{
    static char dir[32];
    snprintf(dir, sizeof(dir), "/tmp/hivecast-test-XXXXXX");
    assert_non_null(mkdtemp(dir));
    *state = dir;
    return keys_init(NULL) == ERR_OK ? 0 : -1;
}

static int teardown(void **state)
{
    return fs_remove(*state, NULL) == ERR_OK ? 0 : -1;
}

static struct identity sample(void)
{
    struct identity id = {.id = "drone-1",
                          .manager_url = "https://manager.example.org",
                          .control = "tcp://manager.example.org:5557",
                          .bulk = "tcp://manager.example.org:5558",
                          .manager_key = {1, 2, 3}};
    assert_int_equal(tags_parse(&id.tags, "north, roof", NULL), ERR_OK);
    assert_int_equal(identity_parse_location("48.137,-11.5", &id, NULL), ERR_OK);
    return id;
}

static void what_is_saved_is_loaded(void **state)
{
    struct identity id = sample(), loaded;
    assert_int_equal(identity_save(*state, &id, NULL), ERR_OK);
    assert_int_equal(identity_load(*state, &loaded, NULL), ERR_OK);
    assert_string_equal(loaded.id, id.id);
    assert_string_equal(loaded.manager_url, id.manager_url);
    assert_string_equal(loaded.control, id.control);
    assert_string_equal(loaded.bulk, id.bulk);
    assert_memory_equal(loaded.manager_key, id.manager_key, KEY_BYTES);
    assert_true(tags_equal(&loaded.tags, &id.tags));
    assert_true(loaded.has_location);
    assert_true(loaded.latitude > 48.136 && loaded.latitude < 48.138);
    assert_true(loaded.longitude == -11.5);
}

static void without_identity_the_error_says_how_to_join(void **state)
{
    struct identity id;
    struct error e;
    assert_int_equal(identity_load(*state, &id, &e), ERR_NOT_FOUND);
    assert_non_null(strstr(e.text, "hivecast-agent join"));
}

static void a_damaged_identity_is_taken_from_the_copy_before(void **state)
{
    struct identity id = sample(), loaded;
    assert_int_equal(identity_save(*state, &id, NULL), ERR_OK);
    assert_int_equal(identity_save(*state, &id, NULL), ERR_OK);
    char path[128];
    snprintf(path, sizeof(path), "%s/identity", (const char *)*state);
    assert_int_equal(truncate(path, 20), 0);
    assert_int_equal(identity_load(*state, &loaded, NULL), ERR_OK);
    assert_string_equal(loaded.id, id.id);
}

static void keys_stay_the_same_and_are_private(void **state)
{
    struct key_pair first, second;
    assert_int_equal(identity_keys(*state, &first, NULL), ERR_OK);
    assert_int_equal(identity_keys(*state, &second, NULL), ERR_OK);
    assert_memory_equal(&first, &second, sizeof(first));
    char path[128];
    snprintf(path, sizeof(path), "%s/keys/curve.key", (const char *)*state);
    struct stat s;
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
}

static void the_default_id_is_an_id_and_does_not_change(void **state)
{
    (void)state;
    char first[ID_SIZE], second[ID_SIZE];
    struct error e;
    enum err err = identity_default_id(first, &e);
    if (err == ERR_NOT_FOUND) { /* a container with neither host name nor machine id */
        assert_non_null(strstr(e.text, "--id"));
        return;
    }
    assert_int_equal(err, ERR_OK);
    assert_int_equal(identity_default_id(second, NULL), ERR_OK);
    assert_string_equal(first, second);
    assert_int_equal(names_check_id("id", first, NULL), ERR_OK);
}

static void a_location_is_two_numbers_on_the_globe(void **state)
{
    (void)state;
    static const char *const bad[] = {"",      "1",   "1,",  "1,2,3", "91,0",
                                      "0,181", "a,b", "1;2", "nan,0"};
    struct identity id = {0};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(identity_parse_location(bad[i], &id, NULL), ERR_INVALID);
    assert_false(id.has_location);
}

static void architecture_and_os_are_tags(void **state)
{
    (void)state;
    struct identity id = sample();
    struct tags tags;
    assert_int_equal(identity_advertised_tags(&id, &tags, NULL), ERR_OK);
    assert_true(tags_has(&tags, "north"));
    assert_true(tags_has(&tags, "linux"));
    assert_true(tags_has(&tags, identity_architecture()));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_saved_is_loaded),
        TEST(without_identity_the_error_says_how_to_join),
        TEST(a_damaged_identity_is_taken_from_the_copy_before),
        TEST(keys_stay_the_same_and_are_private),
        TEST(the_default_id_is_an_id_and_does_not_change),
        TEST(a_location_is_two_numbers_on_the_globe),
        TEST(architecture_and_os_are_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
