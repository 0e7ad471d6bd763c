/* SPDX-License-Identifier: Apache-2.0 */
/* ingest: from the source of a task document to a package whose files are on disk.
 * Thread: an HTTP thread of its own (it takes long); ends early when the server stops. */
#ifndef INGEST_H
#define INGEST_H

#include "api.h"
#include "task_codec_json.h"

/* Fills the package members of d->draft; *out stays NULL for a document without source. What is
 * wrong with the source is ERR_INVALID, ERR_TOO_LARGE, ERR_NOT_FOUND or ERR_CONFLICT and names the
 * field. */
MUST_CHECK enum err ingest_document(struct api *api, struct task_document *d,
                                    struct package_draft **out, struct error *e);

#endif
