/* SPDX-License-Identifier: Apache-2.0 */
/* fake_outbox: remembers what core would have sent. */
#ifndef FAKE_OUTBOX_H
#define FAKE_OUTBOX_H

#include "outbox.h"

enum { FAKE_OUTBOX_MAX = 64 };

enum sent_kind { SENT_ANNOUNCE = 1, SENT_STOP, SENT_LOGS, SENT_COMMAND, SENT_STOP_COMMAND };

struct sent {
    enum sent_kind kind;
    char target_id[ID_SIZE];
    char text[COMMAND_TEXT_SIZE]; /* task id or command */
};

struct fake_outbox {
    struct outbox outbox; /* pass this one; must be first */
    bool is_deaf;         /* nobody is connected */
    size_t count;         /* may exceed the size of items */
    size_t cuts;
    struct sent items[FAKE_OUTBOX_MAX];
};

void fake_outbox_init(struct fake_outbox *f);
/* How often this was sent; text NULL: any. */
size_t fake_outbox_sent(const struct fake_outbox *f, enum sent_kind kind, const char *target_id,
                        const char *text);
void fake_outbox_forget(struct fake_outbox *f);

#endif
