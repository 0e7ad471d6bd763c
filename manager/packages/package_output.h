/* SPDX-License-Identifier: Apache-2.0 */
/* package_output: the writing half of an ingest: pack, index and manifest of one package. Part of
 * manager_packages; on the thread of the ingest. */
#ifndef PACKAGE_OUTPUT_H
#define PACKAGE_OUTPUT_H

#include "package_files.h"

struct package_output;
/* Borrows both. reader is asked for chunks that are stored already. */
MUST_CHECK enum err package_output_new(struct package_draft *d, struct store *reader,
                                       struct package_output **out, struct error *e);
void package_output_free(struct package_output *o);
AUTO_DEFINE(struct package_output *, package_output_free)
MUST_CHECK enum err package_output_entry(struct package_output *o, const struct entry *entry,
                                         struct error *e);
/* The next chunk of the content stream. */
MUST_CHECK enum err package_output_chunk(struct package_output *o, const uint8_t *data, size_t size,
                                         struct error *e);
/* Writes the manifest, syncs everything, gives it its names, and fills the draft's info and packs.
 */
MUST_CHECK enum err package_output_finish(struct package_output *o, struct error *e);

#endif
