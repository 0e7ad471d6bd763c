/* SPDX-License-Identifier: Apache-2.0 */
#include "store_backends.h"

#include <string.h>

#include "store_memory.h"
#include "store_sqlite.h"

const struct store_backend store_backends[] = {
    {"memory", false, store_memory_open, store_memory_open_reader},
    {"sqlite", true, store_sqlite_open, store_sqlite_open_reader},
};
const size_t store_backend_count = sizeof(store_backends) / sizeof(store_backends[0]);

static const struct store_backend *find(const char *kind)
{
    for (size_t i = 0; i < store_backend_count; i++) {
        if (strcmp(store_backends[i].kind, kind) == 0)
            return &store_backends[i];
    }
    return NULL;
}

enum err store_open(const char *kind, const char *path, struct store **out, struct error *e)
{
    const struct store_backend *backend = find(kind);
    if (backend == NULL)
        return error_set(e, ERR_NOT_FOUND, "there is no kind of store named %s", kind);
    return backend->open(path, out, e);
}

enum err store_open_reader(const char *kind, const char *path, struct store **out, struct error *e)
{
    const struct store_backend *backend = find(kind);
    if (backend == NULL)
        return error_set(e, ERR_NOT_FOUND, "there is no kind of store named %s", kind);
    return backend->open_reader(path, out, e);
}
