/* SPDX-License-Identifier: Apache-2.0 */
/* status_print: what `hivecast-agent status` says: who this target is, where it is connected, what
 * runs. */
#ifndef STATUS_PRINT_H
#define STATUS_PRINT_H

#include <stdbool.h>

#include "identity.h"
#include "strlist.h"

/* answer is that of status_socket_ask, or NULL when no agent runs. Changes answer. */
void status_print(const struct identity *id, struct bytes *answer, bool is_json);

#endif
