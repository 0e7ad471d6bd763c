/* SPDX-License-Identifier: Apache-2.0 */
/* golden_messages: see the header. Each pair of functions says the same in the two dialects. */
#include "golden_messages.h"

#include <pb_encode.h>
#include <stdio.h>

#include "hivecast/v1/agent.pb-c.h"
#include "hivecast/v1/agent.pb.h"
#include "hivecast/v1/envelope.pb-c.h"
#include "hivecast/v1/envelope.pb.h"
#include "hivecast/v1/manager.pb-c.h"
#include "hivecast/v1/manager.pb.h"

static size_t nanopb(const pb_msgdesc_t *fields, const void *message, uint8_t *out)
{
    pb_ostream_t stream = pb_ostream_from_buffer(out, GOLDEN_SIZE);
    return pb_encode(&stream, fields, message) ? stream.bytes_written : 0;
}

static void put(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text);
}

static char text_id[] = "brave-otter";
static char text_app[] = "default";
static char text_drone[] = "drone-1";
static char text_tag[] = "drone";
static char text_arch[] = "amd64";
static char text_os[] = "linux";
static char text_version[] = "0.1.0";
static char text_boot[] = "boot-1";
static char text_failure[] = "there is no task brave-otter";
static char text_refusal[] = "needs 120 MB, 80 MB free";

static void fill(uint8_t *digest, size_t size)
{
    for (size_t i = 0; i < size; i++)
        digest[i] = (uint8_t)(i + 1);
}

static size_t envelope_c(uint8_t *out)
{
    Hivecast__V1__Failure failure = HIVECAST__V1__FAILURE__INIT;
    failure.code = HIVECAST__V1__ERROR_CODE__ERROR_CODE_NOT_FOUND;
    failure.message = text_failure;
    Hivecast__V1__Envelope m = HIVECAST__V1__ENVELOPE__INIT;
    m.call_id = 300;
    m.kind = HIVECAST__V1__KIND__KIND_RESPONSE;
    m.service = HIVECAST__V1__SERVICE__SERVICE_MANAGER;
    m.method = 4;
    m.failure = &failure;
    return hivecast__v1__envelope__pack(&m, out);
}

static size_t envelope_n(uint8_t *out)
{
    hivecast_v1_Envelope m = hivecast_v1_Envelope_init_zero;
    m.call_id = 300;
    m.kind = hivecast_v1_Kind_KIND_RESPONSE;
    m.service = hivecast_v1_Service_SERVICE_MANAGER;
    m.method = 4;
    m.has_failure = true;
    m.failure.code = hivecast_v1_ErrorCode_ERROR_CODE_NOT_FOUND;
    put(m.failure.message, sizeof(m.failure.message), text_failure);
    return nanopb(hivecast_v1_Envelope_fields, &m, out);
}

static size_t hello_c(uint8_t *out)
{
    char *tags[] = {text_arch, text_tag};
    uint32_t versions[] = {1};
    Hivecast__V1__Location location = HIVECAST__V1__LOCATION__INIT;
    location.latitude = 50.75;
    location.longitude = -7.25;
    Hivecast__V1__TaskStatus status = HIVECAST__V1__TASK_STATUS__INIT;
    status.task_id = text_id;
    status.state = HIVECAST__V1__TASK_STATE__TASK_STATE_TRANSFERRING;
    status.run_state = HIVECAST__V1__RUN_STATE__RUN_STATE_NONE;
    Hivecast__V1__TaskStatus *tasks[] = {&status};
    Hivecast__V1__Advertisement a = HIVECAST__V1__ADVERTISEMENT__INIT;
    a.id = text_drone;
    a.n_tags = 2;
    a.tags = tags;
    a.location = &location;
    a.architecture = text_arch;
    a.os = text_os;
    a.disk_free_bytes = UINT64_C(5000000000);
    a.memory_bytes = 1 << 29;
    a.n_tasks = 1;
    a.tasks = tasks;
    Hivecast__V1__HelloRequest m = HIVECAST__V1__HELLO_REQUEST__INIT;
    m.n_protocol_versions = 1;
    m.protocol_versions = versions;
    m.agent_version = text_version;
    m.boot_id = text_boot;
    m.advertisement = &a;
    m.stream_id = UINT64_C(0x1122334455667788);
    return hivecast__v1__hello_request__pack(&m, out);
}

static size_t hello_n(uint8_t *out)
{
    hivecast_v1_HelloRequest m = hivecast_v1_HelloRequest_init_zero;
    m.protocol_versions_count = 1;
    m.protocol_versions[0] = 1;
    put(m.agent_version, sizeof(m.agent_version), text_version);
    put(m.boot_id, sizeof(m.boot_id), text_boot);
    m.has_advertisement = true;
    put(m.advertisement.id, sizeof(m.advertisement.id), text_drone);
    m.advertisement.tags_count = 2;
    put(m.advertisement.tags[0], sizeof(m.advertisement.tags[0]), text_arch);
    put(m.advertisement.tags[1], sizeof(m.advertisement.tags[1]), text_tag);
    m.advertisement.has_location = true;
    m.advertisement.location.latitude = 50.75;
    m.advertisement.location.longitude = -7.25;
    put(m.advertisement.architecture, sizeof(m.advertisement.architecture), text_arch);
    put(m.advertisement.os, sizeof(m.advertisement.os), text_os);
    m.advertisement.disk_free_bytes = UINT64_C(5000000000);
    m.advertisement.memory_bytes = 1 << 29;
    m.advertisement.tasks_count = 1;
    put(m.advertisement.tasks[0].task_id, sizeof(m.advertisement.tasks[0].task_id), text_id);
    m.advertisement.tasks[0].state = hivecast_v1_TaskState_TASK_STATE_TRANSFERRING;
    m.advertisement.tasks[0].run_state = hivecast_v1_RunState_RUN_STATE_NONE;
    m.stream_id = UINT64_C(0x1122334455667788);
    return nanopb(hivecast_v1_HelloRequest_fields, &m, out);
}

