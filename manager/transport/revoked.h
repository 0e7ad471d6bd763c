/* SPDX-License-Identifier: Apache-2.0 */
/* revoked: targets that were removed, and the last handshake that was accepted for each before. A
 * connection older than that has no rights, even when the id was registered again since.
 * Thread: the owner's. */
#ifndef REVOKED_H
#define REVOKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "limits.h"

struct revocation {
    char target_id[ID_SIZE];
    uint64_t serial;
};

/* Zero-initialised is empty. */
struct revoked {
    struct revocation *items;
    size_t count;
};

MUST_CHECK enum err revoked_add(struct revoked *r, const char *target_id, uint64_t serial,
                                struct error *e);
bool revoked_has(const struct revoked *r, const char *target_id, uint64_t serial);
void revoked_clear(struct revoked *r);

#endif
