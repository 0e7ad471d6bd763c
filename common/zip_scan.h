/* SPDX-License-Identifier: Apache-2.0 */
/* zip_scan: looks at the directory of a zip archive before libarchive reads all of it into memory:
 * how many entries it has, and whether it tells the same sizes as the entries themselves. Part of
 * archive_reader. */
#ifndef ZIP_SCAN_H
#define ZIP_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

/* A file, or memory when data is not NULL. */
struct zip_input {
    int fd;
    const uint8_t *data;
    uint64_t size;
};

/* ERR_TOO_LARGE when the directory has more than entries_max entries, ERR_CORRUPT when sizes
 * differ. ERR_OK for all else, also for what is no zip: reading it tells. */
MUST_CHECK enum err zip_scan(const struct zip_input *in, uint64_t entries_max, struct error *e);

#endif
