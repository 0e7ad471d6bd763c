/* SPDX-License-Identifier: Apache-2.0 */
/* reader_pool: read-only store handles for HTTP threads, opened when needed and kept for the next
 * one. Thread: any; a handle belongs to one thread between take and give. One leaf lock. */
#ifndef READER_POOL_H
#define READER_POOL_H

#include "http_server.h"

struct reader_pool;
struct reader_pool *reader_pool_new(http_reader_fn *open, void *arg);
/* All handles are back. NULL is fine. */
void reader_pool_free(struct reader_pool *p);
AUTO_DEFINE(struct reader_pool *, reader_pool_free)

/* A handle on loan: AUTO(reader_return) struct reader r = {0}; reader_take(pool, &r, e). */
struct reader {
    struct reader_pool *pool;
    struct store *store;
};
MUST_CHECK enum err reader_take(struct reader_pool *p, struct reader *out, struct error *e);
void reader_return_auto(struct reader *r);

#endif
