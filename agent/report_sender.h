/* SPDX-License-Identifier: Apache-2.0 */
/* report_sender: sends the journal of reports to the manager, one batch after the other, each until
 * it is confirmed. Thread: the loop's. */
#ifndef REPORT_SENDER_H
#define REPORT_SENDER_H

#include "transport_calls.h"

/* Whether failure means that Hello comes first; then it will, and the sender is started again. */
typedef bool report_sender_fn(void *arg, const struct error *failure);

struct report_sender {
    struct transport_calls *calls;
    const struct transport_reports *source;
    report_sender_fn *must_greet;
    void *arg;
    struct dealer *dealer;   /* NULL: stopped */
    struct loop_timer timer; /* try again after a failure */
    bool is_under_way;
    size_t bytes;   /* of the next batch at most; 1 after one was refused */
    uint64_t first; /* sequence numbers of the batch under way */
    uint64_t last;
};

/* Borrows calls and source. */
void report_sender_init(struct report_sender *s, struct transport_calls *calls,
                        const struct transport_reports *source, report_sender_fn *must_greet,
                        void *arg);
/* The manager knows us: send what waits. */
void report_sender_start(struct report_sender *s, struct dealer *dealer);
/* Forgets the batch under way; it will be sent again. */
void report_sender_stop(struct report_sender *s);
/* There may be something new. */
void report_sender_wake(struct report_sender *s);

#endif
