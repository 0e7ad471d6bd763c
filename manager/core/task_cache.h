/* SPDX-License-Identifier: Apache-2.0 */
/* task_cache: the few tasks in use, so that ten thousand targets that fetch the same one read it
 * from the store once. Tasks do not change but for is_stopped, which nobody takes from here.
 * Part of task_manager. Thread: core only. */
#ifndef TASK_CACHE_H
#define TASK_CACHE_H

#include "store.h"

enum { TASK_CACHE_SIZE = 4 };

/* Zero-initialised is empty. */
struct task_cache {
    struct task tasks[TASK_CACHE_SIZE];
    uint64_t used[TASK_CACHE_SIZE];
    uint64_t clock;
};

void task_cache_clear(struct task_cache *c);
/* *out is borrowed until the next call. ERR_NOT_FOUND. */
MUST_CHECK enum err task_cache_get(struct task_cache *c, struct store *store, const char *id,
                                   const struct task **out, struct error *e);
void task_cache_drop(struct task_cache *c, const char *id);

#endif
