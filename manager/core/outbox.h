/* SPDX-License-Identifier: Apache-2.0 */
/* outbox: what core may send to targets; implemented by manager/transport, faked in tests.
 * Nothing leaves before the turn is committed. Sending to a target that is not connected is
 * ERR_UNAVAILABLE and never an assertion. Thread: core. */
#ifndef OUTBOX_H
#define OUTBOX_H

#include "model.h"

struct outbox;

struct outbox_ops {
    /* A hint: losing it costs only the time until the next reconciliation. */
    enum err (*announce)(struct outbox *, const char *target_id, const struct task *task,
                         struct error *);
    /* task_id "" means every task. */
    enum err (*stop)(struct outbox *, const char *target_id, const char *task_id, struct error *);
    enum err (*send_logs)(struct outbox *, const char *target_id, const char *task_id,
                          struct error *);
    enum err (*run_command)(struct outbox *, const char *target_id, const char *command,
                            struct error *);
    enum err (*stop_command)(struct outbox *, const char *target_id, struct error *);
    /* Ends the connections of a removed target at once, control and bulk. */
    void (*cut)(struct outbox *, const char *target_id);
};

struct outbox {
    const struct outbox_ops *ops;
};

/* Serializes the SignedTask that agents fetch; implemented where protobuf is known. */
typedef enum err task_encode_fn(const struct task *task, struct bytes *out, struct error *e);

#endif
