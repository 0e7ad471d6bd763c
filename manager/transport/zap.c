/* SPDX-License-Identifier: Apache-2.0 */
/* zap: see zap.h. Requests come from libzmq's own thread in this process, so their form is trusted;
 * the key in them is the peer's. */
#include "zap.h"

#include <string.h>
#include <zmq.h>

#include "certificate_manager.h"
#include "connection.h"
#include "log.h"
#include "rpc.h"

enum { FRAME_VERSION, FRAME_REQUEST, FRAME_DOMAIN, FRAME_ADDRESS, FRAME_IDENTITY, FRAME_MECHANISM };
enum { FRAME_KEY = FRAME_MECHANISM + 1, FRAMES_MAX = 8, ZAP_MESSAGE_MAX = 4096 };

struct verdict {
    const char *status;
    const char *text;
    char user_id[USER_ID_SIZE];
};

enum err zap_open(struct zap *z, void *context, struct error *e)
{
    memset(z, 0, sizeof(*z));
    z->socket = zmq_socket(context, ZMQ_REP);
    int linger = 0;
    if (z->socket == NULL || zmq_setsockopt(z->socket, ZMQ_LINGER, &linger, sizeof(linger)) != 0 ||
        zmq_bind(z->socket, "inproc://zeromq.zap.01") != 0) {
        zap_close(z);
        return error_set(e, ERR_IO, "authentication of agents: %s", zmq_strerror(zmq_errno()));
    }
    return ERR_OK;
}

void zap_close(struct zap *z)
{
    if (z->socket != NULL)
        (void)zmq_close(z->socket);
    z->socket = NULL;
}

static bool frame_is(zmq_msg_t *frame, const char *text)
{
    size_t size = strlen(text);
    return zmq_msg_size(frame) == size && memcmp(zmq_msg_data(frame), text, size) == 0;
}

static const struct target *find_target(zmq_msg_t *frames, size_t count,
                                        const struct registry *registry)
{
    if (count != FRAME_KEY + 1 || !frame_is(&frames[FRAME_DOMAIN], ZAP_DOMAIN) ||
        !frame_is(&frames[FRAME_MECHANISM], "CURVE") ||
        zmq_msg_size(&frames[FRAME_KEY]) != KEY_BYTES)
        return NULL;
    return certificate_manager_owner(registry, zmq_msg_data(&frames[FRAME_KEY]));
}

static struct verdict judge(struct zap *z, zmq_msg_t *frames, size_t count,
                            const struct registry *registry)
{
    const struct target *target = find_target(frames, count, registry);
    if (target != NULL) {
        struct verdict accepted = {.status = "200", .text = "OK"};
        connection_user_id(target->id, ++z->serial, accepted.user_id);
        return accepted;
    }
    z->refused++;
    log_debug("refused a connection from %.*s: not the key of a registered target",
              count > FRAME_ADDRESS ? (int)zmq_msg_size(&frames[FRAME_ADDRESS]) : 0,
              count > FRAME_ADDRESS ? (const char *)zmq_msg_data(&frames[FRAME_ADDRESS]) : "");
    return (struct verdict){.status = "400", .text = "unknown key"};
}

static bool send_frame(struct zap *z, const void *data, size_t size, int flags)
{
    return zmq_send(z->socket, data, size, flags) >= 0;
}

static void answer(struct zap *z, zmq_msg_t *request_id, const struct verdict *v)
{
    bool sent = send_frame(z, "1.0", 3, ZMQ_SNDMORE) &&
                send_frame(z, zmq_msg_data(request_id), zmq_msg_size(request_id), ZMQ_SNDMORE) &&
                send_frame(z, v->status, strlen(v->status), ZMQ_SNDMORE) &&
                send_frame(z, v->text, strlen(v->text), ZMQ_SNDMORE) &&
                send_frame(z, v->user_id, strlen(v->user_id), ZMQ_SNDMORE) &&
                send_frame(z, "", 0, 0);
    if (!sent)
        log_warn("answer a handshake: %s", zmq_strerror(zmq_errno()));
}

bool zap_answer(struct zap *z, const struct registry *registry)
{
    zmq_msg_t frames[FRAMES_MAX];
    size_t count = 0;
    if (rpc_receive(z->socket, frames, FRAMES_MAX, ZAP_MESSAGE_MAX, &count, NULL) != ERR_OK)
        return false;
    struct verdict v = judge(z, frames, count, registry);
    if (count > FRAME_REQUEST)
        answer(z, &frames[FRAME_REQUEST], &v);
    for (size_t i = 0; i < count; i++)
        (void)zmq_msg_close(&frames[i]);
    return true;
}
