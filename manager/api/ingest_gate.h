/* SPDX-License-Identifier: Apache-2.0 */
/* ingest_gate: how many packages are made at a time. Making one keeps a thread of the HTTP pool
 * busy, so only so many may run or wait for their turn that threads are left. Thread: any. */
#ifndef INGEST_GATE_H
#define INGEST_GATE_H

#include "cleanup.h"
#include "err.h"

enum { INGESTS_RUNNING = 2, INGESTS_WAITING = 6 };

struct ingest_gate;
/* NULL: no memory. */
struct ingest_gate *ingest_gate_new(void);
/* Nobody is inside. NULL is fine. */
void ingest_gate_free(struct ingest_gate *g);
/* Waits for its turn. ERR_UNAVAILABLE when too many wait already, or after ingest_gate_close. */
MUST_CHECK enum err ingest_gate_enter(struct ingest_gate *g, struct error *e);
void ingest_gate_leave(struct ingest_gate *g);
/* Nobody waits or enters any more. */
void ingest_gate_close(struct ingest_gate *g);

#endif
