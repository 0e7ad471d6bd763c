/* SPDX-License-Identifier: Apache-2.0 */
/* archive_reader: see archive_reader.h. libarchive parses; what it gives is judged here.
 * libarchive converts names by the locale of the process, which in "C" loses every byte beyond
 * ASCII: each call runs under a C.UTF-8 locale of its own thread instead, where names that are not
 * UTF-8 pass as they are. */
#include "archive_reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "names.h"
#include "path_set.h"
#include "xz_input.h"
#include "zip_scan.h"

enum { BLOCK_SIZE = 64 * 1024, DRAIN_SIZE = 16 * 1024, SHOWN_SIZE = 80 };

/* Small archives of zeros are fine; see ratio_max. */
static const uint64_t ratio_looked_at = 256ULL * 1024 * 1024;

struct archive_reader {
    struct archive *archive;
    struct xz_input *xz; /* between the file and libarchive, or NULL */
    struct archive_limits limits;
    locale_t locale;
    struct path_set paths;
    uint64_t entry_count;
    uint64_t content_size;
    bool is_in_hole;       /* libarchive has no more data for the present file */
    uint64_t content_left; /* of the present file, as its header promised */
    bool has_content;      /* of the present entry, not yet read to its end */
    char shown[SHOWN_SIZE];
};

static enum err too_large(struct error *e, const char *what, uint64_t limit)
{
    return error_set(e, ERR_TOO_LARGE, "the archive has more than %llu %s",
                     (unsigned long long)limit, what);
}

static enum err archive_failed(struct archive_reader *r, struct error *e)
{
    const char *reason = archive_error_string(r->archive);
    char text[160];
    names_printable(reason != NULL ? reason : "damaged", text, sizeof(text));
    if (strncmp(text, "Unrecognized", 12) == 0)
        return error_set(e, ERR_INVALID,
                         "no archive: tar, tar.gz, tar.zst, tar.xz, tar.bz2 and zip "
                         "are understood");
    enum err code = r->xz != NULL && xz_input_is_too_large(r->xz) ? ERR_TOO_LARGE : ERR_CORRUPT;
    if (r->shown[0] == '\0')
        return error_set(e, code, "archive: %s", text);
    return error_set(e, code, "archive, at '%s': %s", r->shown, text);
}

/* NULL without memory. */
static struct archive_reader *new_reader(const struct archive_limits *limits, bool is_seekable)
{
    AUTO(archive_reader_free) struct archive_reader *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return NULL;
    r->limits = *limits;
    /* Each entry may bring a parent that is not listed itself. */
    path_set_init(&r->paths, 2 * limits->entries_max + 16);
    r->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    r->archive = archive_read_new();
    if (r->archive == NULL || r->locale == (locale_t)0)
        return NULL;
    struct archive *a = r->archive;
    bool is_ready = archive_read_support_format_tar(a) == ARCHIVE_OK &&
                    archive_read_support_filter_gzip(a) == ARCHIVE_OK &&
                    archive_read_support_filter_zstd(a) == ARCHIVE_OK &&
                    archive_read_support_filter_bzip2(a) == ARCHIVE_OK;
    /* Modes and links of a zip are in the directory at its end. */
    if (is_ready && is_seekable)
        is_ready = archive_read_support_format_zip_seekable(a) == ARCHIVE_OK;
    return is_ready ? TAKE(r) : NULL;
}

static enum err open_xz(struct archive_reader *r, int fd, const void *data, size_t size,
                        struct error *e)
{
    enum err err = xz_input_new(fd, data, size, &r->xz, e);
    if (err != ERR_OK)
        return err;
    if (archive_read_open(r->archive, r->xz, NULL, xz_input_read, NULL) != ARCHIVE_OK)
        return archive_failed(r, e);
    return ERR_OK;
}

enum err archive_reader_open_fd(int fd, const struct archive_limits *limits,
                                struct archive_reader **out, struct error *e)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return error_errno(e, "archive");
    bool is_file = S_ISREG(st.st_mode);
    struct zip_input input = {.fd = fd, .size = (uint64_t)st.st_size};
    enum err err = is_file ? zip_scan(&input, limits->entries_max, e) : ERR_OK;
    if (err != ERR_OK)
        return err;
    AUTO(archive_reader_free) struct archive_reader *r = new_reader(limits, is_file);
    if (r == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory to read an archive");
    uint8_t magic[XZ_MAGIC_SIZE];
    ssize_t got = is_file ? pread(fd, magic, sizeof(magic), lseek(fd, 0, SEEK_CUR)) : 0;
    if (got > 0 && xz_input_recognises(magic, (size_t)got))
        err = open_xz(r, fd, NULL, 0, e);
    else if (archive_read_open_fd(r->archive, fd, BLOCK_SIZE) != ARCHIVE_OK)
        err = archive_failed(r, e);
    if (err != ERR_OK)
        return err;
    *out = TAKE(r);
    return ERR_OK;
}

