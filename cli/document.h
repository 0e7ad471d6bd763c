/* SPDX-License-Identifier: Apache-2.0 */
/* document: a task document in YAML or JSON as a file, and as JSON where the CLI must change it. */
#ifndef DOCUMENT_H
#define DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>

#include "err.h"
#include "strlist.h"

/* The whole file, or standard input for "-". */
MUST_CHECK enum err document_read(const char *path, struct bytes *out, struct error *e);
bool document_is_json(const struct bytes *text);
/* One JSON object; ERR_INVALID names the line. Scalars as in YAML 1.2: true, 12 and null are no
 * texts, yes and 0x12 are. */
MUST_CHECK enum err document_parse(const struct bytes *text, json_t **out, struct error *e);
/* Puts {"upload": id} in place of the source. */
MUST_CHECK enum err document_set_upload(json_t *document, const char *upload, struct error *e);
/* Puts these (comma-separated; NULL: none) in place of deploy.target. */
MUST_CHECK enum err document_set_target(json_t *document, const char *ids, const char *tags,
                                        struct error *e);
/* A JSON array of the items of a comma-separated list. */
MUST_CHECK enum err document_list(const char *list, json_t **out, struct error *e);

#endif
