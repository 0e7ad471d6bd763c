/* SPDX-License-Identifier: Apache-2.0 */
/* xz_input: see xz_input.h. */
#include "xz_input.h"

#include <errno.h>
#include <lzma.h>
#include <string.h>

enum { BUFFER_SIZE = 64 * 1024 };

/* What xz -9 needs: a dictionary of 64 MiB and some. */
static const uint64_t memory_max = 72ULL * 1024 * 1024;

struct xz_input {
    lzma_stream stream;
    int fd;
    const uint8_t *data; /* what is left of memory, when it is that */
    size_t data_size;
    bool is_memory;
    bool is_at_end; /* nothing more to read */
    bool is_too_large;
    uint8_t in[BUFFER_SIZE];
    uint8_t out[BUFFER_SIZE];
};

bool xz_input_recognises(const uint8_t *data, size_t size)
{
    return size >= XZ_MAGIC_SIZE && memcmp(data,
                                           "\xfd"
                                           "7zXZ\0",
                                           XZ_MAGIC_SIZE) == 0;
}

enum err xz_input_new(int fd, const void *data, size_t size, struct xz_input **out, struct error *e)
{
    AUTO(xz_input_free) struct xz_input *x = calloc(1, sizeof(*x));
    if (x == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory to read an archive");
    x->fd = fd;
    x->data = data;
    x->data_size = size;
    x->is_memory = data != NULL;
    if (lzma_stream_decoder(&x->stream, memory_max, LZMA_CONCATENATED) != LZMA_OK)
        return error_set(e, ERR_NO_MEMORY, "no memory to read an archive");
    *out = TAKE(x);
    return ERR_OK;
}

void xz_input_free(struct xz_input *x)
{
    if (x == NULL)
        return;
    lzma_end(&x->stream);
    free(x);
}

static bool refill(struct xz_input *x)
{
    ssize_t got = 0;
    if (x->is_memory) {
        x->stream.next_in = x->data;
        x->stream.avail_in = x->data_size;
        x->data_size = 0;
        x->is_at_end = true;
        return true;
    }
    do {
        got = read(x->fd, x->in, sizeof(x->in));
    } while (got < 0 && errno == EINTR);
    x->stream.next_in = x->in;
    x->stream.avail_in = got > 0 ? (size_t)got : 0;
    x->is_at_end = got == 0;
    return got >= 0;
}

static la_ssize_t failed(struct xz_input *x, struct archive *a, lzma_ret rc)
{
    x->is_too_large = rc == LZMA_MEMLIMIT_ERROR;
    if (x->is_too_large)
        archive_set_error(a, ENOMEM, "xz with a dictionary of more than 64 MiB");
    else
        archive_set_error(a, EINVAL, "damaged or truncated xz");
    return -1;
}

la_ssize_t xz_input_read(struct archive *a, void *arg, const void **buffer)
{
    struct xz_input *x = arg;
    lzma_ret rc = LZMA_OK;
    x->stream.next_out = x->out;
    x->stream.avail_out = sizeof(x->out);
    while (rc == LZMA_OK && x->stream.avail_out > 0) {
        if (x->stream.avail_in == 0 && !x->is_at_end && !refill(x)) {
            archive_set_error(a, errno, "cannot read the archive");
            return -1;
        }
        rc = lzma_code(&x->stream, x->is_at_end ? LZMA_FINISH : LZMA_RUN);
    }
    /* After the end of the last stream, lzma_code goes on telling LZMA_STREAM_END. */
    if (rc != LZMA_OK && rc != LZMA_STREAM_END)
        return failed(x, a, rc);
    *buffer = x->out;
    return (la_ssize_t)(sizeof(x->out) - x->stream.avail_out);
}

uint64_t xz_input_packed(const struct xz_input *x)
{
    return x->stream.total_in;
}

bool xz_input_is_too_large(const struct xz_input *x)
{
    return x->is_too_large;
}
