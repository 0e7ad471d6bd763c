/* SPDX-License-Identifier: Apache-2.0 */
/* xz_input: unpacks .xz for archive_reader with a limit on memory, which libarchive's own reader of
 * it does not have: the dictionary that a file may ask for is as large as 4 GiB. */
#ifndef XZ_INPUT_H
#define XZ_INPUT_H

#include <archive.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct xz_input;
/* Whether these first bytes are those of an xz file. */
enum { XZ_MAGIC_SIZE = 6 };
bool xz_input_recognises(const uint8_t *data, size_t size);
/* Of a descriptor at its present place (not taken), or of memory when data is not NULL. */
MUST_CHECK enum err xz_input_new(int fd, const void *data, size_t size, struct xz_input **out,
                                 struct error *e);
void xz_input_free(struct xz_input *x);
AUTO_DEFINE(struct xz_input *, xz_input_free)
/* For archive_read_open; arg is the xz_input. */
la_ssize_t xz_input_read(struct archive *a, void *arg, const void **buffer);
/* Bytes of the file that were read so far. */
uint64_t xz_input_packed(const struct xz_input *x);
/* Reading failed because the file wants more memory than is allowed. */
bool xz_input_is_too_large(const struct xz_input *x);

#endif
