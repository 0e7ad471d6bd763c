/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <sys/socket.h>

#include "websocket.h"

static void the_example_of_the_rfc_is_accepted(void **state)
{
    char accept[WEBSOCKET_ACCEPT_SIZE];
    (void)state;
    assert_int_equal(websocket_accept("dGhlIHNhbXBsZSBub25jZQ==", accept, NULL), ERR_OK);
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_int_equal(websocket_accept("short", accept, NULL), ERR_INVALID);
    assert_int_equal(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=\n", accept, NULL), ERR_INVALID);
}

static enum websocket_event feed(struct websocket_parser *p, const void *data, size_t size)
{
    enum websocket_event event = WEBSOCKET_NOTHING;
    for (size_t i = 0; i < size; i++) {
        event = websocket_parse(p, ((const uint8_t *)data)[i]);
        if (i + 1 < size)
            assert_int_equal(event, WEBSOCKET_NOTHING);
    }
    return event;
}

static void a_masked_ping_is_unmasked(void **state)
{
    struct websocket_parser p = {0};
    (void)state;
    const uint8_t frame[] = {0x89, 0x83, 1, 2, 3, 4, 'a' ^ 1, 'b' ^ 2, 'c' ^ 3};
    assert_int_equal(feed(&p, frame, sizeof(frame)), WEBSOCKET_CONTROL_FRAME);
    assert_int_equal(websocket_opcode_of(&p), WEBSOCKET_PING);
    assert_int_equal(p.at, 3);
    assert_memory_equal(p.control, "abc", 3);
}

static void data_frames_of_every_length_are_passed_over(void **state)
{
    static const size_t sizes[] = {0, 1, 125, 126, 65535, 65536};
    struct websocket_parser p = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint8_t header[14] = {0x82};
        size_t extended = sizes[i] > 125 ? (sizes[i] > 65535 ? 8 : 2) : 0;
        header[1] = (uint8_t)(0x80 | (extended == 0 ? sizes[i] : extended == 2 ? 126 : 127));
        for (size_t k = 0; k < extended; k++)
            header[2 + k] = (uint8_t)((uint64_t)sizes[i] >> 8 * (extended - 1 - k));
        assert_int_equal(feed(&p, header, 6 + extended), WEBSOCKET_NOTHING);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(websocket_parse(&p, 'x'), WEBSOCKET_NOTHING);
        const uint8_t pong[] = {0x8a, 0x80, 0, 0, 0, 0};
        assert_int_equal(feed(&p, pong, sizeof(pong)), WEBSOCKET_CONTROL_FRAME);
        assert_int_equal(websocket_opcode_of(&p), WEBSOCKET_PONG);
    }
}

static void frames_a_client_may_not_send_break_it(void **state)
{
    static const uint8_t frames[][2] = {
        {0x81, 0x05}, /* not masked */
        {0xc1, 0x85}, /* reserved bit */
        {0x09, 0x80}, /* a control frame in pieces */
        {0x89, 0xfe}, /* a long control frame */
        {0x83, 0x80}, /* unknown */
        {0x8b, 0x80}, /* unknown */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
        struct websocket_parser p = {0};
        assert_int_equal(feed(&p, frames[i], 2), WEBSOCKET_BROKEN);
    }
}

static void what_is_sent_has_the_shortest_header(void **state)
{
    static const struct {
        size_t size;
        uint8_t header[4];
    } cases[] = {
        {5,   {0x81, 5, 'x', 'x'}},
        {200, {0x81, 126, 0, 200}},
    };
    char data[200];
    uint8_t got[4];
    int fds[2];
    (void)state;
    memset(data, 'x', sizeof(data));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        assert_true(websocket_send(fds[0], WEBSOCKET_TEXT, data, cases[i].size));
        assert_int_equal(recv(fds[1], got, sizeof(got), MSG_WAITALL), 4);
        assert_memory_equal(got, cases[i].header, 4);
        close(fds[1]);
        assert_false(websocket_send_close(fds[0], WEBSOCKET_GOING_AWAY));
        close(fds[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_rfc_is_accepted),
        cmocka_unit_test(a_masked_ping_is_unmasked),
        cmocka_unit_test(data_frames_of_every_length_are_passed_over),
        cmocka_unit_test(frames_a_client_may_not_send_break_it),
        cmocka_unit_test(what_is_sent_has_the_shortest_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
