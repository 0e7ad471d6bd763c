/* SPDX-License-Identifier: Apache-2.0 */
/* problem: errors as clients see them: problem details (RFC 9457) with our code and, where the
 * sentence begins with one ("deploy.app: ..."), the field. Thread: any. */
#ifndef PROBLEM_H
#define PROBLEM_H

#include "api.h"

/* The one table of which error is which HTTP status. */
int problem_status(enum err code);
/* Replaces what is in out. status 0: the one of the table. Never fails: without memory the reply
 * has no content. */
void problem_reply(struct api_reply *out, enum err code, int status, const char *detail);

#endif
