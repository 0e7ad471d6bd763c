/* SPDX-License-Identifier: Apache-2.0 */
/* keys: Curve25519 key pairs of ZeroMQ and random secrets, in files of mode 0600. */
#ifndef KEYS_H
#define KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "limits.h"

enum { KEY_Z85_SIZE = 41 };

struct key_pair {
    uint8_t public_key[KEY_BYTES];
    uint8_t secret_key[KEY_BYTES];
};

/* libsodium, once per process, before any other function here or in seal.h. */
MUST_CHECK enum err keys_init(struct error *e);
/* Reads the pair at path, or makes one and writes it. ERR_CORRUPT for a damaged file,
 * ERR_FORBIDDEN when others may read it. */
MUST_CHECK enum err keys_load_or_create(const char *path, struct key_pair *out, struct error *e);
/* The same for size random bytes. */
MUST_CHECK enum err keys_secret_load_or_create(const char *path, uint8_t *out, size_t size,
                                               struct error *e);
/* Z85 as in ZeroMQ RFC 32, 40 characters for 32 bytes. Errors: ERR_INVALID. */
void keys_z85_encode(const uint8_t key[static KEY_BYTES], char out[static KEY_Z85_SIZE]);
MUST_CHECK enum err keys_z85_decode(const char *text, uint8_t out[static KEY_BYTES],
                                    struct error *e);
/* Lower-case hex, NUL-terminated: out holds 2 * size + 1. */
void keys_hex(const uint8_t *data, size_t size, char *out);

#endif
