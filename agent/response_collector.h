/* SPDX-License-Identifier: Apache-2.0 */
/* response_collector: everything the agent has to say, as reports in the spool: acknowledgements
 * and logs in one order. Lines of one command are gathered into one report, which leaves after a
 * second, when it is large, or at once for errors, the terminal and before an
 * acknowledgement. Output of tasks without debug goes to the ring, only errors and events are sent.
 * Thread: the loop's. */
#ifndef RESPONSE_COLLECTOR_H
#define RESPONSE_COLLECTOR_H

#include "agent_model.h"
#include "loop.h"
#include "output_ring.h"
#include "spool.h"

/* Who speaks; texts are borrowed for the call. */
struct log_source {
    const char *task_id; /* "" for the terminal */
    enum stage stage;
    const char *command; /* "" for the agent itself */
    bool is_debug;       /* of the task: send every line */
};

struct response_collector_host {
    /* The spool has grown: transport_client_report. */
    void (*ready)(void *arg);
    /* The manager is there but does not keep up: process_table_pause_output. Never held for longer
     * than a few seconds without progress; then the oldest lines are dropped and counted. */
    void (*pressure)(void *arg, bool is_high);
    void *arg;
};

struct response_collector;
/* Borrows all; members of host may be NULL. */
MUST_CHECK enum err response_collector_new(struct loop *loop, struct spool *spool,
                                           struct output_ring *ring,
                                           const struct response_collector_host *host,
                                           struct response_collector **out, struct error *e);
/* Writes what is gathered. */
void response_collector_free(struct response_collector *c);
AUTO_DEFINE(struct response_collector *, response_collector_free)

/* A line of output as line_splitter makes it. */
void response_collector_output(struct response_collector *c, const struct log_source *source,
                               const char *text, size_t size, bool is_error);
/* An event of the stage ("exited with status 1"); any bytes, made harmless and cut to a line. */
void response_collector_event(struct response_collector *c, const struct log_source *source,
                              bool is_error, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* Synced before it is sent, or at once while the manager is away. */
void response_collector_acknowledge(struct response_collector *c, const struct acknowledgement *a);
/* SendLogs: what is kept of the task's output ("": of all) goes to the manager. */
MUST_CHECK enum err response_collector_send_kept(struct response_collector *c, const char *task_id,
                                                 struct error *e);
/* Writes what is gathered, now. */
void response_collector_flush(struct response_collector *c);
/* Whether the manager is there: output is held back only then. */
void response_collector_set_online(struct response_collector *c, bool is_online);
/* For struct transport_reports. */
MUST_CHECK enum err response_collector_peek(struct response_collector *c, size_t max,
                                            struct bytes *out, uint64_t *first_seq, size_t *count,
                                            struct error *e);
void response_collector_confirm(struct response_collector *c, uint64_t stored_seq);
uint64_t response_collector_stream_id(const struct response_collector *c);

#endif
