/* SPDX-License-Identifier: Apache-2.0 */
#include "transport_calls.h"

#include "clock.h"

struct transport_call {
    uint32_t id;
    uint32_t method;
    int64_t due_ms;
    transport_reply_fn *fn;
    void *arg;
    struct transport_call *next;
};

static void on_timer(void *arg);

/* The timer stands at the call that is due first. */
static void set_timer(struct transport_calls *c)
{
    if (c->first == NULL) {
        loop_timer_stop(&c->timer);
        return;
    }
    int64_t due_ms = c->first->due_ms;
    for (const struct transport_call *call = c->first; call != NULL; call = call->next)
        due_ms = call->due_ms < due_ms ? call->due_ms : due_ms;
    loop_timer_start(c->loop, &c->timer, due_ms - clock_monotonic_ms(), on_timer, c);
}

static struct transport_call **find(struct transport_calls *c, uint32_t id)
{
    struct transport_call **place = &c->first;
    while (*place != NULL && (*place)->id != id)
        place = &(*place)->next;
    return place;
}

/* Out of the list first: what is called may enter and forget others. */
static void finish(struct transport_call **place, const struct error *failure,
                   const ProtobufCMessage *body)
{
    struct transport_call call = **place;
    free(*place);
    *place = call.next;
    call.fn(call.arg, failure, body);
}

static struct transport_call **find_due(struct transport_calls *c, int64_t now_ms)
{
    struct transport_call **place = &c->first;
    while (*place != NULL && (*place)->due_ms > now_ms)
        place = &(*place)->next;
    return place;
}

static void on_timer(void *arg)
{
    struct transport_calls *c = arg;
    const int64_t now_ms = clock_monotonic_ms();
    struct transport_call **place = find_due(c, now_ms);
    while (*place != NULL) {
        struct error e = {0};
        error_set(&e, ERR_TIMEOUT, "the manager did not answer %s in time",
                  rpc_method_name(RPC_MANAGER, (*place)->method));
        finish(place, &e, NULL);
        place = find_due(c, now_ms);
    }
    set_timer(c);
}

enum err transport_calls_add(struct transport_calls *c, uint32_t method, int64_t timeout_ms,
                             transport_reply_fn *fn, void *arg, uint32_t *id, struct error *e)
{
    struct transport_call *call = malloc(sizeof(*call));
    if (call == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for a call");
    *call = (struct transport_call){
        .id = ++c->last_id,
        .method = method,
        .due_ms = clock_monotonic_ms() + timeout_ms,
        .fn = fn,
        .arg = arg,
        .next = c->first,
    };
    c->first = call;
    set_timer(c);
    *id = call->id;
    return ERR_OK;
}

void transport_calls_remove(struct transport_calls *c, uint32_t id)
{
    struct transport_call **place = find(c, id);
    struct transport_call *call = *place;
    if (call == NULL)
        return;
    *place = call->next;
    free(call);
    set_timer(c);
}

void transport_calls_answer(struct transport_calls *c, const struct rpc_message *m)
{
    struct transport_call **place = find(c, m->call_id);
    if (*place == NULL || (*place)->method != m->method || m->service != RPC_MANAGER)
        return;
    struct error e = m->failure;
    ProtobufCMessage *body = NULL;
    if (e.code == ERR_OK && rpc_body(m, &body, &e) != ERR_OK)
        error_wrap(&e, e.code, "answer to %s", rpc_method_name(RPC_MANAGER, m->method));
    finish(place, body == NULL ? &e : NULL, body);
    if (body != NULL)
        protobuf_c_message_free_unpacked(body, NULL);
    set_timer(c);
}

void transport_calls_fail(struct transport_calls *c, const struct error *failure)
{
    const uint32_t last_id = c->last_id;
    struct transport_call **place = &c->first;
    while (*place != NULL) {
        if ((int32_t)((*place)->id - last_id) > 0) {
            place = &(*place)->next;
            continue;
        }
        finish(place, failure, NULL);
        place = &c->first;
    }
    set_timer(c);
}

void transport_calls_forget(struct transport_calls *c, const void *arg)
{
    struct transport_call **place = &c->first;
    while (*place != NULL) {
        struct transport_call *call = *place;
        if (call->arg != arg) {
            place = &call->next;
            continue;
        }
        *place = call->next;
        free(call);
    }
    set_timer(c);
}

void transport_calls_clear(struct transport_calls *c)
{
    while (c->first != NULL)
        transport_calls_forget(c, c->first->arg);
    loop_timer_stop(&c->timer);
}
