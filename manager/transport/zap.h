/* SPDX-License-Identifier: Apache-2.0 */
/* zap: answers the handshakes of all server sockets (ZeroMQ RFC 27): CURVE with the key of a
 * registered target is accepted, all else refused. Thread: core. */
#ifndef ZAP_H
#define ZAP_H

#include "registry.h"

#define ZAP_DOMAIN "hivecast"

struct zap {
    void *socket;
    uint64_t serial;  /* of the last accepted handshake */
    uint64_t refused; /* since the start */
};

MUST_CHECK enum err zap_open(struct zap *z, void *context, struct error *e);
void zap_close(struct zap *z);
/* Answers one waiting handshake; false when none waits. */
bool zap_answer(struct zap *z, const struct registry *registry);

#endif
