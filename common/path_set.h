/* SPDX-License-Identifier: Apache-2.0 */
/* path_set: the paths of an archive that were seen, 16 bytes each whatever their length. A path is
 * known by a keyed hash over its components, so nobody can make two paths collide. Part of
 * archive_reader. */
#ifndef PATH_SET_H
#define PATH_SET_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

enum path_kind {
    PATH_UNKNOWN,
    PATH_DIRECTORY, /* also one that only appears as the parent of another path */
    PATH_FILE,
    PATH_LINK,
};

struct path_slot {
    uint64_t id[2]; /* both 0: free; the lowest bits of id[0] hold kind and "listed" */
};

/* Zero-initialised is empty, but for the key. */
struct path_set {
    struct path_slot *slots;
    size_t capacity;
    size_t count;
    size_t max;
    uint8_t key[16];
};

/* At most max paths, parents included. */
void path_set_init(struct path_set *s, size_t max);
void path_set_clear(struct path_set *s);
/* Adds path (checked by manifest_check_path) and its parents. ERR_INVALID when it is there already,
 * or below something that is no directory; ERR_TOO_LARGE beyond max. */
MUST_CHECK enum err path_set_add(struct path_set *s, const char *path, enum path_kind kind,
                                 struct error *e);
enum path_kind path_set_find(const struct path_set *s, const char *path);

#endif
