/* SPDX-License-Identifier: Apache-2.0 */
/* package_source: what all sources share, and the one that reads an archive.
 * package_source_paths.c reads a directory. */
#include "package_source.h"

struct archive_source {
    struct package_source source; /* first */
    struct archive_reader *reader;
};

static struct archive_source *of(struct package_source *s)
{
    return (struct archive_source *)s;
}

static enum err archive_next(struct package_source *s, struct entry *out, bool *more,
                             struct error *e)
{
    return archive_reader_next(of(s)->reader, out, more, e);
}

static enum err archive_read(struct package_source *s, uint8_t *buffer, size_t size, size_t *got,
                             struct error *e)
{
    return archive_reader_read(of(s)->reader, buffer, size, got, e);
}

static void archive_free(struct package_source *s)
{
    archive_reader_free(of(s)->reader);
    free(of(s));
}

static const struct package_source_ops archive_ops = {archive_next, archive_read, archive_free};

enum err package_source_archive(struct archive_reader *take_reader, struct package_source **out,
                                struct error *e)
{
    AUTO(archive_reader_free) struct archive_reader *reader = take_reader;
    struct archive_source *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory to read an archive");
    s->source.ops = &archive_ops;
    s->reader = TAKE(reader);
    *out = &s->source;
    return ERR_OK;
}

void package_source_free(struct package_source *s)
{
    if (s != NULL)
        s->ops->free(s);
}
