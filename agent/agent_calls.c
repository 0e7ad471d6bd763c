/* SPDX-License-Identifier: Apache-2.0 */
/* agent_calls: the Agent service: what the manager calls. Thread: the loop's. */
#include "agent_parts.h"
#include "hivecast/v1/agent.pb-c.h"
#include "task_codec.h"

static enum err announce(void *arg, const ProtobufCMessage *request, struct error *e)
{
    const struct agent *a = arg;
    const Hivecast__V1__AnnounceRequest *r = (const Hivecast__V1__AnnounceRequest *)request;
    if (r->announcement == NULL)
        return error_set(e, ERR_INVALID, "announcement is missing");
    struct announcement announcement;
    enum err err = task_codec_announcement(r->announcement, &announcement, e);
    if (err == ERR_OK)
        task_processor_announce(a->tasks, &announcement);
    return err;
}

static enum err stop(void *arg, const ProtobufCMessage *request, struct error *e)
{
    (void)e;
    const struct agent *a = arg;
    const Hivecast__V1__StopRequest *r = (const Hivecast__V1__StopRequest *)request;
    task_processor_stop(a->tasks, r->task_id);
    return ERR_OK;
}

static enum err send_logs(void *arg, const ProtobufCMessage *request, struct error *e)
{
    const struct agent *a = arg;
    const Hivecast__V1__SendLogsRequest *r = (const Hivecast__V1__SendLogsRequest *)request;
    return response_collector_send_kept(a->collector, r->task_id, e);
}

static enum err run_command(void *arg, const ProtobufCMessage *request, struct error *e)
{
    const struct agent *a = arg;
    const Hivecast__V1__RunCommandRequest *r = (const Hivecast__V1__RunCommandRequest *)request;
    return terminal_run(a->terminal, r->command, e);
}

static enum err stop_command(void *arg, const ProtobufCMessage *request, struct error *e)
{
    (void)request;
    (void)e;
    const struct agent *a = arg;
    terminal_stop(a->terminal);
    return ERR_OK;
}

const struct transport_handler agent_calls_handlers[] = {
    {"Announce", announce},        {"Stop", stop},
    {"SendLogs", send_logs},       {"RunCommand", run_command},
    {"StopCommand", stop_command},
};
const size_t agent_calls_count = sizeof(agent_calls_handlers) / sizeof(agent_calls_handlers[0]);
