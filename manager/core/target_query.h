/* SPDX-License-Identifier: Apache-2.0 */
/* target_query: choosing targets of an index: a page of a listing, or those of a selector. Part of
 * registry, whose header tells what the functions promise. Thread: core only. */
#ifndef TARGET_QUERY_H
#define TARGET_QUERY_H

#include "registry.h"
#include "target_index.h"

MUST_CHECK enum err target_query_page(const struct target_index *x, const struct target_query *q,
                                      uint64_t *total, store_target_fn *fn, void *arg,
                                      struct error *e);
/* Uses the marks of the nodes. */
void target_query_match(const struct target_index *x, const struct selector *s, store_target_fn *fn,
                        void *arg);

#endif
