/* SPDX-License-Identifier: Apache-2.0 */
/* packer: a directory as a stream of tar.zst, made while it is read. Entries are in the order of
 * their names, without owner, so that equal trees give equal streams. Thread: the caller's. */
#ifndef PACKER_H
#define PACKER_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct packer;
MUST_CHECK enum err packer_new(const char *dir, struct packer **out, struct error *e);
void packer_free(struct packer *p);
AUTO_DEFINE(struct packer *, packer_free)
/* At most size bytes; *got 0 at the end. ERR_INVALID names what cannot be packed. */
MUST_CHECK enum err packer_read(struct packer *p, char *buffer, size_t size, size_t *got,
                                struct error *e);
/* Bytes of file content that were packed so far. */
uint64_t packer_done(const struct packer *p);
/* Bytes of all regular files below dir, for progress. */
MUST_CHECK enum err packer_measure(const char *dir, uint64_t *bytes, struct error *e);

#endif
