/* SPDX-License-Identifier: Apache-2.0 */
/* assess: whether this device can take a task, before anything is fetched. */
#ifndef ASSESS_H
#define ASSESS_H

#include "agent_model.h"

struct resources {
    uint64_t disk_free_bytes; /* for us, where the data directory is */
    uint64_t memory_total_bytes;
    uint64_t memory_available_bytes;
};

/* Of this machine, now. */
MUST_CHECK enum err assess_read(const char *data_dir, struct resources *out, struct error *e);
/* ERR_NO_SPACE or ERR_UNSUITABLE with the numbers: "needs 120 MB of disk, 80 MB are free".
 * kept_free_bytes of the disk are not to be used. */
MUST_CHECK enum err assess_task(const struct announcement *a, const struct resources *r,
                                uint64_t kept_free_bytes, struct error *e);
/* Disk that a package takes. */
uint64_t assess_disk_bytes(const struct package_info *p);

#endif
