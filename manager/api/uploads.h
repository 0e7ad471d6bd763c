/* SPDX-License-Identifier: Apache-2.0 */
/* uploads: archives people sent for a task, in DIR/uploads/ID, kept for a day; what is not complete
 * is called ID.part. Thread: any HTTP thread; an upload belongs to one request. */
#ifndef UPLOADS_H
#define UPLOADS_H

#include <stdbool.h>
#include <stdint.h>

#include "model.h"

enum { UPLOAD_LIFE_MS = 24 * 3600 * 1000 };

struct upload_store;
/* Makes the folder, removes what is incomplete or expired. */
MUST_CHECK enum err upload_store_open(const char *data_dir, uint64_t max_bytes,
                                      struct upload_store **out, struct error *e);
void upload_store_close(struct upload_store *s);
AUTO_DEFINE(struct upload_store *, upload_store_close)

struct upload;
/* Begins a file, after removing expired ones. */
MUST_CHECK enum err upload_new(struct upload_store *s, struct upload **out, struct error *e);
/* ERR_TOO_LARGE beyond max_bytes, ERR_NO_SPACE. */
MUST_CHECK enum err upload_write(struct upload *u, const void *data, size_t size, struct error *e);
/* Synced and under its name when it returns ERR_OK. */
MUST_CHECK enum err upload_finish(struct upload *u, struct error *e);
/* Removes the file unless it is finished. */
void upload_free(struct upload *u);
AUTO_DEFINE(struct upload *, upload_free)
const char *upload_id(const struct upload *u);
uint64_t upload_size(const struct upload *u);

/* A finished upload for reading. ERR_NOT_FOUND. */
MUST_CHECK enum err upload_open(const struct upload_store *s, const char *id, int *fd,
                                struct error *e);

#endif
