/* SPDX-License-Identifier: Apache-2.0 */
/* source_upload: a directory (packed on the way) or an archive to POST /uploads, with a progress
 * bar on a terminal. */
#ifndef SOURCE_UPLOAD_H
#define SOURCE_UPLOAD_H

#include "client.h"

/* The upload's id; caller frees. */
MUST_CHECK enum err source_upload(struct client *client, const char *path, char **id,
                                  struct error *e);

#endif
