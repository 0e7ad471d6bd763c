/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer_wire.h"

#include "hivecast/v1/manager.pb-c.h"

enum err transfer_wire_ask(struct dealer *d, uint32_t call_id, const struct transfer_job *j,
                           const struct transfer_ask *a, struct error *e)
{
    struct rpc_head head = {.call_id = call_id, .kind = RPC_REQUEST, .service = RPC_MANAGER};
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
