/* SPDX-License-Identifier: Apache-2.0 */
/* options_file: reads a flat YAML mapping: keys to values or lists of values. Used by options. */
#ifndef OPTIONS_FILE_H
#define OPTIONS_FILE_H

#include <stddef.h>

#include "err.h"

/* Called once per value, in the order of the file; a list gives several calls with its key. */
typedef enum err options_file_fn(void *arg, const char *key, const char *value, struct error *e);

/* ERR_NOT_FOUND when there is no file; ERR_INVALID names file and line for anything that is no flat
 * mapping, for a key that comes twice, and for what fn refuses. */
MUST_CHECK enum err options_file_read(const char *path, options_file_fn *fn, void *arg,
                                      struct error *e);

#endif
