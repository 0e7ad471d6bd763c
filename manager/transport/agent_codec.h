/* SPDX-License-Identifier: Apache-2.0 */
/* agent_codec: what agents say, from their messages into core's plain structs. Everything is
 * hostile: texts are cut to their arrays, numbers checked, what this version does not know is
 * skipped. Thread: core. */
#ifndef AGENT_CODEC_H
#define AGENT_CODEC_H

#include "hivecast/v1/manager.pb-c.h"
#include "model.h"

enum { TASK_STATUSES_MAX = 4096, REPORT_SLICE = 64 };

/* Statuses of known states; the caller frees *out. ERR_TOO_LARGE beyond TASK_STATUSES_MAX. */
MUST_CHECK enum err agent_codec_statuses(Hivecast__V1__TaskStatus *const *statuses, size_t count,
                                         struct task_status **out, size_t *out_count,
                                         struct error *e);
/* out->tasks stays empty. ERR_INVALID for bad tags or a place that is not on earth. */
MUST_CHECK enum err agent_codec_advertisement(const Hivecast__V1__HelloRequest *hello,
                                              struct advertisement *out, struct error *e);

/* Some reports at a time, so that a request needs no more memory than its own. */
struct report_slice {
    struct report reports[REPORT_SLICE];
    size_t count;
    struct log_line *lines; /* of all its logs */
};
/* Fills the slice that starts with report number first (from 0); texts stay in request. A report of
 * an unknown kind or state gets kind 0. Clear in any case. */
MUST_CHECK enum err report_slice_fill(struct report_slice *s,
                                      const Hivecast__V1__ReportRequest *request, size_t first,
                                      struct error *e);
void report_slice_clear(struct report_slice *s);

#endif
