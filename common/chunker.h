/* SPDX-License-Identifier: Apache-2.0 */
/* chunker: content-defined cuts of a byte stream, so that equal content gives equal chunks wherever
 * it stands. FastCDC with normalised chunking (Xia et al., USENIX ATC 2016): gear hash, level 2,
 * sizes from limits.h. The gear table is derived from BLAKE2b, see chunker.c, and is part of the
 * format. */
#ifndef CHUNKER_H
#define CHUNKER_H

#include <stddef.h>
#include <stdint.h>

/* Length of the first chunk of data, which must hold CHUNK_MAX bytes or be all that is left. */
size_t chunker_cut(const uint8_t *data, size_t size);

#endif
