/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and secrets of the manager: made once, private, the same after a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "certificate_manager.h"
#include "core_fixture.h"
#include "fs.h"

static int make_dir(void **state)
{
    char *dir = strdup("/tmp/hivecast-keys-XXXXXX");
    *state = dir;
    return dir != NULL && mkdtemp(dir) != NULL ? 0 : -1;
}

static int remove_dir(void **state)
{
    enum err err = fs_remove(*state, NULL);
    free(*state);
    return err == ERR_OK ? 0 : -1;
}

static struct certificate_manager *open_in(const char *dir)
{
    struct certificate_manager *m = NULL;
    struct error e = {0};
    if (certificate_manager_open(dir, &m, &e) != ERR_OK)
        fail_msg("%s", e.text);
    return m;
}

static void read_admin_token(const char *dir, char *out, size_t size)
{
    AUTO_FREE char *path = NULL;
    struct bytes text = {0};
    assert_int_equal(fs_join(dir, "admin.token", &path, NULL), ERR_OK);
    assert_int_equal(fs_read(path, 256, &text, NULL), ERR_OK);
    (void)snprintf(out, size, "%.*s", (int)strcspn((const char *)text.data, "\n"),
                   (const char *)text.data);
    bytes_clear(&text);
}

static void keys_and_secrets_are_the_same_after_a_restart(void **state)
{
    AUTO(certificate_manager_close) struct certificate_manager *a = open_in(*state);
    AUTO(certificate_manager_close) struct certificate_manager *b = open_in(*state);
    assert_memory_equal(certificate_manager_curve(a), certificate_manager_curve(b),
                        sizeof(struct key_pair));
    assert_memory_equal(certificate_manager_store_secret(a), certificate_manager_store_secret(b),
                        KEY_BYTES);
    assert_memory_equal(certificate_manager_token_key(a), certificate_manager_token_key(b),
                        KEY_BYTES);
    assert_memory_not_equal(certificate_manager_token_key(a), certificate_manager_store_secret(a),
                            KEY_BYTES);
}

static void nobody_else_may_read_the_files(void **state)
{
    AUTO(certificate_manager_close) struct certificate_manager *m = open_in(*state);
    assert_non_null(m);
    const char *const names[] = {"curve.key", "store.key", "token.key", "admin.token"};
    for (size_t i = 0; i < 4; i++) {
        AUTO_FREE char *path = NULL;
        struct stat info;
        assert_int_equal(fs_join(*state, names[i], &path, NULL), ERR_OK);
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);
    }
}

static void only_the_admin_token_is_the_admin_token(void **state)
{
    AUTO(certificate_manager_close) struct certificate_manager *m = open_in(*state);
    char token[256];
    read_admin_token(*state, token, sizeof(token));
    assert_true(strlen(token) >= 32);
    assert_true(certificate_manager_is_admin(m, token));
    token[0] = token[0] == '0' ? '1' : '0';
    assert_false(certificate_manager_is_admin(m, token));
    assert_false(certificate_manager_is_admin(m, ""));
    assert_false(certificate_manager_is_admin(m, NULL));
}

static void write_admin_token(const char *dir, const char *text, mode_t mode)
{
    AUTO_FREE char *path = NULL;
    assert_int_equal(fs_join(dir, "admin.token", &path, NULL), ERR_OK);
    assert_int_equal(fs_write(path, text, strlen(text), mode, NULL), ERR_OK);
    assert_int_equal(chmod(path, mode), 0);
}

static void an_operator_may_choose_the_admin_token(void **state)
{
    write_admin_token(*state, "correct horse battery staple \r\n", 0600);
    AUTO(certificate_manager_close) struct certificate_manager *m = open_in(*state);
    assert_true(certificate_manager_is_admin(m, "correct horse battery staple"));
}

static void a_short_or_public_admin_token_is_refused(void **state)
{
    struct certificate_manager *m = NULL;
    struct error e = {0};
    write_admin_token(*state, "short\n", 0600);
    assert_int_equal(certificate_manager_open(*state, &m, &e), ERR_CORRUPT);
    assert_non_null(strstr(e.text, "admin.token"));
    write_admin_token(*state, "correct horse battery staple\n", 0644);
    assert_int_equal(certificate_manager_open(*state, &m, &e), ERR_FORBIDDEN);
    assert_null(m);
}

static void a_key_belongs_to_the_target_that_registered_it(void **state)
{
    (void)state;
    struct core_fixture *f = core_fixture_new(NULL);
    add_target(f, "drone-1", "");
    uint8_t key[KEY_BYTES] = "drone-1";
    const struct target *owner = certificate_manager_owner(f->core.registry, key);
    assert_non_null(owner);
    assert_string_equal(owner->id, "drone-1");
    key[0]++;
    assert_null(certificate_manager_owner(f->core.registry, key));
    core_fixture_free(f);
}

#define DIR_TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DIR_TEST(keys_and_secrets_are_the_same_after_a_restart),
        DIR_TEST(nobody_else_may_read_the_files),
        DIR_TEST(only_the_admin_token_is_the_admin_token),
        DIR_TEST(an_operator_may_choose_the_admin_token),
        DIR_TEST(a_short_or_public_admin_token_is_refused),
        DIR_TEST(a_key_belongs_to_the_target_that_registered_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
