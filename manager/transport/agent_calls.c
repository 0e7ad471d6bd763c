/* SPDX-License-Identifier: Apache-2.0 */
/* agent_calls: see agent_calls.h. Responses of agents are not waited for: what a call brought about
 * is told by reports, and what got lost is repeated at reconciliation. */
#include "agent_calls.h"

#include <stdio.h>
#include <string.h>

#include "hivecast/v1/agent.pb-c.h"
#include "log.h"
#include "task_wire.h"

static struct agent_calls *self(struct outbox *outbox)
{
    return (struct agent_calls *)outbox; /* its first member */
}

static char *borrow(const char *text)
{
    union {
        const char *from;
        char *to;
    } same = {.from = text};
    return same.to;
}

static enum err find(const struct agent_calls *a, const char *target_id, const struct session **out,
                     struct error *e)
{
    *out = sessions_find(a->sessions, target_id);
    if (*out == NULL)
        return error_set(e, ERR_UNAVAILABLE, "target %s is not connected", target_id);
    return ERR_OK;
}

static enum err call(struct agent_calls *a, const char *target_id, const char *method,
                     const ProtobufCMessage *body, struct error *e)
{
    const struct session *session = NULL;
    enum err err = find(a, target_id, &session, e);
    if (err != ERR_OK)
        return err;
    struct rpc_head head = {.call_id = ++a->last_call_id,
                            .kind = RPC_REQUEST,
                            .service = RPC_AGENT,
                            .method = rpc_method(RPC_AGENT, method)};
    AUTO(parcel_release) struct parcel *parcel = NULL;
    err = parcel_new(&head, body, &parcel, e);
    return err == ERR_OK ? outgoing_add(a->outgoing, &session->route, parcel, e) : err;
}

static enum err pack_announcement(struct agent_calls *a, const struct task *task, struct error *e)
{
    if (a->announcement != NULL && strcmp(a->announced, task->id) == 0)
        return ERR_OK;
    parcel_release(a->announcement);
    a->announcement = NULL;
    Hivecast__V1__Package package;
    Hivecast__V1__Announcement announcement;
    task_wire_announcement(task, &announcement, &package);
    Hivecast__V1__AnnounceRequest request = HIVECAST__V1__ANNOUNCE_REQUEST__INIT;
    request.announcement = &announcement;
    struct rpc_head head = {
        .kind = RPC_NOTICE, .service = RPC_AGENT, .method = rpc_method(RPC_AGENT, "Announce")};
    (void)snprintf(a->announced, sizeof(a->announced), "%s", task->id);
    return parcel_new(&head, &request.base, &a->announcement, e);
}

static enum err announce(struct outbox *outbox, const char *target_id, const struct task *task,
                         struct error *e)
{
    struct agent_calls *a = self(outbox);
    const struct session *session = NULL;
    enum err err = find(a, target_id, &session, e);
    if (err == ERR_OK)
        err = pack_announcement(a, task, e);
    return err == ERR_OK ? outgoing_add(a->outgoing, &session->route, a->announcement, e) : err;
}

static enum err stop(struct outbox *outbox, const char *target_id, const char *task_id,
                     struct error *e)
{
    Hivecast__V1__StopRequest request = HIVECAST__V1__STOP_REQUEST__INIT;
    request.task_id = borrow(task_id);
    return call(self(outbox), target_id, "Stop", &request.base, e);
}

static enum err send_logs(struct outbox *outbox, const char *target_id, const char *task_id,
                          struct error *e)
{
    Hivecast__V1__SendLogsRequest request = HIVECAST__V1__SEND_LOGS_REQUEST__INIT;
    request.task_id = borrow(task_id);
    return call(self(outbox), target_id, "SendLogs", &request.base, e);
}

static enum err run_command(struct outbox *outbox, const char *target_id, const char *command,
                            struct error *e)
{
    Hivecast__V1__RunCommandRequest request = HIVECAST__V1__RUN_COMMAND_REQUEST__INIT;
    request.command = borrow(command);
    return call(self(outbox), target_id, "RunCommand", &request.base, e);
}

static enum err stop_command(struct outbox *outbox, const char *target_id, struct error *e)
{
    Hivecast__V1__StopCommandRequest request = HIVECAST__V1__STOP_COMMAND_REQUEST__INIT;
    return call(self(outbox), target_id, "StopCommand", &request.base, e);
}

static void cut(struct outbox *outbox, const char *target_id)
{
    struct error e;
    if (strlist_add(&self(outbox)->cuts, target_id, &e) != ERR_OK)
        log_error("cut the connections of target %s: %s", target_id, e.text);
}

void agent_calls_init(struct agent_calls *a, const struct sessions *sessions,
                      struct outgoing *outgoing)
{
    static const struct outbox_ops ops = {.announce = announce,
                                          .stop = stop,
                                          .send_logs = send_logs,
                                          .run_command = run_command,
                                          .stop_command = stop_command,
                                          .cut = cut};
    memset(a, 0, sizeof(*a));
    a->outbox.ops = &ops;
    a->sessions = sessions;
    a->outgoing = outgoing;
}

void agent_calls_reset(struct agent_calls *a)
{
    strlist_clear(&a->cuts);
    parcel_release(a->announcement);
    a->announcement = NULL;
    a->announced[0] = '\0';
}
