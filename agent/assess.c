/* SPDX-License-Identifier: Apache-2.0 */
#include "assess.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "identity.h"

enum { KIB = 1024, MB = 1000 * 1000, BLOCK_BYTES = 4096 };

static enum err read_memory(struct resources *out, struct error *e)
{
    FILE *file = fopen("/proc/meminfo", "re");
    if (file == NULL)
        return error_errno(e, "open /proc/meminfo");
    char line[128];
    uint64_t kib;
    while (fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "MemTotal: %" SCNu64, &kib) == 1)
            out->memory_total_bytes = kib * KIB;
        else if (sscanf(line, "MemAvailable: %" SCNu64, &kib) == 1)
            out->memory_available_bytes = kib * KIB;
    }
    fclose(file);
    return ERR_OK;
}

enum err assess_read(const char *data_dir, struct resources *out, struct error *e)
{
    struct statvfs disk;
    if (statvfs(data_dir, &disk) != 0)
        return error_errno(e, "look at the disk of %s", data_dir);
    struct resources r = {.disk_free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize};
    enum err err = read_memory(&r, e);
    if (err == ERR_OK)
        *out = r;
    return err;
}

uint64_t assess_disk_bytes(const struct package_info *p)
{
    uint64_t bytes = p->manifest_size + p->entry_count * BLOCK_BYTES;
    return bytes > UINT64_MAX - p->content_size ? UINT64_MAX : bytes + p->content_size;
}

static uint64_t megabytes(uint64_t bytes)
{
    return bytes / MB + (bytes % MB != 0);
}

enum err assess_task(const struct announcement *a, const struct resources *r,
                     uint64_t kept_free_bytes, struct error *e)
{
    if (a->architecture[0] != '\0' && strcmp(a->architecture, identity_architecture()) != 0)
        return error_set(e, ERR_UNSUITABLE, "needs architecture %s, this is %s", a->architecture,
                         identity_architecture());
    if (a->memory_bytes > r->memory_available_bytes)
        return error_set(e, ERR_UNSUITABLE,
                         "needs %" PRIu64 " MB of memory, %" PRIu64 " MB are available",
                         megabytes(a->memory_bytes), r->memory_available_bytes / MB);
    if (!a->has_package)
        return ERR_OK;
    uint64_t left = r->disk_free_bytes > kept_free_bytes ? r->disk_free_bytes - kept_free_bytes : 0;
    uint64_t needed = assess_disk_bytes(&a->package);
    if (needed > left)
        return error_set(e, ERR_NO_SPACE, "needs %" PRIu64 " MB of disk, %" PRIu64 " MB are free",
                         megabytes(needed), left / MB);
    return ERR_OK;
}
