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

#include "fs.h"
#include "keys.h"

static char dir[64];

static int enter(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/hivecast-keys-XXXXXX");
    return keys_init(NULL) != ERR_OK || mkdtemp(dir) == NULL || chdir(dir) != 0;
}

static int leave(void **state)
{
    (void)state;
    return chdir("/") != 0 || fs_remove(dir, NULL) != ERR_OK;
}

static void a_pair_is_made_once_and_then_loaded(void **state)
{
    (void)state;
    struct key_pair made;
    struct key_pair loaded;
    struct stat st;
    assert_int_equal(keys_load_or_create("key", &made, NULL), ERR_OK);
    assert_int_equal(keys_load_or_create("key", &loaded, NULL), ERR_OK);
    assert_memory_equal(&made, &loaded, sizeof(made));
    assert_int_equal(stat("key", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void a_key_that_others_can_read_is_refused(void **state)
{
    (void)state;
    struct key_pair pair;
    struct error e;
    assert_int_equal(keys_load_or_create("key", &pair, NULL), ERR_OK);
    assert_int_equal(chmod("key", 0640), 0);
    assert_int_equal(keys_load_or_create("key", &pair, &e), ERR_FORBIDDEN);
    assert_non_null(strstr(e.text, "chmod 600"));
}

static void a_damaged_key_is_not_replaced(void **state)
{
    (void)state;
    struct key_pair pair;
    assert_int_equal(fs_write("key", "garbage", 7, 0600, NULL), ERR_OK);
    assert_int_equal(keys_load_or_create("key", &pair, NULL), ERR_CORRUPT);
    assert_int_equal(fs_state_write("key", "short", 5, NULL), ERR_OK);
    assert_int_equal(keys_load_or_create("key", &pair, NULL), ERR_CORRUPT);
    uint8_t mismatch[2 * KEY_BYTES] = {1};
    assert_int_equal(fs_state_write("key", mismatch, sizeof(mismatch), NULL), ERR_OK);
    assert_int_equal(keys_load_or_create("key", &pair, NULL), ERR_CORRUPT);
}

static void a_secret_is_random_and_stays(void **state)
{
    (void)state;
    uint8_t a[32];
    uint8_t b[32];
    uint8_t other[32];
    assert_int_equal(keys_secret_load_or_create("a", a, sizeof(a), NULL), ERR_OK);
    assert_int_equal(keys_secret_load_or_create("a", b, sizeof(b), NULL), ERR_OK);
    assert_int_equal(keys_secret_load_or_create("other", other, sizeof(other), NULL), ERR_OK);
    assert_memory_equal(a, b, sizeof(a));
    assert_memory_not_equal(a, other, sizeof(a));
    assert_int_equal(keys_secret_load_or_create("a", b, 16, NULL), ERR_CORRUPT);
}

/* The key of ZeroMQ RFC 26's example. */
static void z85_is_that_of_zeromq(void **state)
{
    (void)state;
    static const uint8_t key[KEY_BYTES] = {0x8E, 0x0B, 0xDD, 0x69, 0x76, 0x28, 0xB9, 0x1D,
                                           0x8F, 0x24, 0x55, 0x87, 0xEE, 0x95, 0xC5, 0xB0,
                                           0x4D, 0x48, 0x96, 0x3F, 0x79, 0x25, 0x98, 0x77,
                                           0xB4, 0x9C, 0xD9, 0x06, 0x3A, 0xEA, 0xD3, 0xB7};
    char text[KEY_Z85_SIZE];
    uint8_t back[KEY_BYTES];
    keys_z85_encode(key, text);
    assert_string_equal(text, "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6");
    assert_int_equal(keys_z85_decode(text, back, NULL), ERR_OK);
    assert_memory_equal(key, back, sizeof(key));
}

static void text_that_is_not_z85_is_refused(void **state)
{
    (void)state;
    uint8_t key[KEY_BYTES];
    static const char *const bad[] = {
        "", "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh", "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh66",
        "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh~", "#####B%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(keys_z85_decode(bad[i], key, NULL), ERR_INVALID);
}

static void hex_is_lower_case(void **state)
{
    (void)state;
    char text[7];
    keys_hex((const uint8_t *)"\x00\xab\x1f", 3, text);
    assert_string_equal(text, "00ab1f");
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(a_pair_is_made_once_and_then_loaded),
        IN_DIR(a_key_that_others_can_read_is_refused),
        IN_DIR(a_damaged_key_is_not_replaced),
        IN_DIR(a_secret_is_random_and_stays),
        IN_DIR(z85_is_that_of_zeromq),
        IN_DIR(text_that_is_not_z85_is_refused),
        IN_DIR(hex_is_lower_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
