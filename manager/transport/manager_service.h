/* SPDX-License-Identifier: Apache-2.0 */
/* manager_service: the methods of service Manager that travel on the control socket: from request
 * message over core to response message. Thread: core. */
#ifndef MANAGER_SERVICE_H
#define MANAGER_SERVICE_H

#include "agent_codec.h"
#include "core.h"
#include "rpc.h"
#include "sessions.h"

struct manager_service {
    struct core *core;
    struct sessions *sessions;
    uint32_t heartbeat_ms;
    struct report_slice slice; /* scratch */
};

/* One request, and what comes of it. */
struct manager_call {
    struct manager_service *service;
    const struct connection *from;
    const ProtobufCMessage *request; /* of the method's input type */
    int64_t now_ms;
    /* The response; valid until manager_call_clear. */
    union {
        ProtobufCMessage base;
        Hivecast__V1__HelloResponse hello;
        Hivecast__V1__HeartbeatResponse heartbeat;
        Hivecast__V1__ReportResponse report;
        Hivecast__V1__FetchTaskResponse fetch_task;
        Hivecast__V1__GoodbyeResponse goodbye;
    } response;
    Hivecast__V1__SignedTask *signed_task;
};

/* What a method needs to be called at all. */
struct manager_method {
    const char *name;
    mailbox_fn *run; /* arg is the struct manager_call; runs inside core_request */
    bool needs_hello;
};

/* NULL for a method that the control socket does not serve. */
const struct manager_method *manager_service_method(uint32_t number);
void manager_call_clear(struct manager_call *c);

#endif
