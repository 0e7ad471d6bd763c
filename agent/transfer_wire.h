/* SPDX-License-Identifier: Apache-2.0 */
/* transfer_wire: what a job asks for and gets, as messages of the bulk connection. Thread: the
 * loop's. */
#ifndef TRANSFER_WIRE_H
#define TRANSFER_WIRE_H

#include "transfer_job.h"

MUST_CHECK enum err transfer_wire_ask(struct dealer *d, uint32_t call_id,
                                      const struct transfer_job *j, const struct transfer_ask *a,
                                      struct error *e);
/* A response that is no failure. */
MUST_CHECK enum err transfer_wire_answer(struct transfer_job *j, struct rpc_message *m,
                                         struct error *e);

#endif
