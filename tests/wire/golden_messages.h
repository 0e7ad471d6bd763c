/* SPDX-License-Identifier: Apache-2.0 */
/* golden_messages: the same messages written by protobuf-c and by nanopb, for comparison byte by
 * byte. test_python_decodes.py holds what they must mean. */
#ifndef GOLDEN_MESSAGES_H
#define GOLDEN_MESSAGES_H

#include <stddef.h>
#include <stdint.h>

enum { GOLDEN_SIZE = 1024 };

struct golden {
    const char *name; /* of the message type in hivecast.v1 */
    size_t (*with_protobuf_c)(uint8_t *out);
    size_t (*with_nanopb)(uint8_t *out); /* 0: failed */
};

extern const struct golden goldens[];
extern const size_t golden_count;

#endif
