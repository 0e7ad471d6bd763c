/* SPDX-License-Identifier: Apache-2.0 */
/* control_dispatch: one message of an agent on the control socket: who sent it, whether it may,
 * what it asks, and the answer into the queue of the turn. Thread: core. */
#ifndef CONTROL_DISPATCH_H
#define CONTROL_DISPATCH_H

#include "manager_service.h"
#include "outgoing.h"
#include "revoked.h"

/* Routing id, envelope, body, raw. */
enum { CONTROL_FRAMES = 4 };

struct control_dispatch {
    struct manager_service service;
    struct outgoing *outgoing;
    const struct revoked *revoked;
};

/* Takes the frames. Must be inside a turn. */
void control_dispatch(struct control_dispatch *d, zmq_msg_t *take_frames, size_t count);

#endif
