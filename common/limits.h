/* SPDX-License-Identifier: Apache-2.0 */
/* limits: sizes that both sides of the wire agree on (docs/protocol.md lists them). */
/* The <limits.h> of gcc looks for the one of the system behind itself and finds this file first. */
#ifdef _GCC_NEXT_LIMITS_H
#include_next <limits.h>
#endif
#ifndef LIMITS_H
#define LIMITS_H

enum {
    /* Longest texts without, and arrays with, the terminating NUL. */
    ID_MAX = 64,
    ID_SIZE = ID_MAX + 1,
    TAG_MAX = 64,
    TAGS_MAX = 32,
    TAGS_SIZE = 1024,
    DESCRIPTION_MAX = 256,
    DESCRIPTION_SIZE = DESCRIPTION_MAX + 1,
    COMMAND_MAX = 8192,
    COMMANDS_MAX = 64,
    SELECTOR_IDS_MAX = 10000,
    PATH_LENGTH_MAX = 4095,
    PATH_COMPONENT_MAX = 255,
    LINE_MAX_BYTES = 4096,
    MESSAGE_TEXT_SIZE = 256,

    KEY_BYTES = 32,
    DIGEST_BYTES = 32,

    /* Content-defined chunking. */
    CHUNK_MIN = 16 * 1024,
    CHUNK_AVERAGE = 64 * 1024,
    CHUNK_MAX = 256 * 1024,
    /* A sealed chunk: what zstd may add to an incompressible one, and the tag. */
    SEALED_MAX = CHUNK_MAX + 2048,
    MANIFEST_RECORD_MAX = 16 * 1024,
    MANIFEST_PIECE = 64 * 1024,
    MANIFEST_MAX_BYTES = 256 * 1024 * 1024,
    PACKAGE_ENTRIES_MAX = 250000,

    /* Frames: a control message of all its frames; a bulk request; chunks in one bulk request; bulk
     * requests of one agent under way. */
    CONTROL_MESSAGE_MAX = 1024 * 1024,
    BULK_REQUEST_MAX = 4 * 1024,
    CHUNK_REQUEST_MAX = 16,
    BULK_REQUESTS_MAX = 4,
    REPORT_BATCH_BYTES = 256 * 1024,
};

#endif
