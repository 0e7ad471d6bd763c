/* SPDX-License-Identifier: Apache-2.0 */
/* transfer_job: one package on its way: first its manifest, then its content. Joins what was asked
 * for with what it is for; knows no network. Thread: the loop's. */
#ifndef TRANSFER_JOB_H
#define TRANSFER_JOB_H

#include "transfer.h"

struct transfer_job;
/* Copies r. */
MUST_CHECK enum err transfer_job_new(const struct transfer_request *r, struct transfer_job **out,
                                     struct error *e);
void transfer_job_free(struct transfer_job *j);
AUTO_DEFINE(struct transfer_job *, transfer_job_free)
/* The request; its texts live as long as the job. */
const struct transfer_request *transfer_job_request(const struct transfer_job *j);
/* A bounded step. *more is false when the job waits for the network, or is whole. */
MUST_CHECK enum err transfer_job_step(struct transfer_job *j, bool *more, struct error *e);
bool transfer_job_is_whole(const struct transfer_job *j);

/* The next request to send: FetchManifest from first, or FetchChunks first and count. False when
 * enough is under way. */
struct transfer_ask {
    bool is_manifest;
    uint64_t first; /* offset in the manifest, or number of the first chunk */
    uint32_t count;
};
bool transfer_job_ask(struct transfer_job *j, struct transfer_ask *out);
void transfer_job_lost(struct transfer_job *j);
/* Answers. Both count what came; ERR_CORRUPT beyond the byte budget. */
MUST_CHECK enum err transfer_job_manifest(struct transfer_job *j, uint64_t offset, uint64_t total,
                                          zmq_msg_t *raw, struct error *e);
MUST_CHECK enum err transfer_job_chunk(struct transfer_job *j, uint64_t index, zmq_msg_t *take_raw,
                                       struct error *e);
void transfer_job_progress(const struct transfer_job *j, struct transfer_progress *out);

#endif
