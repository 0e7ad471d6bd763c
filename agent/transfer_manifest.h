/* SPDX-License-Identifier: Apache-2.0 */
/* transfer_manifest: brings one manifest to disk piece by piece, going on with what is there, and
 * checks its digest. Knows no network: it says what to ask for. Thread: the loop's. */
#ifndef TRANSFER_MANIFEST_H
#define TRANSFER_MANIFEST_H

#include "manifest.h"

struct transfer_manifest;
/* path and package are borrowed. */
MUST_CHECK enum err transfer_manifest_open(const char *path, const struct package_info *package,
                                           struct transfer_manifest **out, struct error *e);
void transfer_manifest_free(struct transfer_manifest *m);
AUTO_DEFINE(struct transfer_manifest *, transfer_manifest_free)
/* Checks a piece of what is there. *more is false when there is nothing to do but to wait for
 * pieces, or nothing at all. ERR_CORRUPT when what came twice had a wrong digest. */
MUST_CHECK enum err transfer_manifest_step(struct transfer_manifest *m, bool *more,
                                           struct error *e);
bool transfer_manifest_is_whole(const struct transfer_manifest *m);
/* The next piece to ask for; false when enough are under way. */
bool transfer_manifest_ask(struct transfer_manifest *m, uint64_t *offset);
/* What was asked for will not come. */
void transfer_manifest_lost(struct transfer_manifest *m);
/* A piece; one that does not fit where we are is ignored. */
MUST_CHECK enum err transfer_manifest_piece(struct transfer_manifest *m, uint64_t offset,
                                            uint64_t total, const uint8_t *data, size_t size,
                                            struct error *e);

#endif
