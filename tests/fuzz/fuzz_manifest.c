/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest as an agent reads it from its disk: the file is the input, the counts are what its
 * header claims. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(struct manifest_reader *r)
{
    static struct entry entry;
    struct chunk chunk;
    struct error e;
    bool more = true;
    while (more && manifest_reader_entry(r, &entry, &more, &e) == ERR_OK) {
    }
    more = true;
    while (more && manifest_reader_chunk(r, &chunk, &more, &e) == ERR_OK) {
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4)
        return 0;
    AUTO_CLOSE int fd = memfd_create("manifest", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data + 4, size - 4) != (ssize_t)(size - 4))
        abort();
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    /* Small counts, so that the header can agree with them. */
    struct package_info info = {
        .manifest_size = size - 4,
        .entry_count = data[0],
        .chunk_count = data[1],
        .content_size = (uint64_t)data[2] << data[3] % 32,
    };
    struct error e;
    AUTO(manifest_reader_free) struct manifest_reader *r = NULL;
    if (manifest_reader_open(path, &info, &r, &e) == ERR_OK) {
        read_all(r);
        manifest_reader_rewind(r);
        read_all(r);
    }
    return 0;
}
