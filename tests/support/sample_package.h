/* SPDX-License-Identifier: Apache-2.0 */
/* sample_package: a package made in memory from a table of files, by the modules that the manager
 * uses, and the manifest written to disk where a test wants it. Asserts instead of failing. */
#ifndef SAMPLE_PACKAGE_H
#define SAMPLE_PACKAGE_H

#include "manifest.h"
#include "strlist.h"

struct sample_file {
    const char *path;
    enum entry_type type;
    uint32_t mode;
    uint64_t size;
    unsigned seed; /* of the content: equal seeds give equal, incompressible bytes */
    const char *link_target;
};

struct sample_package {
    struct package_info info;
    struct bytes manifest;
    struct chunk *chunks;
    struct bytes *sealed; /* one for each chunk */
    size_t chunk_count;
};

/* Bytes of the content with seed, from offset on. */
void sample_content(unsigned seed, uint64_t offset, uint8_t *out, size_t size);
/* dir is for temporary files. is_lying: the digest of the last file is wrong. */
void sample_package_make(struct sample_package *p, const char *dir, const struct sample_file *files,
                         size_t count, bool is_lying);
void sample_package_clear(struct sample_package *p);
/* Writes the files themselves below tree, as another program would. */
void sample_package_install(const char *tree, const struct sample_file *files, size_t count);
/* Compares what lies below tree, with nothing but the C library. */
void sample_package_compare(const char *tree, const struct sample_file *files, size_t count);

#endif
