/* SPDX-License-Identifier: Apache-2.0 */
/* task_codec: tasks and announcements from the wire into the plain facts of agent_model.h, checked:
 * afterwards ids and apps are safe as file names and counts are within limits.h. */
#ifndef TASK_CODEC_H
#define TASK_CODEC_H

#include "agent_model.h"
#include "hivecast/v1/task.pb-c.h"

/* ERR_INVALID names the field. */
MUST_CHECK enum err task_codec_announcement(const Hivecast__V1__Announcement *wire,
                                            struct announcement *out, struct error *e);
/* Of serialized bytes of hivecast.v1.SignedTask. ERR_CORRUPT when they do not parse, ERR_INVALID
 * names the field. out, filled only on success, is cleared by the caller. */
MUST_CHECK enum err task_codec_task(const void *data, size_t size, struct task *out,
                                    struct error *e);

#endif
