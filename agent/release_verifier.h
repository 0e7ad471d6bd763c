/* SPDX-License-Identifier: Apache-2.0 */
/* release_verifier: whether a whole release is what its manifest says: the manifest's own digest,
 * then every entry's type, mode, link target and content. Files that the manifest does not name are
 * nobody's business here. Thread: the loop's. */
#ifndef RELEASE_VERIFIER_H
#define RELEASE_VERIFIER_H

#include "release_tree.h"

struct release_verifier;
MUST_CHECK enum err release_verifier_open(const struct release_place *place,
                                          struct release_verifier **out, struct error *e);
void release_verifier_free(struct release_verifier *v);
AUTO_DEFINE(struct release_verifier *, release_verifier_free)
/* One bounded step; call until *more is false. ERR_CORRUPT names the first file that differs. */
MUST_CHECK enum err release_verifier_step(struct release_verifier *v, bool *more, struct error *e);

#endif
