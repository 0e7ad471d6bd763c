/* SPDX-License-Identifier: Apache-2.0 */
/* exchange_upload: the body of POST /uploads, multipart/form-data, piece by piece to disk. Thread:
 * the pool thread of its connection. */
#ifndef EXCHANGE_UPLOAD_H
#define EXCHANGE_UPLOAD_H

#include "exchange.h"

/* size as in the header, UINT64_MAX when it is not told. */
MUST_CHECK enum err exchange_upload_check(const struct exchange *x, uint64_t size, struct error *e);
/* For ulfius_set_upload_file_callback_function, cls: api. The first piece makes the exchange of the
 * request, so nothing is written before all is checked; a failure stays in it. */
int exchange_upload_take(const struct _u_request *request, const char *key, const char *filename,
                         const char *type, const char *encoding, const char *data, uint64_t offset,
                         size_t size, void *cls);

#endif
