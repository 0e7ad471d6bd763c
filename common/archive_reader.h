/* SPDX-License-Identifier: Apache-2.0 */
/* archive_reader: tar, tar.gz, tar.zst, tar.xz, tar.bz2 and zip through libarchive, one entry at a
 * time, refusing what must not reach a target: absolute or escaping names and links, devices,
 * sockets, fifos, setuid/setgid, encrypted entries, more entries or bytes than allowed, bombs,
 * truncated input, xz with a dictionary beyond 64 MiB. Errors are ERR_INVALID, ERR_TOO_LARGE or
 * ERR_CORRUPT and name the entry. A library of its own (component archive_reader): only the manager
 * and the CLI link it. */
#ifndef ARCHIVE_READER_H
#define ARCHIVE_READER_H

#include <stdint.h>

#include "manifest.h"

struct archive_limits {
    uint64_t content_max; /* bytes of all files together */
    uint64_t entries_max;
    uint32_t
        ratio_max; /* content bytes per archive byte, looked at beyond 256 MiB of content; 0: any */
};

struct archive_reader;
/* Of an open descriptor (not taken), or of memory (borrowed until free). */
MUST_CHECK enum err archive_reader_open_fd(int fd, const struct archive_limits *limits,
                                           struct archive_reader **out, struct error *e);
MUST_CHECK enum err archive_reader_open_memory(const void *data, size_t size,
                                               const struct archive_limits *limits,
                                               struct archive_reader **out, struct error *e);
void archive_reader_free(struct archive_reader *r);
AUTO_DEFINE(struct archive_reader *, archive_reader_free)
/* The next entry, size as the archive tells (0 when it tells none: the content is what counts);
 * *more is false at the end. Leading "./" and trailing "/" are removed; an entry for the root
 * itself is skipped. The same path twice is ERR_INVALID, and so is a path below an entry that is no
 * directory. Missing parent directories are fine. */
MUST_CHECK enum err archive_reader_next(struct archive_reader *r, struct entry *out, bool *more,
                                        struct error *e);
/* Content of the present file; *got 0 at its end. */
MUST_CHECK enum err archive_reader_read(struct archive_reader *r, uint8_t *buffer, size_t size,
                                        size_t *got, struct error *e);

#endif
