/* SPDX-License-Identifier: Apache-2.0 */
/* package_source: where the files of a package come from, one entry at a time: an archive, or paths
 * below a directory. Both refuse what archive_reader.h refuses. */
#ifndef PACKAGE_SOURCE_H
#define PACKAGE_SOURCE_H

#include "archive_reader.h"
#include "strlist.h"

struct package_source;

struct package_source_ops {
    /* The next entry (digest unset); *more is false at the end. */
    enum err (*next)(struct package_source *, struct entry *out, bool *more, struct error *);
    /* Content of the present file; *got 0 at its end. */
    enum err (*read)(struct package_source *, uint8_t *buffer, size_t size, size_t *got,
                     struct error *);
    void (*free)(struct package_source *);
};

struct package_source {
    const struct package_source_ops *ops;
};

/* Takes the reader. */
MUST_CHECK enum err package_source_archive(struct archive_reader *take_reader,
                                           struct package_source **out, struct error *e);
/* The files and trees at paths (relative to root, checked with manifest_check_path, resolved
 * beneath root without following links); a directory's content becomes the top of the package, a
 * file keeps its base name. */
MUST_CHECK enum err package_source_paths(const char *root, const struct strlist *paths,
                                         const struct archive_limits *limits,
                                         struct package_source **out, struct error *e);
void package_source_free(struct package_source *s);
AUTO_DEFINE(struct package_source *, package_source_free)

#endif
