/* SPDX-License-Identifier: Apache-2.0 */
/* store_memory: everything in memory, for tests. Handles opened with the same path share it. */
#ifndef STORE_MEMORY_H
#define STORE_MEMORY_H

#include "store.h"

MUST_CHECK enum err store_memory_open(const char *path, struct store **out, struct error *e);
MUST_CHECK enum err store_memory_open_reader(const char *path, struct store **out, struct error *e);

#endif