enum err archive_reader_open_memory(const void *data, size_t size,
                                    const struct archive_limits *limits,
                                    struct archive_reader **out, struct error *e)
{
    struct zip_input input = {.fd = -1, .data = data, .size = size};
    enum err err = zip_scan(&input, limits->entries_max, e);
    if (err != ERR_OK)
        return err;
    AUTO(archive_reader_free) struct archive_reader *r = new_reader(limits, true);
    if (r == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory to read an archive");
    if (xz_input_recognises(data, size))
        err = open_xz(r, -1, data, size, e);
    else if (archive_read_open_memory(r->archive, data, size) != ARCHIVE_OK)
        err = archive_failed(r, e);
    if (err != ERR_OK)
        return err;
    *out = TAKE(r);
    return ERR_OK;
}

void archive_reader_free(struct archive_reader *r)
{
    if (r == NULL)
        return;
    archive_read_free(r->archive);
    xz_input_free(r->xz);
    if (r->locale != (locale_t)0)
        freelocale(r->locale);
    path_set_clear(&r->paths);
    free(r);
}

/* A copy of name without leading "./" and trailing "/"; "" for the root. */
static enum err normalise(const char *name, char out[static PATH_LENGTH_MAX + 1], struct error *e)
{
    if (name == NULL)
        return error_set(e, ERR_INVALID, "an entry without a name");
    while (name[0] == '.' && name[1] == '/')
        name += 2;
    size_t length = strlen(name);
    while (length > 1 && name[length - 1] == '/')
        length--;
    if (length > PATH_LENGTH_MAX)
        return error_set(e, ERR_INVALID, "a path of %zu bytes", length);
    if (length == 1 && name[0] == '.')
        length = 0;
    memcpy(out, name, length);
    out[length] = '\0';
    return ERR_OK;
}

static enum err refuse(const struct archive_reader *r, struct error *e, const char *why)
{
    return error_set(e, ERR_INVALID, "entry '%s' %s", r->shown, why);
}

static enum err read_hardlink(struct archive_reader *r, struct archive_entry *from,
                              struct entry *out, struct error *e)
{
    enum err err = normalise(archive_entry_hardlink(from), out->link_target, e);
    if (err == ERR_OK)
        err = manifest_check_path(out->link_target, e);
    if (err != ERR_OK)
        return error_wrap(e, err, "entry '%s'", r->shown);
    if (path_set_find(&r->paths, out->link_target) != PATH_FILE)
        return refuse(r, e, "is a hard link to something that is no earlier file");
    out->type = ENTRY_HARDLINK;
    return ERR_OK;
}

static enum err read_symlink(struct archive_entry *from, struct entry *out, struct error *e)
{
    const char *target = archive_entry_symlink(from);
    if (target == NULL || strlen(target) > PATH_LENGTH_MAX)
        return error_set(e, ERR_INVALID, "a link without a usable target");
    memcpy(out->link_target, target, strlen(target) + 1);
    out->type = ENTRY_SYMLINK;
    return manifest_check_symlink(out->path, target, e);
}

static enum err read_file(struct archive_reader *r, struct archive_entry *from, struct entry *out,
                          struct error *e)
{
    int64_t size = archive_entry_size_is_set(from) ? archive_entry_size(from) : 0;
    if (size < 0)
        return refuse(r, e, "has a negative size");
    if ((uint64_t)size > r->limits.content_max - r->content_size)
        return too_large(e, "bytes of content", r->limits.content_max);
    out->size = (uint64_t)size;
    out->type = ENTRY_FILE;
    return ERR_OK;
}

static enum err read_type(struct archive_reader *r, struct archive_entry *from, struct entry *out,
                          struct error *e)
{
    if (archive_entry_hardlink(from) != NULL)
        return read_hardlink(r, from, out, e);
    switch (archive_entry_filetype(from)) {
    case AE_IFREG:
        return read_file(r, from, out, e);
    case AE_IFDIR:
        out->type = ENTRY_DIRECTORY;
        return ERR_OK;
    case AE_IFLNK:
        return read_symlink(from, out, e);
    default:
        return refuse(r, e, "is a device, fifo or socket");
    }
}

/* Fills out; its path is "" for the root, which is to be skipped. */
static enum err read_entry(struct archive_reader *r, struct archive_entry *from, struct entry *out,
                           struct error *e)
{
    memset(out, 0, sizeof(*out));
    r->shown[0] = '\0';
    enum err err = normalise(archive_entry_pathname(from), out->path, e);
    if (err != ERR_OK || (out->path[0] == '\0' && archive_entry_filetype(from) == AE_IFDIR))
        return err;
    names_printable(out->path, r->shown, sizeof(r->shown));
    err = manifest_check_path(out->path, e);
    if (err != ERR_OK)
        return err;
    if (archive_entry_is_encrypted(from))
        return refuse(r, e, "is encrypted");
    if ((archive_entry_perm(from) & (S_ISUID | S_ISGID)) != 0)
        return refuse(r, e, "is setuid or setgid");
    err = read_type(r, from, out, e);
    if (err != ERR_OK)
        return err;
    out->mode = archive_entry_perm(from) & 0777;
    out->mtime = archive_entry_mtime_is_set(from) ? archive_entry_mtime(from) : 0;
    enum path_kind kind = out->type == ENTRY_DIRECTORY ? PATH_DIRECTORY
                          : out->type == ENTRY_SYMLINK ? PATH_LINK
                                                       : PATH_FILE;
    return path_set_add(&r->paths, out->path, kind, e);
}

/* A tar that was cut between two entries looks complete but for the zero blocks at its end. */
static enum err check_end(struct archive_reader *r, struct error *e)
{
    bool is_tar = (archive_format(r->archive) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_TAR;
    if (is_tar && archive_filter_bytes(r->archive, 0) <= archive_read_header_position(r->archive))
        return error_set(e, ERR_CORRUPT, "the archive is cut short: it has no end mark");
    return ERR_OK;
}

/* libarchive ends a sparse file with its last data: the hole behind is ours to give. */
static size_t fill_hole(const struct archive_reader *r, uint8_t *buffer, size_t size)
{
    size_t hole = r->content_left < size ? (size_t)r->content_left : size;
    memset(buffer, 0, hole);
    return hole;
}

static enum err check_content(const struct archive_reader *r, struct error *e)
{
    if (r->content_size > r->limits.content_max)
        return too_large(e, "bytes of content", r->limits.content_max);
    uint64_t packed =
        r->xz != NULL ? xz_input_packed(r->xz) : (uint64_t)archive_filter_bytes(r->archive, -1);
    if (r->limits.ratio_max > 0 && r->content_size > ratio_looked_at &&
        r->content_size / r->limits.ratio_max > packed + BLOCK_SIZE)
        return error_set(e, ERR_TOO_LARGE,
                         "the archive unpacks to more than %u times its size: a bomb",
                         r->limits.ratio_max);
    return ERR_OK;
}

static enum err read_content(struct archive_reader *r, uint8_t *buffer, size_t size, size_t *got,
                             struct error *e)
{
    la_ssize_t rc = r->is_in_hole ? 0 : archive_read_data(r->archive, buffer, size);
    if (rc < 0)
        return archive_failed(r, e);
    r->is_in_hole = rc == 0;
    size_t done = rc > 0 ? (size_t)rc : fill_hole(r, buffer, size);
    r->has_content = done > 0;
    r->content_size += done;
    r->content_left -= done < r->content_left ? done : r->content_left;
    enum err err = check_content(r, e);
    if (err == ERR_OK)
        *got = done;
    return err;
}

/* What the caller did not read counts too, or it would be a way around the limits. */
static enum err drain(struct archive_reader *r, struct error *e)
{
    uint8_t buffer[DRAIN_SIZE];
    size_t got = 0;
    enum err err = ERR_OK;
    while (err == ERR_OK && r->has_content)
        err = read_content(r, buffer, sizeof(buffer), &got, e);
    return err;
}

static enum err next(struct archive_reader *r, struct entry *out, bool *more, struct error *e)
{
    enum err err = drain(r, e);
    while (err == ERR_OK) {
        struct archive_entry *from = NULL;
        int rc = archive_read_next_header(r->archive, &from);
        if (rc == ARCHIVE_EOF) {
            *more = false;
            return check_end(r, e);
        }
        /* A warning tells of a name that is not UTF-8, which is allowed. */
        if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
            return archive_failed(r, e);
        if (++r->entry_count > r->limits.entries_max)
            return too_large(e, "entries", r->limits.entries_max);
        err = read_entry(r, from, out, e);
        r->has_content = true;
        r->is_in_hole = false;
        r->content_left = out->size;
        if (err == ERR_OK && out->path[0] != '\0') {
            *more = true;
            return ERR_OK;
        }
        if (err == ERR_OK)
            err = drain(r, e);
    }
    return err;
}

enum err archive_reader_next(struct archive_reader *r, struct entry *out, bool *more,
                             struct error *e)
{
    locale_t before = uselocale(r->locale);
    enum err err = next(r, out, more, e);
    uselocale(before);
    return err;
}

enum err archive_reader_read(struct archive_reader *r, uint8_t *buffer, size_t size, size_t *got,
                             struct error *e)
{
    if (!r->has_content) {
        *got = 0;
        return ERR_OK;
    }
    locale_t before = uselocale(r->locale);
    enum err err = read_content(r, buffer, size, got, e);
    uselocale(before);
    return err;
}
