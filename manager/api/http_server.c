/* SPDX-License-Identifier: Apache-2.0 */
/* On libmicrohttpd itself, not through ulfius: ulfius reads every body to its end before anyone may
 * refuse it, has one limit of size for uploads and small bodies alike, keeps a thread of the pool
 * busy while a package is made, and two threads per WebSocket that wake up even when idle. */
#include "http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "exchange.h"
#include "log.h"
#include "uploads.h"

enum {
    THREADS_DEFAULT = 4,
    CONNECTIONS_DEFAULT = 512,
    PER_ADDRESS_DEFAULT = 256,
    IDLE_DEFAULT_S = 30,
    RATIO_DEFAULT = 200,
    LONG_STACK_SIZE = 1024 * 1024,
};

struct http_server {
    struct api api;
    struct event_streams *streams;
    struct MHD_Daemon *daemon;
    uint16_t port;
    atomic_bool is_stopping;
    pthread_mutex_t lock;
    pthread_cond_t long_ended;
    size_t long_count; /* under the lock */
};

struct long_call {
    struct http_server *server;
    struct exchange *exchange;
};

static void long_done(struct http_server *s)
{
    pthread_mutex_lock(&s->lock);
    s->long_count--;
    pthread_cond_broadcast(&s->long_ended);
    pthread_mutex_unlock(&s->lock);
}

static void *run_long(void *arg)
{
    AUTO_FREE struct long_call *call = arg;
    struct exchange *x = call->exchange;
    struct MHD_Connection *connection = x->connection;
    exchange_run(x);
    atomic_store(&x->is_done, true);
    /* The exchange is no longer ours. */
    MHD_resume_connection(connection);
    long_done(call->server);
    return NULL;
}

/* The connection sleeps while a thread of its own runs the exchange; false: there is none to be
 * had. */
static bool start_long(struct http_server *s, struct exchange *x)
{
    struct long_call *call = calloc(1, sizeof(*call));
    pthread_attr_t attributes;
    pthread_t thread;
    if (call == NULL)
        return false;
    *call = (struct long_call){.server = s, .exchange = x};
    pthread_mutex_lock(&s->lock);
    s->long_count++;
    pthread_mutex_unlock(&s->lock);
    MHD_suspend_connection(x->connection);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, LONG_STACK_SIZE);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int failed = pthread_create(&thread, &attributes, run_long, call);
    pthread_attr_destroy(&attributes);
    if (failed == 0)
        return true;
    MHD_resume_connection(x->connection);
    long_done(s);
    free(call);
    return false;
}

/* The body is complete. */
static enum MHD_Result finish(struct http_server *s, struct exchange *x)
{
    if (x->is_refused || atomic_load(&x->is_done))
        return exchange_send(x);
    if ((x->route->flags & ROUTE_LONG) != 0 && start_long(s, x))
        return MHD_YES;
    exchange_run(x);
    return exchange_send(x);
}

/* The parameters are those of MHD. NOLINTNEXTLINE(readability-function-size) */
static enum MHD_Result answer(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *size, void **con_cls)
{
    struct http_server *s = cls;
    struct exchange *x = *con_cls;
    (void)version;
    if (x == NULL) {
        x = exchange_new(&s->api, s->streams, connection, method, url);
        *con_cls = x;
        if (x == NULL)
            return MHD_NO;
        return exchange_can_answer_early(x) ? exchange_send(x) : MHD_YES;
    }
    if (*size == 0)
        return finish(s, x);
    bool is_taken = exchange_take(x, data, *size);
    *size = 0;
    return is_taken ? MHD_YES : MHD_NO;
}

static void completed(void *cls, struct MHD_Connection *connection, void **con_cls,
                      enum MHD_RequestTerminationCode code)
{
    (void)cls;
    (void)connection;
    (void)code;
    exchange_free(*con_cls);
    *con_cls = NULL;
}

/* Escapes stay as they came: route_find and params_add decode them, and refuse bad ones. */
static size_t keep_escapes(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls;
    (void)connection;
    return strlen(text);
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
    c->body_max_bytes = c->body_max_bytes != 0 ? c->body_max_bytes : 16ULL << 20;
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
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_UPGRADE | MHD_USE_ERROR_LOG |
                     MHD_ALLOW_SUSPEND_RESUME;
    enum err err = parse_address(c, &address, &flags, e);
    if (err != ERR_OK)
        return err;
    errno = 0;
    s->daemon = MHD_start_daemon(
        flags, c->port, NULL, NULL, answer, s, MHD_OPTION_EXTERNAL_LOGGER, log_library, NULL,
        MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_THREAD_POOL_SIZE, c->threads,
        MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes,
        NULL, MHD_OPTION_CONNECTION_LIMIT, c->connections_max, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        c->per_address_max, MHD_OPTION_CONNECTION_TIMEOUT, c->idle_timeout_s, MHD_OPTION_END);
    if (s->daemon == NULL && errno == EADDRINUSE)
        return error_set(e, ERR_CONFLICT, "http: %s:%u is taken", c->address, c->port);
    if (s->daemon == NULL)
        return error_errno(e, "http: listen on %s:%u", c->address, c->port);
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT);
    s->port = info != NULL ? info->port : c->port;
    return ERR_OK;
}

enum err http_server_start(const struct http_config *config, struct http_server **out,
                           struct error *e)
{
    AUTO(http_server_stop) struct http_server *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for the HTTP server");
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->long_ended, NULL);
    s->api.config = *config;
    s->api.mailbox = config->core->mailbox;
    s->api.is_stopping = &s->is_stopping;
    set_defaults(&s->api.config);
    s->api.readers = reader_pool_new(config->open_reader, config->reader_arg);
    s->streams = event_streams_new(config->core->events);
    if (s->api.readers == NULL || s->streams == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for the HTTP server");
    enum err err =
        upload_store_open(config->data_dir, s->api.config.upload_max_bytes, &s->api.uploads, e);
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
    MHD_socket listener = MHD_quiesce_daemon(s->daemon);
    if (listener != MHD_INVALID_SOCKET)
        close(listener);
    event_streams_stop(s->streams);
    pthread_mutex_lock(&s->lock);
    while (s->long_count > 0)
        pthread_cond_wait(&s->long_ended, &s->lock);
    pthread_mutex_unlock(&s->lock);
    MHD_stop_daemon(s->daemon);
}

void http_server_stop(struct http_server *s)
{
    if (s == NULL)
        return;
    atomic_store(&s->is_stopping, true);
    if (s->daemon != NULL)
        end_requests(s);
    event_streams_free(s->streams);
    upload_store_close(s->api.uploads);
    reader_pool_free(s->api.readers);
    pthread_cond_destroy(&s->long_ended);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
