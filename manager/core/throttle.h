/* SPDX-License-Identifier: Apache-2.0 */
/* throttle: how many wrong tries are allowed, per address and in all: small bursts, then a few per
 * second. The total bounds the table: addresses with something on their account are always fewer
 * than it holds. Thread: the owner's. */
#ifndef THROTTLE_H
#define THROTTLE_H

#include <stdint.h>

#include "model.h"

enum {
    THROTTLE_ADDRESS_PER_S = 3,
    THROTTLE_ADDRESS_BURST = 5,
    THROTTLE_ALL_PER_S = 10,
    THROTTLE_ALL_BURST = 20,
    THROTTLE_ADDRESSES = 64,
};

/* Wrong tries not forgiven yet, in thousandths, as of at_ms. */
struct account {
    char address[ADDRESS_SIZE];
    int64_t debt;
    int64_t at_ms;
};

/* Zero-initialised is ready. */
struct throttle {
    struct account all;
    struct account addresses[THROTTLE_ADDRESSES];
};

/* Milliseconds until the next try is allowed; 0: now. */
int64_t throttle_wait_ms(const struct throttle *t, const char *address, int64_t now_ms);
/* A try was wrong. */
void throttle_count(struct throttle *t, const char *address, int64_t now_ms);

#endif
