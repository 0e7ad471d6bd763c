/* SPDX-License-Identifier: Apache-2.0 */
/* faulty_store: a store that passes everything on to another one, but fails the nth call. */
#ifndef FAULTY_STORE_H
#define FAULTY_STORE_H

#include "store.h"

struct faulty_store {
    struct store store; /* pass this one; must be first */
    struct store *inner;
    size_t calls;   /* so far, of those that can fail */
    size_t fail_at; /* this call fails, counted from 1; 0: none */
    bool fails_commits;
    enum err code; /* how it fails */
};

/* Takes inner, which is closed with it; f is the caller's memory. */
void faulty_store_init(struct faulty_store *f, struct store *take_inner);

#endif
