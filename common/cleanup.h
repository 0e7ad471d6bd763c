/* SPDX-License-Identifier: Apache-2.0 */
/* cleanup: scope-bound release of resources.
 * AUTO_DEFINE(struct x *, x_free) makes AUTO(x_free) usable on a variable of that type; AUTO_FREE,
 * AUTO_CLOSE are the common cases. Values that are NULL (or -1 for descriptors) are left alone. */
#ifndef CLEANUP_H
#define CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))

#define AUTO(fn) __attribute__((cleanup(fn##_auto)))
#define AUTO_DEFINE(type, fn)                                                                      \
    __attribute__((unused)) static inline void fn##_auto(type *place)                              \
    {                                                                                              \
        if (*place != NULL)                                                                        \
            fn(*place);                                                                            \
    }

static inline void cleanup_free_auto(void *place)
{
    free(*(void **)place);
}

static inline void cleanup_close_auto(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

#define AUTO_FREE AUTO(cleanup_free)
#define AUTO_CLOSE AUTO(cleanup_close)

/* Hands the value out of its scope: return TAKE(text); leaves NULL behind. */
#define TAKE(place)                                                                                \
    __extension__({                                                                                \
        __typeof__(place) taken_ = (place);                                                        \
        (place) = NULL;                                                                            \
        taken_;                                                                                    \
    })

/* The same for a descriptor; leaves -1 behind. */
static inline int take_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

#endif
