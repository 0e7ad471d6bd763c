/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange_upload.h"

#include <inttypes.h>
#include <string.h>

#include "http_request.h"
#include "uploads.h"

/* The boundary lines and headers around the file may take this much. */
enum { FRAMING_MAX = 64 * 1024 };

enum err exchange_upload_check(const struct exchange *x, uint64_t size, struct error *e)
{
    const char *type = exchange_header(x, MHD_HTTP_HEADER_CONTENT_TYPE);
    uint64_t max = x->api->config.upload_max_bytes;
    /* Written as ulfius knows it. */
    if (type == NULL || strncmp(type, "multipart/form-data", 19) != 0)
        return error_set(e, ERR_UNSUPPORTED, "Content-Type must be multipart/form-data");
    if (size == 0)
        return error_set(e, ERR_INVALID, "body: missing");
    if (size != UINT64_MAX && size > max + FRAMING_MAX)
        return error_set(e, ERR_TOO_LARGE, "file: an upload may have %" PRIu64 " bytes", max);
    return ERR_OK;
}

static enum err take_part(struct exchange *x, const char *data, size_t size, uint64_t offset,
                          struct error *e)
{
    if (offset == 0 && x->in.upload != NULL && size > 0 && upload_size(x->in.upload) > 0)
        return error_set(e, ERR_INVALID, "file: only one part may have a file name");
    enum err err = ERR_OK;
    if (x->in.upload == NULL)
        err = upload_new(x->api->uploads, &x->in.upload, e);
    return err == ERR_OK ? upload_write(x->in.upload, data, size, e) : err;
}

/* The parameters are those of ulfius. NOLINTNEXTLINE(readability-function-size) */
int exchange_upload_take(const struct _u_request *request, const char *key, const char *filename,
                         const char *type, const char *encoding, const char *data, uint64_t offset,
                         size_t size, void *cls)
{
    struct http_request *r = http_request_of(request);
    (void)key;
    (void)filename;
    (void)type;
    (void)encoding;
    if (r->exchange == NULL)
        r->exchange = exchange_new(cls, request, r->address);
    struct exchange *x = r->exchange;
    if (x == NULL || x->is_refused || x->upload_err != ERR_OK)
        return U_ERROR;
    x->upload_err = take_part(x, data, size, offset, &x->upload_error);
    return x->upload_err == ERR_OK ? U_OK : U_ERROR;
}
