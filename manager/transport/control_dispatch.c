/* SPDX-License-Identifier: Apache-2.0 */
/* control_dispatch: see control_dispatch.h. A message that cannot be answered is dropped: a peer
 * that speaks nonsense is no reason for more than a line at debug level. */
#include "control_dispatch.h"

#include <assert.h>

#include "clock.h"
#include "log.h"

static struct rpc_head reply_head(const struct rpc_message *m, const struct error *failure)
{
    return (struct rpc_head){.call_id = m->call_id,
                             .kind = RPC_RESPONSE,
                             .service = m->service,
                             .method = m->method,
                             .failure = failure};
}

/* A removed target, or one that was removed before it spoke. */
static bool is_welcome(const struct control_dispatch *d, const struct connection *from)
{
    if (sessions_knows(d->service.sessions, from))
        return true;
    return registry_find(d->service.core->registry, from->target_id) != NULL &&
           !revoked_has(d->revoked, from->target_id, from->serial);
}

static enum err check_method(const struct control_dispatch *d, const struct connection *from,
                             const struct rpc_message *m, const struct manager_method **out,
                             struct error *e)
{
    *out = m->service == RPC_MANAGER ? manager_service_method(m->method) : NULL;
    if (*out == NULL)
        return error_set(e, ERR_UNSUPPORTED, "%s is not served by the control endpoint",
                         rpc_method_name(m->service, m->method));
    if ((*out)->needs_hello && !sessions_knows(d->service.sessions, from))
        return error_set(e, ERR_UNAUTHENTICATED, "say Hello first");
    return ERR_OK;
}

static void note_sign_of_life(const struct control_dispatch *d, const struct manager_call *call)
{
    struct registry *registry = d->service.core->registry;
    const struct target *target = registry_find(registry, call->from->target_id);
    if (target != NULL && sessions_knows(d->service.sessions, call->from))
        registry_seen(registry, target->id, target->disk_free_bytes, call->now_ms);
}

static enum err carry_out(struct control_dispatch *d, struct manager_call *call,
                          const struct rpc_message *m, struct error *e)
{
    const struct manager_method *method = NULL;
    enum err err = check_method(d, call->from, m, &method, e);
    if (err != ERR_OK)
        return err;
    assert(method != NULL);
    ProtobufCMessage *request = NULL;
    err = rpc_body(m, &request, e);
    if (err != ERR_OK)
        return err;
    call->request = request;
    note_sign_of_life(d, call);
    err = core_request(d->service.core, method->run, call, e);
    protobuf_c_message_free_unpacked(request, NULL);
    return err;
}

static void handle_request(struct control_dispatch *d, const struct connection *from,
                           const struct rpc_message *m, enum err err, struct error *e)
{
    size_t place = 0;
    bool is_answered = m->kind == RPC_REQUEST;
    struct rpc_head head = reply_head(m, NULL);
    if (is_answered && outgoing_reserve(d->outgoing, &from->route, &head, &place, NULL) != ERR_OK)
        return;
    struct manager_call call = {.service = &d->service, .from = from, .now_ms = clock_wall_ms()};
    if (err == ERR_OK)
        err = carry_out(d, &call, m, e);
    if (err != ERR_OK) {
        log_debug("target %s: %s: %s", from->target_id, rpc_method_name(m->service, m->method),
                  e->text);
        head.failure = e;
    }
    struct parcel *reply = NULL;
    if (is_answered &&
        parcel_new(&head, err == ERR_OK ? &call.response.base : NULL, &reply, NULL) == ERR_OK)
        outgoing_fill(d->outgoing, place, reply);
    manager_call_clear(&call);
}

static void handle_response(const struct connection *from, const struct rpc_message *m)
{
    if (m->failure.code != ERR_OK)
        log_warn("target %s: %s: %s", from->target_id, rpc_method_name(m->service, m->method),
                 m->failure.text);
}

static void handle_frames(struct control_dispatch *d, const struct connection *from,
                          zmq_msg_t *frames, size_t count)
{
    struct rpc_message m;
    struct error e;
    enum err err = rpc_parse(frames, count, &m, &e);
    if (err != ERR_OK && err != ERR_UNSUPPORTED) {
        log_debug("target %s: %s", from->target_id, e.text);
        return;
    }
    if (m.kind != RPC_RESPONSE)
        handle_request(d, from, &m, err, &e);
    else if (err == ERR_OK)
        handle_response(from, &m);
    if (err == ERR_OK)
        rpc_message_clear(&m);
}

void control_dispatch(struct control_dispatch *d, zmq_msg_t *take_frames, size_t count)
{
    struct connection from;
    struct error e;
    enum err err = connection_read(take_frames, count, &from, &e);
    if (err == ERR_OK && is_welcome(d, &from)) {
        handle_frames(d, &from, take_frames + 1, count - 1);
    } else {
        struct tcp_link link = link_of(from.fd);
        link_cut(&link);
    }
    for (size_t i = 0; i < count; i++)
        (void)zmq_msg_close(&take_frames[i]);
}
