/* SPDX-License-Identifier: Apache-2.0 */
/* bulk_methods: see bulk_methods.h. */
#include "bulk_methods.h"

#include <inttypes.h>
#include <stdio.h>

#include "hivecast/v1/manager.pb-c.h"

static enum err read_manifest_request(const ProtobufCMessage *body, struct transfer *t,
                                      struct error *e)
{
    const Hivecast__V1__FetchManifestRequest *request = (const void *)body;
    if (request->offset % MANIFEST_PIECE != 0)
        return error_set(e, ERR_INVALID, "offset: not a multiple of %d", MANIFEST_PIECE);
    (void)snprintf(t->task_id, sizeof(t->task_id), "%s", request->task_id);
    t->at = request->offset;
    t->left = 1;
    return ERR_OK;
}

static enum err read_chunks_request(const ProtobufCMessage *body, struct transfer *t,
                                    struct error *e)
{
    const Hivecast__V1__FetchChunksRequest *request = (const void *)body;
    if (request->count == 0 || request->count > CHUNK_REQUEST_MAX)
        return error_set(e, ERR_INVALID, "count: between 1 and %d", CHUNK_REQUEST_MAX);
    if (request->first > UINT64_MAX - request->count)
        return error_set(e, ERR_INVALID, "first: too large");
    (void)snprintf(t->task_id, sizeof(t->task_id), "%s", request->task_id);
    t->at = request->first;
    t->left = request->count;
    return ERR_OK;
}

static enum err pack_answer(const struct transfer *t, const ProtobufCMessage *body,
                            struct send_buffer *buffer, size_t size, zmq_msg_t *frames,
                            size_t *count, struct error *e)
{
    struct rpc_head head = {
        .call_id = t->call_id, .kind = RPC_RESPONSE, .service = RPC_MANAGER, .method = t->method};
    zmq_msg_t raw;
    enum err err = rpc_pack(&head, body, NULL, frames, count, e);
    if (err != ERR_OK)
        return err;
    if (zmq_msg_init_data(&raw, buffer->data, size, send_pool_release, buffer) != 0) {
        for (size_t i = 0; i < *count; i++)
            (void)zmq_msg_close(&frames[i]);
        return error_set(e, ERR_NO_MEMORY, "a chunk to send");
    }
    frames[*count] = raw;
    *count += 1;
    return ERR_OK;
}

static enum err pack_manifest(struct package_cache *cache, const struct transfer *t,
                              struct send_buffer *buffer, zmq_msg_t *frames, size_t *count,
                              struct error *e)
{
    struct package *package = NULL;
    size_t size = 0;
    enum err err = package_cache_get(cache, t->task_id, &package, e);
    if (err == ERR_OK)
        err = package_read_manifest(package, t->at, buffer->data, &size, e);
    if (err != ERR_OK)
        return err;
    Hivecast__V1__FetchManifestResponse response = HIVECAST__V1__FETCH_MANIFEST_RESPONSE__INIT;
    response.offset = t->at;
    response.total_size = package_manifest_size(package);
    return pack_answer(t, &response.base, buffer, size, frames, count, e);
}

static enum err pack_chunk(struct package_cache *cache, const struct transfer *t,
                           struct send_buffer *buffer, zmq_msg_t *frames, size_t *count,
                           struct error *e)
{
    struct package *package = NULL;
    uint32_t size = 0;
    enum err err = package_cache_get(cache, t->task_id, &package, e);
    if (err == ERR_OK)
        err = package_chunk_size(package, t->at, &size, e);
    if (err == ERR_OK && size > sizeof(buffer->data))
        err = error_set(e, ERR_CORRUPT, "chunk %" PRIu64 " of task %s is too large", t->at,
                        t->task_id);
    if (err == ERR_OK)
        err = package_read_chunk(package, t->at, buffer->data, size, e);
    if (err != ERR_OK)
        return err;
    Hivecast__V1__FetchChunksResponse response = HIVECAST__V1__FETCH_CHUNKS_RESPONSE__INIT;
    response.index = t->at;
    return pack_answer(t, &response.base, buffer, size, frames, count, e);
}

static const struct bulk_method methods[] = {
    {"FetchManifest", read_manifest_request, pack_manifest},
    {"FetchChunks", read_chunks_request, pack_chunk},
};

const struct bulk_method *bulk_method_find(uint32_t number)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (rpc_method(RPC_MANAGER, methods[i].name) == number)
            return &methods[i];
    }
    return NULL;
}
