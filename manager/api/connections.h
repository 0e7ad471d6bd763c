/* SPDX-License-Identifier: Apache-2.0 */
/* connections: which pool thread serves which connection. libmicrohttpd binds them for good, so a
 * thread that is about to be busy for long lets go of those that wait for a next request: their
 * clients connect again, to a thread that is free. Thread: any. */
#ifndef CONNECTIONS_H
#define CONNECTIONS_H

#include <microhttpd.h>
#include <stdbool.h>

#include "cleanup.h"

struct connections;
/* NULL: no memory. */
struct connections *connections_new(void);
/* The daemon has stopped. NULL is fine. */
void connections_free(struct connections *s);
/* For MHD_OPTION_NOTIFY_CONNECTION; cls: connections. */
void connections_notify(void *cls, struct MHD_Connection *connection, void **socket_context,
                        enum MHD_ConnectionNotificationCode code);
/* A request of the connection begins or ends; called on its thread. */
void connections_mark(struct MHD_Connection *connection, bool is_busy);
/* Closes the idle connections of the calling thread. */
void connections_let_go(struct connections *s);

#endif
