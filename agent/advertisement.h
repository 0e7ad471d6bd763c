/* SPDX-License-Identifier: Apache-2.0 */
/* advertisement: what this target tells of itself with Hello and heartbeats, as the wire has it.
 * Thread: the loop's. */
#ifndef ADVERTISEMENT_H
#define ADVERTISEMENT_H

#include "hivecast/v1/manager.pb-c.h"
#include "identity.h"
#include "task_processor.h"

struct advertisement;
/* Borrows all. */
MUST_CHECK enum err advertisement_new(const struct identity *id, const char *data_dir,
                                      const struct task_processor *tasks,
                                      struct advertisement **out, struct error *e);
void advertisement_free(struct advertisement *a);
AUTO_DEFINE(struct advertisement *, advertisement_free)
/* As it is now; borrowed until the next call. */
const Hivecast__V1__Advertisement *advertisement_make(struct advertisement *a);

#endif
