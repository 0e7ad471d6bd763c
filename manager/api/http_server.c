/* SPDX-License-Identifier: Apache-2.0 */
#include "http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "connections.h"
#include "exchange_upload.h"
#include "http_request.h"
#include "ingest_gate.h"
#include "log.h"
#include "uploads.h"

enum {
    THREADS_DEFAULT = 16,
    CONNECTIONS_DEFAULT = 512,
    PER_ADDRESS_DEFAULT = 128,
    IDLE_DEFAULT_S = 30,
    RATIO_DEFAULT = 200,
};
_Static_assert(THREADS_DEFAULT >= 2 * (INGESTS_RUNNING + INGESTS_WAITING),
               "packages in the making leave half of the threads to others");

struct http_server {
    struct api api;
    struct _u_instance instance;
    struct event_streams *streams;
    uint16_t port;
    atomic_bool is_stopping;
};

/* ulfius has read the body. Any method and path comes here: the routes are ours. */
static int answer(const struct _u_request *request, struct _u_response *response, void *arg)
{
    struct http_server *s = arg;
    struct http_request *r = http_request_of(request);
    AUTO(exchange_free) struct exchange *x = r->exchange;
    struct error e = {0};
    r->exchange = NULL;
    if (x == NULL)
        x = exchange_new(&s->api, request, r->address);
    if (x == NULL)
        return U_CALLBACK_ERROR;
    exchange_run(x, s->streams);
    if (x->stream == NULL)
        exchange_send(x, response);
    else if (event_stream_offer(TAKE(x->stream), &r->stream, response, &e) != ERR_OK)
        return U_CALLBACK_ERROR;
    return U_CALLBACK_COMPLETE;
}

static void log_library(void *cls, const char *fmt, va_list args) PRINTF_LIKE(2, 0);
static void log_library(void *cls, const char *fmt, va_list args)
{
    char text[256];
    (void)cls;
    vsnprintf(text, sizeof(text), fmt, args);
    text[strcspn(text, "\r\n")] = '\0';
    log_debug("http: %s", text);
}

static void set_defaults(struct http_config *c)
{
    c->body_max_bytes = c->body_max_bytes != 0 ? c->body_max_bytes : 4ULL << 20;
    c->upload_max_bytes = c->upload_max_bytes != 0 ? c->upload_max_bytes : 8ULL << 30;
    c->limits.content_max = c->limits.content_max != 0 ? c->limits.content_max : 32ULL << 30;
    c->limits.entries_max =
        c->limits.entries_max != 0 ? c->limits.entries_max : PACKAGE_ENTRIES_MAX;
    c->limits.ratio_max = c->limits.ratio_max != 0 ? c->limits.ratio_max : RATIO_DEFAULT;
    c->threads = c->threads != 0 ? c->threads : THREADS_DEFAULT;
    c->connections_max = c->connections_max != 0 ? c->connections_max : CONNECTIONS_DEFAULT;
    c->per_address_max = c->per_address_max != 0 ? c->per_address_max : PER_ADDRESS_DEFAULT;
    c->idle_timeout_s = c->idle_timeout_s != 0 ? c->idle_timeout_s : IDLE_DEFAULT_S;
}

/* Numeric addresses only. */
static enum err parse_address(const struct http_config *c, struct sockaddr_storage *out,
                              unsigned *flags, struct error *e)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, c->address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(c->port);
        return ERR_OK;
    }
    if (inet_pton(AF_INET6, c->address, &v6->sin6_addr) != 1)
        return error_set(e, ERR_INVALID, "http: %.64s is no numeric address", c->address);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(c->port);
    *flags |= MHD_USE_DUAL_STACK;
    return ERR_OK;
}

