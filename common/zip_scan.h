/* SPDX-License-Identifier: Apache-2.0 */
/* zip_scan: counts the entries of a zip archive before libarchive reads its whole directory into
 * memory. Part of archive_reader. */
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

/* ERR_TOO_LARGE when the directory has more than entries_max entries. ERR_OK for all else, also for
 * what is no zip: reading it tells. */
MUST_CHECK enum err zip_scan(const struct zip_input *in, uint64_t entries_max, struct error *e);

#endif
