/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of a peer: the first byte says where the envelope ends and the body begins. */
#include <stdint.h>
#include <string.h>

#include "rpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int fill(zmq_msg_t *frame, const uint8_t *data, size_t size)
{
    if (zmq_msg_init_size(frame, size) != 0)
        return -1;
    if (size > 0)
        memcpy(zmq_msg_data(frame), data, size);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    size_t envelope = data[0] < size - 1 ? data[0] : size - 1;
    zmq_msg_t frames[2];
    if (fill(&frames[0], data + 1, envelope) != 0)
        return 0;
    if (fill(&frames[1], data + 1 + envelope, size - 1 - envelope) != 0) {
        zmq_msg_close(&frames[0]);
        return 0;
    }
    struct rpc_message m;
    struct error e;
    if (rpc_parse(frames, 2, &m, &e) == ERR_OK) {
        ProtobufCMessage *body;
        if (rpc_body(&m, &body, &e) == ERR_OK)
            protobuf_c_message_free_unpacked(body, NULL);
        rpc_message_clear(&m);
    } else {
        zmq_msg_close(&frames[0]);
        zmq_msg_close(&frames[1]);
    }
    return 0;
}