static enum err start_daemon(struct http_server *s, struct error *e)
{
    const struct http_config *c = &s->api.config;
    struct sockaddr_storage address;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_UPGRADE | MHD_USE_ERROR_LOG;
    enum err err = parse_address(c, &address, &flags, e);
    if (err != ERR_OK)
        return err;
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)log_library, NULL},
        {MHD_OPTION_SOCK_ADDR, 0, &address},
        {MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)c->threads, NULL},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)http_request_begin, NULL},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)http_request_end, s->streams},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)connections_notify, s->api.connections},
        {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)c->connections_max, NULL},
        {MHD_OPTION_PER_IP_CONNECTION_LIMIT, (intptr_t)c->per_address_max, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)c->idle_timeout_s, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    errno = 0;
    s->instance.port = c->port;
    if (ulfius_start_framework_with_mhd_options(&s->instance, flags, options) != U_OK)
        return errno == EADDRINUSE
                   ? error_set(e, ERR_CONFLICT, "http: %s:%u is taken", c->address, c->port)
                   : error_errno(e, "http: listen on %s:%u", c->address, c->port);
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(s->instance.mhd_daemon, MHD_DAEMON_INFO_BIND_PORT);
    s->port = info != NULL ? info->port : c->port;
    return ERR_OK;
}

/* Bodies are read before we are asked, so what is kept of one is limited here; a byte more than
 * allowed tells that there was more. */
static enum err make_instance(struct http_server *s, struct error *e)
{
    /* Port 0 is refused here, and may be set later. */
    if (ulfius_init_instance(&s->instance, 1, NULL, NULL) != U_OK)
        return error_set(e, ERR_NO_MEMORY, "no memory for the HTTP server");
    s->instance.max_post_body_size = s->api.config.body_max_bytes + 1;
    s->instance.allowed_post_processor = U_POST_PROCESS_MULTIPART_FORMDATA;
    if (ulfius_set_upload_file_callback_function(&s->instance, exchange_upload_take, &s->api) !=
            U_OK ||
        ulfius_set_default_endpoint(&s->instance, answer, s) != U_OK)
        return error_set(e, ERR_NO_MEMORY, "no memory for the HTTP server");
    return ERR_OK;
}

enum err http_server_start(const struct http_config *config, struct http_server **out,
                           struct error *e)
{
    AUTO(http_server_stop) struct http_server *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for the HTTP server");
    s->api.config = *config;
    s->api.mailbox = config->core->mailbox;
    s->api.is_stopping = &s->is_stopping;
    set_defaults(&s->api.config);
    s->api.readers = reader_pool_new(config->open_reader, config->reader_arg);
    s->api.ingests = ingest_gate_new();
    s->api.connections = connections_new();
    enum err err = make_instance(s, e);
    if (err != ERR_OK)
        return err;
    s->streams = event_streams_new(config->core->events, &s->instance);
    if (s->api.readers == NULL || s->api.ingests == NULL || s->api.connections == NULL ||
        s->streams == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for the HTTP server");
    err = upload_store_open(config->data_dir, s->api.config.upload_max_bytes, &s->api.uploads, e);
    if (err == ERR_OK)
        err = start_daemon(s, e);
    if (err != ERR_OK)
        return err;
    *out = TAKE(s);
    return ERR_OK;
}

uint16_t http_server_port(const struct http_server *s)
{
    return s->port;
}

/* Nothing new comes in, then what runs comes to its end. */
static void end_requests(struct http_server *s)
{
    MHD_socket listener = MHD_quiesce_daemon(s->instance.mhd_daemon);
    if (listener != MHD_INVALID_SOCKET)
        close(listener);
    ingest_gate_close(s->api.ingests);
    event_streams_stop(s->streams);
    if (ulfius_stop_framework(&s->instance) != U_OK)
        log_error("http: cannot stop");
}

void http_server_stop(struct http_server *s)
{
    if (s == NULL)
        return;
    atomic_store(&s->is_stopping, true);
    if (s->instance.mhd_daemon != NULL)
        end_requests(s);
    event_streams_free(s->streams);
    if (s->instance.websocket_handler != NULL)
        ulfius_clean_instance(&s->instance);
    ingest_gate_free(s->api.ingests);
    connections_free(s->api.connections);
    upload_store_close(s->api.uploads);
    reader_pool_free(s->api.readers);
    free(s);
}
