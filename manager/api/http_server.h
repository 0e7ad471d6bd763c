/* SPDX-License-Identifier: Apache-2.0 */
/* http_server: REST and WebSocket of the manager, as openapi/manager.yaml describes them, on
 * ulfius. Threads: a pool that answers requests and makes packages, and two per event stream; all
 * of them reach core through its mailbox. Started and stopped by main. Memory: ulfius reads a body
 * before anybody may ask for the token and keeps up to body_max_bytes of it. So a stranger can make
 * us hold body_max_bytes * per_address_max, and all of them together body_max_bytes *
 * connections_max: 512 MiB and 2 GiB by default. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stdint.h>

#include "certificate_manager.h"
#include "core.h"
#include "package_store.h"

/* Opens a read-only store handle (store.h) for long queries; closed with store_close. Called on
 * HTTP threads. */
typedef enum err http_reader_fn(void *arg, struct store **out, struct error *e);

/* Everything is borrowed until http_server_stop. Zero in a limit means its default. */
struct http_config {
    const char *address; /* numeric, IPv4 or IPv6: "127.0.0.1" */
    uint16_t port;       /* 0: any free one, see http_server_port */
    const char *version; /* of the program */
    struct core *core;
    struct package_store *packages;
    const struct certificate_manager *certificates;
    const char *data_dir;   /* uploads go to DIR/uploads */
    const char *source_dir; /* for source.paths; NULL: refused */
    http_reader_fn *open_reader;
    void *reader_arg;
    /* As bound ("tcp://0.0.0.0:5557"). Agents are told advertise_host in place of their host; NULL:
     * the host by which the asking agent reached us when they are bound to any address. */
    const char *control_endpoint;
    const char *bulk_endpoint;
    const char *advertise_host;
    uint64_t body_max_bytes;      /* 4 MiB */
    uint64_t upload_max_bytes;    /* 8 GiB */
    struct archive_limits limits; /* of what a source holds: 32 GiB, PACKAGE_ENTRIES_MAX, 200 */
    unsigned threads;             /* 16 */
    unsigned connections_max;     /* 512 */
    unsigned per_address_max;     /* connections; 128 */
    unsigned idle_timeout_s;      /* of a connection; 30 */
};

struct http_server;
/* Answers requests when it returns; core must run turns from then on. ERR_CONFLICT: the address is
 * taken. */
MUST_CHECK enum err http_server_start(const struct http_config *config, struct http_server **out,
                                      struct error *e);
/* The port that is bound. */
uint16_t http_server_port(const struct http_server *s);
/* Closes the event hub, ends event streams and long requests, waits for all threads; NULL is fine.
 * Core must go on running turns meanwhile, or have closed its mailbox. */
void http_server_stop(struct http_server *s);
AUTO_DEFINE(struct http_server *, http_server_stop)

#endif
