/* SPDX-License-Identifier: Apache-2.0 */
/* task_check: what can be said of a draft without knowing any target: fields and limits. */
#ifndef TASK_CHECK_H
#define TASK_CHECK_H

#include "model.h"

/* ERR_INVALID or ERR_TOO_LARGE; the text begins with the field as it stands in the document:
 * "deploy.run.commands[2]: empty". */
MUST_CHECK enum err task_check(const struct task *draft, struct error *e);

#endif
