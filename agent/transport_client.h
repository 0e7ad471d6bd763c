/* SPDX-License-Identifier: Apache-2.0 */
/* transport_client: the control connection. Says Hello, beats, calls the manager and matches its
 * responses, hands the manager's calls to handlers, and sends reports until they are confirmed.
 * Comes back by itself after any break. Thread: the loop's. */
#ifndef TRANSPORT_CLIENT_H
#define TRANSPORT_CLIENT_H

#include "dealer.h"
#include "hivecast/v1/manager.pb-c.h"
#include "strlist.h"

/* One method of the Agent service. The response has no content: ERR_OK, or what failed. */
typedef enum err transport_handler_fn(void *arg, const ProtobufCMessage *request, struct error *e);
struct transport_handler {
    const char *method; /* "Announce" */
    transport_handler_fn *fn;
};

/* What the connection needs from the rest of the agent. */
struct transport_host {
    /* For Hello and heartbeats; borrowed until the next call. */
    const Hivecast__V1__Advertisement *(*advertisement)(void *arg);
    /* Hello was accepted (true), or the manager is gone (false). */
    void (*connection)(void *arg, bool is_online);
    const struct transport_handler *handlers;
    size_t handler_count;
    void *arg;
};

/* The journal of reports, as the spool keeps it. */
struct transport_reports {
    uint64_t (*stream_id)(void *arg);
    /* Appends the oldest unconfirmed reports, in order, to out: each as it stands in ReportRequest
     * (tag byte 0x1a, length as varint, Report), not more than max bytes in all but at least one.
     * *count 0: none. Called again after every confirmation. */
    enum err (*peek)(void *arg, size_t max, struct bytes *out, uint64_t *first_seq, size_t *count,
                     struct error *e);
    /* The manager has everything up to here; also called after each Hello, with what it knows. */
    void (*confirm)(void *arg, uint64_t stored_seq);
    void *arg;
};

struct transport_options {
    struct dealer_config dealer;
    const char *agent_version;
    const char *boot_id;
    const struct transport_host *host;
    const struct transport_reports *reports;
};

enum transport_state { TRANSPORT_OFFLINE, TRANSPORT_GREETING, TRANSPORT_ONLINE };

struct transport_status {
    enum transport_state state;
    int64_t since_ms;          /* wall clock */
    int64_t clock_ahead_ms;    /* manager's clock minus ours, as of the last answer */
    char why[ERROR_TEXT_SIZE]; /* why it is offline; "" else */
};

struct transport_client;
/* Borrows everything in options. Connecting starts with transport_client_start. */
MUST_CHECK enum err transport_client_new(const struct transport_options *options,
                                         struct transport_client **out, struct error *e);
void transport_client_free(struct transport_client *c);
AUTO_DEFINE(struct transport_client *, transport_client_free)
MUST_CHECK enum err transport_client_start(struct transport_client *c, struct error *e);
/* Goodbye; no event follows. Free it within a second or so, what is queued still leaves. */
void transport_client_stop(struct transport_client *c);
const struct transport_status *transport_client_status(const struct transport_client *c);

/* failure is NULL, or why there is no answer (body is NULL then); both borrowed for the call. */
typedef void transport_reply_fn(void *arg, const struct error *failure,
                                const ProtobufCMessage *body);
/* Calls a method of the Manager service, "FetchTask". fn is called exactly once and later, with
 * ERR_UNAVAILABLE when the connection breaks and ERR_TIMEOUT after timeout_ms. When this returns an
 * error (ERR_UNAVAILABLE while offline) fn is not called. */
MUST_CHECK enum err transport_client_call(struct transport_client *c, const char *method,
                                          const ProtobufCMessage *body, int64_t timeout_ms,
                                          transport_reply_fn *fn, void *arg, struct error *e);
/* Forgets every call with this arg; its fn is not called. */
void transport_client_forget(struct transport_client *c, const void *arg);
/* The journal has grown: send now, or as soon as the batch under way is confirmed. */
void transport_client_report(struct transport_client *c);
/* Something in the advertisement changed that the manager should know soon: beat now. */
void transport_client_beat(struct transport_client *c);

#endif
