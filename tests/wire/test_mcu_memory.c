/* SPDX-License-Identifier: Apache-2.0 */
/* What a microcontroller must understand decodes in 2 KB of static memory, and what is too long for
 * it is refused, not cut or written over the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <pb_decode.h>
#include <pb_encode.h>

#include "hivecast/v1/agent.pb.h"
#include "hivecast/v1/envelope.pb.h"
#include "hivecast/v1/manager.pb.h"

/* Everything that can be alive at once: the envelope, one body, and for a fetched task the task in
 * it. */
static union {
    hivecast_v1_HelloResponse hello;
    hivecast_v1_HeartbeatResponse heartbeat;
    hivecast_v1_ReportResponse report;
    hivecast_v1_FetchTaskResponse task;
    hivecast_v1_FetchManifestResponse manifest;
    hivecast_v1_FetchChunksResponse chunks;
    hivecast_v1_AnnounceRequest announce;
    hivecast_v1_StopRequest stop;
    hivecast_v1_SendLogsRequest send_logs;
} body;
static hivecast_v1_Task task;

static void all_that_is_alive_at_once_fits_2_kb(void **state)
{
    (void)state;
    assert_true(sizeof(body) + sizeof(hivecast_v1_Envelope) + sizeof(task) <= 2048);
}

static void a_fetched_task_decodes_without_a_heap(void **state)
{
    (void)state;
    uint8_t wire[1300];
    hivecast_v1_Task sent = hivecast_v1_Task_init_zero;
    snprintf(sent.id, sizeof(sent.id), "%s", "brave-otter");
    snprintf(sent.app, sizeof(sent.app), "%s", "default");
    sent.version = 7;
    sent.has_package = true;
    sent.package.chunk_count = 2;
    memset(&body, 0, sizeof(body));
    body.task.has_signed_task = true;
    pb_ostream_t inner = pb_ostream_from_buffer(body.task.signed_task.task.bytes,
                                                sizeof(body.task.signed_task.task.bytes));
    assert_true(pb_encode(&inner, hivecast_v1_Task_fields, &sent));
    body.task.signed_task.task.size = (pb_size_t)inner.bytes_written;
    pb_ostream_t outer = pb_ostream_from_buffer(wire, sizeof(wire));
    assert_true(pb_encode(&outer, hivecast_v1_FetchTaskResponse_fields, &body.task));

    memset(&body, 0, sizeof(body));
    pb_istream_t stream = pb_istream_from_buffer(wire, outer.bytes_written);
    assert_true(pb_decode(&stream, hivecast_v1_FetchTaskResponse_fields, &body.task));
    stream =
        pb_istream_from_buffer(body.task.signed_task.task.bytes, body.task.signed_task.task.size);
    assert_true(pb_decode(&stream, hivecast_v1_Task_fields, &task));
    assert_string_equal(task.id, "brave-otter");
    assert_int_equal(task.version, 7);
    assert_int_equal(task.package.chunk_count, 2);
}

static void a_text_beyond_its_bound_is_refused(void **state)
{
    (void)state;
    uint8_t wire[128] = {0x0a, 100}; /* StopRequest.task_id of 100 bytes; the bound is 47 */
    memset(wire + 2, 'a', 100);
    pb_istream_t stream = pb_istream_from_buffer(wire, 102);
    assert_false(pb_decode(&stream, hivecast_v1_StopRequest_fields, &body.stop));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_is_alive_at_once_fits_2_kb),
        cmocka_unit_test(a_fetched_task_decodes_without_a_heap),
        cmocka_unit_test(a_text_beyond_its_bound_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
