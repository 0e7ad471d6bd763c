/* SPDX-License-Identifier: Apache-2.0 */
/* manager_service: see manager_service.h. One function per method, found by the number that the
 * service descriptor gives to its name. */
#include "manager_service.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

enum { PROTOCOL_VERSION = 1 };

static enum err check_hello(const struct manager_call *c, const Hivecast__V1__HelloRequest *hello,
                            struct error *e)
{
    bool speaks = false;
    for (size_t i = 0; i < hello->n_protocol_versions; i++)
        speaks = speaks || hello->protocol_versions[i] == PROTOCOL_VERSION;
    if (!speaks)
        return error_set(e, ERR_UNSUPPORTED, "this manager speaks protocol version %d",
                         PROTOCOL_VERSION);
    if (hello->advertisement == NULL)
        return error_set(e, ERR_INVALID, "advertisement: missing");
    if (strcmp(hello->advertisement->id, c->from->target_id) != 0)
        return error_set(e, ERR_FORBIDDEN, "advertisement.id: this key belongs to target %s",
                         c->from->target_id);
    return ERR_OK;
}

static enum err reconcile(struct manager_call *c, Hivecast__V1__TaskStatus *const *statuses,
                          size_t count, struct error *e)
{
    AUTO_FREE struct task_status *tasks = NULL;
    size_t task_count = 0;
    enum err err = agent_codec_statuses(statuses, count, &tasks, &task_count, e);
    if (err != ERR_OK)
        return err;
    return task_manager_reconcile(c->service->core->tasks, c->from->target_id, tasks, task_count,
                                  e);
}

static void answer_hello(struct manager_call *c)
{
    const struct target *target = registry_find(c->service->core->registry, c->from->target_id);
    Hivecast__V1__HelloResponse *response = &c->response.hello;
    hivecast__v1__hello_response__init(response);
    response->protocol_version = PROTOCOL_VERSION;
    response->heartbeat_interval_ms = c->service->heartbeat_ms;
    response->time_ms = c->now_ms;
    response->stored_seq = target != NULL ? target->stored_seq : 0;
}

static enum err run_hello(void *arg, struct error *e)
{
    struct manager_call *c = arg;
    const Hivecast__V1__HelloRequest *hello = (const void *)c->request;
    struct advertisement advertisement;
    enum err err = check_hello(c, hello, e);
    if (err == ERR_OK)
        err = agent_codec_advertisement(hello, &advertisement, e);
    if (err == ERR_OK)
        err = registry_connected(c->service->core->registry, c->from->target_id, &advertisement,
                                 c->now_ms, e);
    if (err == ERR_OK)
        err = sessions_put(c->service->sessions, c->from, e);
    if (err == ERR_OK)
        err = reconcile(c, hello->advertisement->tasks, hello->advertisement->n_tasks, e);
    if (err == ERR_OK)
        answer_hello(c);
    return err;
}

static enum err run_heartbeat(void *arg, struct error *e)
{
    struct manager_call *c = arg;
    const Hivecast__V1__HeartbeatRequest *heartbeat = (const void *)c->request;
    registry_seen(c->service->core->registry, c->from->target_id, heartbeat->disk_free_bytes,
                  c->now_ms);
    hivecast__v1__heartbeat_response__init(&c->response.heartbeat);
    c->response.heartbeat.time_ms = c->now_ms;
    return reconcile(c, heartbeat->tasks, heartbeat->n_tasks, e);
}

static enum err run_report(void *arg, struct error *e)
{
    struct manager_call *c = arg;
    const Hivecast__V1__ReportRequest *request = (const void *)c->request;
    struct report_slice *slice = &c->service->slice;
    if (request->first_seq == 0 || request->first_seq > UINT64_MAX - request->n_reports)
        return error_set(e, ERR_INVALID, "first_seq: reports count from 1");
    hivecast__v1__report_response__init(&c->response.report);
    enum err err = ERR_OK;
    size_t done = 0;
    do {
        err = report_slice_fill(slice, request, done, e);
        const struct report_batch batch = {request->stream_id, request->first_seq + done,
                                           slice->reports, slice->count};
        if (err == ERR_OK)
            err = log_manager_report(c->service->core->logs, c->from->target_id, &batch,
                                     &c->response.report.stored_seq, e);
        done += slice->count;
    } while (err == ERR_OK && done < request->n_reports);
    report_slice_clear(slice);
    return err;
}

static enum err run_fetch_task(void *arg, struct error *e)
{
    struct manager_call *c = arg;
    const Hivecast__V1__FetchTaskRequest *request = (const void *)c->request;
    struct bytes packed = {0};
    enum err err = task_manager_fetch(c->service->core->tasks, c->from->target_id, request->task_id,
                                      &packed, e);
    if (err == ERR_OK) {
        c->signed_task = hivecast__v1__signed_task__unpack(NULL, packed.size, packed.data);
        if (c->signed_task == NULL)
            err = error_set(e, ERR_CORRUPT, "task %s as stored", request->task_id);
    }
    bytes_clear(&packed);
    hivecast__v1__fetch_task_response__init(&c->response.fetch_task);
    c->response.fetch_task.signed_task = c->signed_task;
    return err;
}

static enum err run_goodbye(void *arg, struct error *e)
{
    struct manager_call *c = arg;
    hivecast__v1__goodbye_response__init(&c->response.goodbye);
    sessions_remove(c->service->sessions, c->from->target_id, false);
    return registry_disconnected(c->service->core->registry, c->from->target_id, c->now_ms, e);
}

static const struct manager_method methods[] = {
    {"Hello", run_hello, false},    {"Heartbeat", run_heartbeat, true},
    {"Report", run_report, true},   {"FetchTask", run_fetch_task, true},
    {"Goodbye", run_goodbye, true},
};

const struct manager_method *manager_service_method(uint32_t number)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (rpc_method(RPC_MANAGER, methods[i].name) == number)
            return &methods[i];
    }
    return NULL;
}

void manager_call_clear(struct manager_call *c)
{
    if (c->signed_task != NULL)
        hivecast__v1__signed_task__free_unpacked(c->signed_task, NULL);
    c->signed_task = NULL;
}
