/* SPDX-License-Identifier: Apache-2.0 */
/* package_cache: the packages that are being fetched, kept open; and whether a target may.
 * Thread: bulk. */
#ifndef PACKAGE_CACHE_H
#define PACKAGE_CACHE_H

#include "package_store.h"
#include "store.h"

struct package_cache;
/* Takes reader, a read-only handle; borrows packages. NULL: no memory (reader is closed). */
struct package_cache *package_cache_new(struct store *take_reader, struct package_store *packages);
void package_cache_free(struct package_cache *c);
AUTO_DEFINE(struct package_cache *, package_cache_free)

/* ERR_FORBIDDEN unless the task is meant for the target and neither was ended. */
MUST_CHECK enum err package_cache_entitled(struct package_cache *c, const char *task_id,
                                           const char *target_id, struct error *e);
/* Borrowed until the next call. ERR_NOT_FOUND for a task without files. */
MUST_CHECK enum err package_cache_get(struct package_cache *c, const char *task_id,
                                      struct package **out, struct error *e);

#endif
