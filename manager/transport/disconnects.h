/* SPDX-License-Identifier: Apache-2.0 */
/* disconnects: hears from libzmq when a connection of a socket ended. Thread: the socket's. */
#ifndef DISCONNECTS_H
#define DISCONNECTS_H

#include <stdbool.h>

#include "err.h"

/* endpoint is inproc://NAME, of its own. *out is to be polled, and closed with zmq_close. */
MUST_CHECK enum err disconnects_open(void *context, void *socket, const char *endpoint, void **out,
                                     struct error *e);
/* The descriptor of one ended connection; false when no news waits. */
bool disconnects_next(void *monitor, int *fd);

#endif
