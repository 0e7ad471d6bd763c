/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "websocket_frames.h"

static enum err parse(const char *data, size_t size, struct frame *out, bool *whole)
{
    return frame_parse((const uint8_t *)data, size, out, whole, NULL);
}

static void a_short_text_is_parsed(void **state)
{
    (void)state;
    struct frame f;
    bool whole = false;
    assert_int_equal(parse("\x81\x05hello\x81", 8, &f, &whole), ERR_OK);
    assert_true(whole);
    assert_int_equal(f.opcode, FRAME_TEXT);
    assert_true(f.is_final);
    assert_int_equal(f.size, 5);
    assert_memory_equal(f.payload, "hello", 5);
    assert_int_equal(f.consumed, 7);
}

static void every_prefix_of_a_frame_waits_for_more(void **state)
{
    (void)state;
    static char data[4 + 300] = {'\x01', '\x7e', '\x01', '\x2c'};
    struct frame f;
    bool whole = true;
    for (size_t size = 0; size < sizeof(data); size++) {
        assert_int_equal(parse(data, size, &f, &whole), ERR_OK);
        assert_false(whole);
    }
    assert_int_equal(parse(data, sizeof(data), &f, &whole), ERR_OK);
    assert_true(whole);
    assert_false(f.is_final);
    assert_int_equal(f.size, 300);
}

static void frames_a_server_may_not_send_are_refused(void **state)
{
    (void)state;
    struct frame f;
    bool whole = false;
    assert_int_equal(parse("\x81\x85xxxxhello", 11, &f, &whole), ERR_CORRUPT);
    assert_int_equal(parse("\xc1\x00", 2, &f, &whole), ERR_CORRUPT);
    assert_int_equal(parse("\x89\x7e\x00\x80", 4, &f, &whole), ERR_CORRUPT);
    assert_int_equal(parse("\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10, &f, &whole),
                     ERR_CORRUPT);
    assert_int_equal(parse("\x81\x7f\x00\x00\x00\x00\x10\x00\x00\x00", 10, &f, &whole),
                     ERR_CORRUPT);
}

static void an_answer_is_masked(void **state)
{
    (void)state;
    struct bytes out = {0};
    assert_int_equal(frame_append(&out, FRAME_PONG, "ping", 4, NULL), ERR_OK);
    assert_int_equal(out.size, 10);
    assert_int_equal(out.data[0], 0x8a);
    assert_int_equal(out.data[1], 0x84);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(out.data[6 + i] ^ out.data[2 + i], "ping"[i]);
    bytes_clear(&out);
    assert_int_equal(frame_append(&out, FRAME_PONG, NULL, 126, NULL), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_text_is_parsed),
        cmocka_unit_test(every_prefix_of_a_frame_waits_for_more),
        cmocka_unit_test(frames_a_server_may_not_send_are_refused),
        cmocka_unit_test(an_answer_is_masked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
