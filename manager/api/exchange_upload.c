/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange_upload.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "uploads.h"

/* The boundary lines and headers around the file may take this much. */
enum { POST_BUFFER = 16 * 1024, FRAMING_MAX = 64 * 1024 };

static enum err take_part(struct exchange *x, const char *filename, const char *data, size_t size,
                          uint64_t offset, struct error *e)
{
    if (filename == NULL)
        return ERR_OK; /* other fields of a form are of no interest */
    if (offset == 0 && x->in.upload != NULL && size > 0 && upload_size(x->in.upload) > 0)
        return error_set(e, ERR_INVALID, "file: only one part may have a file name");
    enum err err = ERR_OK;
    if (x->in.upload == NULL)
        err = upload_new(x->api->uploads, &x->in.upload, e);
    return err == ERR_OK ? upload_write(x->in.upload, data, size, e) : err;
}

/* The parameters are those of MHD. NOLINTNEXTLINE(readability-function-size) */
static enum MHD_Result part(void *cls, enum MHD_ValueKind kind, const char *key,
                            const char *filename, const char *type, const char *encoding,
                            const char *data, uint64_t offset, size_t size)
{
    struct exchange *x = cls;
    (void)kind;
    (void)key;
    (void)type;
    (void)encoding;
    x->upload_err = take_part(x, filename, data, size, offset, &x->upload_error);
    return x->upload_err == ERR_OK ? MHD_YES : MHD_NO;
}

enum err exchange_upload_begin(struct exchange *x, uint64_t size, struct error *e)
{
    const char *type =
        MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
    uint64_t max = x->api->config.upload_max_bytes;
    if (type == NULL || strncasecmp(type, "multipart/form-data", 19) != 0)
        return error_set(e, ERR_UNSUPPORTED, "Content-Type must be multipart/form-data");
    if (size == 0)
        return error_set(e, ERR_INVALID, "body: missing");
    if (size != UINT64_MAX && size > max + FRAMING_MAX)
        return error_set(e, ERR_TOO_LARGE, "file: an upload may have %" PRIu64 " bytes", max);
    x->post = MHD_create_post_processor(x->connection, POST_BUFFER, part, x);
    if (x->post == NULL)
        return error_set(e, ERR_INVALID, "body: multipart/form-data without a boundary");
    return ERR_OK;
}

void exchange_upload_take(struct exchange *x, const char *data, size_t size)
{
    if (MHD_post_process(x->post, data, size) == MHD_YES || x->upload_err != ERR_OK)
        return;
    x->upload_err = error_set(&x->upload_error, ERR_INVALID, "body: not multipart/form-data");
}
