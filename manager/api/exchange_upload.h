/* SPDX-License-Identifier: Apache-2.0 */
/* exchange_upload: the body of POST /uploads, multipart/form-data, part by part to disk. */
#ifndef EXCHANGE_UPLOAD_H
#define EXCHANGE_UPLOAD_H

#include "exchange.h"

/* size as in the header, UINT64_MAX when it is not told. */
MUST_CHECK enum err exchange_upload_begin(struct exchange *x, uint64_t size, struct error *e);
/* A failure is kept in x->upload_err. */
void exchange_upload_take(struct exchange *x, const char *data, size_t size);

#endif
