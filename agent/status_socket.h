/* SPDX-License-Identifier: Apache-2.0 */
/* status_socket: DIR/agent.sock, where the running agent tells whoever may enter the data directory
 * what it does: lines of "key value". Nothing is written to disk for it. Thread: the loop's. */
#ifndef STATUS_SOCKET_H
#define STATUS_SOCKET_H

#include <sys/un.h>

#include "loop.h"
#include "strlist.h"

/* Appends the answer to out. */
typedef enum err status_text_fn(void *arg, struct bytes *out, struct error *e);

struct status_socket;
/* Borrows loop. A socket that an earlier life left is replaced. */
MUST_CHECK enum err status_socket_new(struct loop *loop, const char *data_dir, status_text_fn *fn,
                                      void *arg, struct status_socket **out, struct error *e);
void status_socket_free(struct status_socket *s);
AUTO_DEFINE(struct status_socket *, status_socket_free)

/* Asks a running agent; appends the answer. ERR_UNAVAILABLE when none runs. */
MUST_CHECK enum err status_socket_ask(const char *data_dir, struct bytes *out, struct error *e);

#endif
