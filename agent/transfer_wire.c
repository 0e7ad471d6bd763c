/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer_wire.h"

#include <string.h>

#include "hivecast/v1/manager.pb-c.h"

/* Place of the call with that many answers left and that id (any when left is 0); -1: none. */
static int find(const struct transfer_wire *w, bool is_under_way, uint32_t id)
{
    for (int i = 0; i < BULK_REQUESTS_MAX; i++) {
        bool has_left = w->calls[i].left > 0;
        if (has_left == is_under_way && (!is_under_way || w->calls[i].id == id))
            return i;
    }
    return -1;
}

bool transfer_wire_may_ask(const struct transfer_wire *w)
{
    return find(w, false, 0) >= 0;
}

bool transfer_wire_is_under_way(const struct transfer_wire *w)
{
    for (int i = 0; i < BULK_REQUESTS_MAX; i++) {
        if (w->calls[i].left > 0)
            return true;
    }
    return false;
}

void transfer_wire_forget(struct transfer_wire *w)
{
    memset(w->calls, 0, sizeof(w->calls));
}

static enum err send_request(struct dealer *d, uint32_t id, const struct transfer_job *j,
                             const struct transfer_ask *a, struct error *e)
{
    struct rpc_head head = {.call_id = id, .kind = RPC_REQUEST, .service = RPC_MANAGER};
    /* protobuf-c knows no const; packing does not write. */
    char *task_id = (char *)(uintptr_t)transfer_job_request(j)->task_id;
    if (a->is_manifest) {
        Hivecast__V1__FetchManifestRequest r = HIVECAST__V1__FETCH_MANIFEST_REQUEST__INIT;
        r.task_id = task_id;
        r.offset = a->first;
        head.method = rpc_method(RPC_MANAGER, "FetchManifest");
        return dealer_send(d, &head, &r.base, e);
    }
    Hivecast__V1__FetchChunksRequest r = HIVECAST__V1__FETCH_CHUNKS_REQUEST__INIT;
    r.task_id = task_id;
    r.first = a->first;
    r.count = a->count;
    head.method = rpc_method(RPC_MANAGER, "FetchChunks");
    return dealer_send(d, &head, &r.base, e);
}

enum err transfer_wire_ask(struct transfer_wire *w, struct dealer *d, const struct transfer_job *j,
                           const struct transfer_ask *a, struct error *e)
{
    int place = find(w, false, 0);
    enum err err = send_request(d, ++w->last_id, j, a, e);
    if (err != ERR_OK)
        return err;
    w->calls[place].id = w->last_id;
    w->calls[place].left = a->is_manifest ? 1 : a->count;
    return ERR_OK;
}

bool transfer_wire_is_awaited(struct transfer_wire *w, const struct rpc_message *m)
{
    int place = find(w, true, m->call_id);
    if (place < 0 || m->kind != RPC_RESPONSE || m->service != RPC_MANAGER)
        return false;
    /* A failure ends the request. */
    w->calls[place].left = m->failure.code == ERR_OK ? w->calls[place].left - 1 : 0;
    return true;
}

enum err transfer_wire_answer(struct transfer_job *j, struct rpc_message *m, struct error *e)
{
    ProtobufCMessage *body;
    enum err err = rpc_body(m, &body, e);
    if (err != ERR_OK)
        return err;
    if (m->method == rpc_method(RPC_MANAGER, "FetchManifest")) {
        const Hivecast__V1__FetchManifestResponse *r =
            (const Hivecast__V1__FetchManifestResponse *)body;
        err = transfer_job_manifest(j, r->offset, r->total_size, &m->raw, e);
    } else if (m->method == rpc_method(RPC_MANAGER, "FetchChunks")) {
        const Hivecast__V1__FetchChunksResponse *r =
            (const Hivecast__V1__FetchChunksResponse *)body;
        err = transfer_job_chunk(j, r->index, &m->raw, e);
    }
    protobuf_c_message_free_unpacked(body, NULL);
    return err;
}
