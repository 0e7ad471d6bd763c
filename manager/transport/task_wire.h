/* SPDX-License-Identifier: Apache-2.0 */
/* task_wire: a task as it travels (hivecast/v1/task.proto). Thread: core. */
#ifndef TASK_WIRE_H
#define TASK_WIRE_H

#include "outbox.h"

#include "hivecast/v1/task.pb-c.h"

/* Serializes the SignedTask that agents fetch; a task_encode_fn. */
MUST_CHECK enum err task_wire_encode(const struct task *task, struct bytes *out, struct error *e);
/* Fills out, and package if the task has one, with what lives as long as task. */
void task_wire_announcement(const struct task *task, Hivecast__V1__Announcement *out,
                            Hivecast__V1__Package *package);

#endif