static size_t announce_c(uint8_t *out)
{
    uint8_t digest[32];
    fill(digest, sizeof(digest));
    Hivecast__V1__Package package = HIVECAST__V1__PACKAGE__INIT;
    package.digest.data = digest;
    package.digest.len = sizeof(digest);
    package.manifest_size = 4711;
    package.entry_count = 3;
    package.chunk_count = 2;
    package.content_size = UINT64_C(1) << 33;
    package.sealed_size = 99;
    Hivecast__V1__Announcement a = HIVECAST__V1__ANNOUNCEMENT__INIT;
    a.task_id = text_id;
    a.app = text_app;
    a.version = 7;
    a.package = &package;
    a.architecture = text_arch;
    a.memory_bytes = 4096;
    Hivecast__V1__AnnounceRequest m = HIVECAST__V1__ANNOUNCE_REQUEST__INIT;
    m.announcement = &a;
    return hivecast__v1__announce_request__pack(&m, out);
}

static size_t announce_n(uint8_t *out)
{
    hivecast_v1_AnnounceRequest m = hivecast_v1_AnnounceRequest_init_zero;
    m.has_announcement = true;
    put(m.announcement.task_id, sizeof(m.announcement.task_id), text_id);
    put(m.announcement.app, sizeof(m.announcement.app), text_app);
    m.announcement.version = 7;
    m.announcement.has_package = true;
    fill(m.announcement.package.digest, sizeof(m.announcement.package.digest));
    m.announcement.package.manifest_size = 4711;
    m.announcement.package.entry_count = 3;
    m.announcement.package.chunk_count = 2;
    m.announcement.package.content_size = UINT64_C(1) << 33;
    m.announcement.package.sealed_size = 99;
    put(m.announcement.architecture, sizeof(m.announcement.architecture), text_arch);
    m.announcement.memory_bytes = 4096;
    return nanopb(hivecast_v1_AnnounceRequest_fields, &m, out);
}

static size_t report_c(uint8_t *out)
{
    Hivecast__V1__Acknowledgement ack = HIVECAST__V1__ACKNOWLEDGEMENT__INIT;
    ack.task_id = text_id;
    ack.state = HIVECAST__V1__TASK_STATE__TASK_STATE_REJECTED;
    ack.code = HIVECAST__V1__ERROR_CODE__ERROR_CODE_NO_SPACE;
    ack.message = text_refusal;
    ack.exit_status = -1;
    Hivecast__V1__Report report = HIVECAST__V1__REPORT__INIT;
    report.time_ms = INT64_C(1790000000123);
    report.what_case = HIVECAST__V1__REPORT__WHAT_ACKNOWLEDGEMENT;
    report.acknowledgement = &ack;
    Hivecast__V1__Report *reports[] = {&report};
    Hivecast__V1__ReportRequest m = HIVECAST__V1__REPORT_REQUEST__INIT;
    m.stream_id = 1;
    m.first_seq = 12;
    m.n_reports = 1;
    m.reports = reports;
    return hivecast__v1__report_request__pack(&m, out);
}

static size_t report_n(uint8_t *out)
{
    hivecast_v1_ReportRequest m = hivecast_v1_ReportRequest_init_zero;
    m.stream_id = 1;
    m.first_seq = 12;
    m.reports_count = 1;
    m.reports[0].time_ms = INT64_C(1790000000123);
    m.reports[0].which_what = hivecast_v1_Report_acknowledgement_tag;
    hivecast_v1_Acknowledgement *ack = &m.reports[0].what.acknowledgement;
    put(ack->task_id, sizeof(ack->task_id), text_id);
    ack->state = hivecast_v1_TaskState_TASK_STATE_REJECTED;
    ack->code = hivecast_v1_ErrorCode_ERROR_CODE_NO_SPACE;
    put(ack->message, sizeof(ack->message), text_refusal);
    ack->exit_status = -1;
    return nanopb(hivecast_v1_ReportRequest_fields, &m, out);
}

static size_t chunks_c(uint8_t *out)
{
    Hivecast__V1__FetchChunksRequest m = HIVECAST__V1__FETCH_CHUNKS_REQUEST__INIT;
    m.task_id = text_id;
    m.first = 5;
    m.count = 4;
    return hivecast__v1__fetch_chunks_request__pack(&m, out);
}

static size_t chunks_n(uint8_t *out)
{
    hivecast_v1_FetchChunksRequest m = hivecast_v1_FetchChunksRequest_init_zero;
    put(m.task_id, sizeof(m.task_id), text_id);
    m.first = 5;
    m.count = 4;
    return nanopb(hivecast_v1_FetchChunksRequest_fields, &m, out);
}

const struct golden goldens[] = {
    {"Envelope", envelope_c, envelope_n},        {"HelloRequest", hello_c, hello_n},
    {"AnnounceRequest", announce_c, announce_n}, {"ReportRequest", report_c, report_n},
    {"FetchChunksRequest", chunks_c, chunks_n},
};
const size_t golden_count = sizeof(goldens) / sizeof(goldens[0]);
