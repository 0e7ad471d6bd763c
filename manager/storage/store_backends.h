/* SPDX-License-Identifier: Apache-2.0 */
/* store_backends: the kinds of store there are, by name ("memory", "sqlite"), and how one is
 * opened. Only main.c and tests choose; everybody else sees store.h. */
#ifndef STORE_BACKENDS_H
#define STORE_BACKENDS_H

#include "store.h"

typedef enum err store_open_fn(const char *path, struct store **out, struct error *e);

struct store_backend {
    const char *kind;
    bool is_durable; /* facts outlive the process */
    store_open_fn *open;
    store_open_fn *open_reader;
};

extern const struct store_backend store_backends[];
extern const size_t store_backend_count;

/* Opens the writing handle; makes the store when there is none. ERR_NOT_FOUND for an unknown kind,
 * ERR_UNSUPPORTED when a newer version of this program wrote it, ERR_CORRUPT when it is damaged.
 * path is a file for "sqlite" and any name for "memory", which lives while a handle is open. */
MUST_CHECK enum err store_open(const char *kind, const char *path, struct store **out,
                               struct error *e);
/* A reader of a store whose writing handle is open; one thread at a time, as many as needed. */
MUST_CHECK enum err store_open_reader(const char *kind, const char *path, struct store **out,
                                      struct error *e);
AUTO_DEFINE(struct store *, store_close)

#endif
