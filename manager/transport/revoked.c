/* SPDX-License-Identifier: Apache-2.0 */
/* revoked: see revoked.h. Removals are rare and the list is asked once per connection, so it is a
 * plain array. */
#include "revoked.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct revocation *find(const struct revoked *r, const char *target_id)
{
    for (size_t i = 0; i < r->count; i++) {
        if (strcmp(r->items[i].target_id, target_id) == 0)
            return &r->items[i];
    }
    return NULL;
}

enum err revoked_add(struct revoked *r, const char *target_id, uint64_t serial, struct error *e)
{
    struct revocation *known = find(r, target_id);
    if (known != NULL) {
        known->serial = serial;
        return ERR_OK;
    }
    struct revocation *items = realloc(r->items, (r->count + 1) * sizeof(*items));
    if (items == NULL)
        return error_set(e, ERR_NO_MEMORY, "remember that target %s is removed", target_id);
    r->items = items;
    (void)snprintf(items[r->count].target_id, ID_SIZE, "%s", target_id);
    items[r->count++].serial = serial;
    return ERR_OK;
}

bool revoked_has(const struct revoked *r, const char *target_id, uint64_t serial)
{
    const struct revocation *known = find(r, target_id);
    return known != NULL && serial <= known->serial;
}

void revoked_clear(struct revoked *r)
{
    free(r->items);
    memset(r, 0, sizeof(*r));
}
