/* SPDX-License-Identifier: Apache-2.0 */
/* hivecast-manager: puts the parts together, runs core on the main thread, and takes them apart
 * again. The one place that knows every part. */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "certificate_manager.h"
#include "core.h"
#include "fs.h"
#include "http_server.h"
#include "log.h"
#include "package_store.h"
#include "ready_file.h"
#include "sd_notify.h"
#include "settings.h"
#include "store_backends.h"
#include "task_wire.h"
#include "transport.h"

/* COMPRESSION_LEVEL is zstd's. SHUTDOWN_S: what is acknowledged is on disk anyway, so a shutdown
 * that something holds up is not waited for longer. */
enum { COMPRESSION_LEVEL = 3, SHUTDOWN_S = 1, ARENAS = 2 };

#define STORE_KIND "sqlite"

struct manager {
    struct settings settings;
    int stop_fd;
    int lock_fd;
    char *store_path;
    struct certificate_manager *certificates;
    struct package_store *packages;
    struct transport *transport;
    struct core core;
    bool has_core;
    struct http_server *http;
};

/* Threads that rarely allocate need no heap of their own; freed memory goes back. */
static void tune_heap(void)
{
    /* NOLINTBEGIN(concurrency-mt-unsafe): there is one thread yet */
    (void)mallopt(M_ARENA_MAX, ARENAS);
    (void)mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
    (void)mallopt(M_MMAP_THRESHOLD, 256 * 1024);
    /* NOLINTEND(concurrency-mt-unsafe) */
}

/* Before the first thread, so that all of them leave signals to stop_fd. */
static enum err prepare_process(struct manager *m, struct error *e)
{
    sigset_t stops;
    (void)sigemptyset(&stops);
    (void)sigaddset(&stops, SIGTERM);
    (void)sigaddset(&stops, SIGINT);
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    if (pthread_sigmask(SIG_BLOCK, &stops, NULL) != 0 || sigaction(SIGPIPE, &ignore, NULL) != 0)
        return error_errno(e, "signals");
    m->stop_fd = signalfd(-1, &stops, SFD_CLOEXEC | SFD_NONBLOCK);
    if (m->stop_fd < 0)
        return error_errno(e, "signals");
    struct rlimit files; /* one for each agent */
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &files) != 0)
            log_warn("open files: cannot raise the limit");
    }
    tune_heap();
    return ERR_OK;
}

static enum err open_data(struct manager *m, struct error *e)
{
    const char *dir = m->settings.data_dir;
    enum err err = fs_mkdirs(dir, 0700, e);
    if (err == ERR_OK)
        err = fs_lock_dir(dir, &m->lock_fd, e);
    if (err == ERR_OK && m->settings.ready_file != NULL)
        err = fs_remove(m->settings.ready_file, e); /* an old one would be a lie */
    if (err == ERR_OK)
        err = keys_init(e);
    if (err == ERR_OK)
        err = certificate_manager_open(dir, &m->certificates, e);
    if (err == ERR_OK)
        err = fs_join(dir, "manager.db", &m->store_path, e);
    if (err != ERR_OK)
        return err;
    return package_store_open(dir, certificate_manager_store_secret(m->certificates),
                              COMPRESSION_LEVEL, &m->packages, e);
}

static enum err start_core(struct manager *m, struct error *e)
{
    struct store *store = NULL;
    enum err err = transport_new(&m->transport, e);
    if (err == ERR_OK)
        err = store_open(STORE_KIND, m->store_path, &store, e);
    if (err != ERR_OK)
        return err;
    err = core_init(&m->core, store, transport_outbox(m->transport), task_wire_encode,
                    certificate_manager_token_key(m->certificates), e);
    m->has_core = err == ERR_OK;
    return err == ERR_OK ? package_store_clean(m->packages, m->core.store, e) : err;
}

static enum err open_reader(void *arg, struct store **out, struct error *e)
{
    const struct manager *m = arg;
    return store_open_reader(STORE_KIND, m->store_path, out, e);
}

static enum err start_transport(struct manager *m, struct error *e)
{
    const struct transport_config config = {
        .control_endpoint = m->settings.control_endpoint,
        .bulk_endpoint = m->settings.bulk_endpoint,
        .keys = certificate_manager_curve(m->certificates),
        .heartbeat_ms = m->settings.heartbeat_ms,
        .core = &m->core,
        .packages = m->packages,
    };
    struct store *reader = NULL;
    enum err err = open_reader(m, &reader, e);
    return err == ERR_OK ? transport_start(m->transport, &config, reader, e) : err;
}

static enum err start_http(struct manager *m, struct error *e)
{
    const struct http_config config = {
        .address = m->settings.http_address,
        .port = m->settings.http_port,
        .version = HIVECAST_VERSION,
        .core = &m->core,
        .packages = m->packages,
        .certificates = m->certificates,
        .data_dir = m->settings.data_dir,
        .source_dir = m->settings.source_dir,
        .open_reader = open_reader,
        .reader_arg = m,
        .control_endpoint = transport_control_endpoint(m->transport),
        .bulk_endpoint = transport_bulk_endpoint(m->transport),
        .advertise_host = m->settings.advertise_host,
        .body_max_bytes = m->settings.body_max_bytes,
        .upload_max_bytes = m->settings.upload_max_bytes,
    };
    return http_server_start(&config, &m->http, e);
}

static enum err announce(const struct manager *m, struct error *e)
{
    const struct ready_facts facts = {
        .http_address = m->settings.http_address,
        .http_port = http_server_port(m->http),
        .control_endpoint = transport_control_endpoint(m->transport),
        .bulk_endpoint = transport_bulk_endpoint(m->transport),
        .advertise_host = m->settings.advertise_host,
    };
    if (m->settings.ready_file != NULL) {
        enum err err = ready_file_write(m->settings.ready_file, &facts, e);
        if (err != ERR_OK)
            return err;
    }
    log_info("version " HIVECAST_VERSION " is ready: http %s port %u, control %s, bulk %s",
             facts.http_address, (unsigned)facts.http_port, facts.control_endpoint,
             facts.bulk_endpoint);
    sd_notify_send("READY=1");
    return ERR_OK;
}

static enum err serve(struct manager *m, struct error *e)
{
    enum err err = prepare_process(m, e);
    if (err == ERR_OK)
        err = open_data(m, e);
    if (err == ERR_OK)
        err = start_core(m, e);
    if (err == ERR_OK)
        err = start_transport(m, e);
    if (err == ERR_OK)
        err = start_http(m, e);
    if (err == ERR_OK)
        err = announce(m, e);
    return err == ERR_OK ? transport_run(m->transport, m->stop_fd, e) : err;
}

static void give_up(int number)
{
    (void)number;
    _exit(EXIT_SUCCESS);
}

static void stop(struct manager *m)
{
    sd_notify_send("STOPPING=1");
    const struct sigaction act = {.sa_handler = give_up};
    if (sigaction(SIGALRM, &act, NULL) == 0)
        (void)alarm(SHUTDOWN_S);
    if (m->has_core)
        mailbox_close(m->core.mailbox);
    http_server_stop(m->http);
    transport_free(m->transport);
    if (m->has_core)
        core_clear(&m->core);
    package_store_close(m->packages);
    certificate_manager_close(m->certificates);
    free(m->store_path);
    if (m->lock_fd >= 0)
        (void)close(m->lock_fd);
    if (m->stop_fd >= 0)
        (void)close(m->stop_fd);
}

int main(int argc, char **argv)
{
    struct manager m = {.stop_fd = -1, .lock_fd = -1};
    struct error e;
    enum err err = settings_read(argc, argv, &m.settings, &e);
    if (err != ERR_OK) {
        (void)fprintf(stderr, "hivecast-manager: %s\n", e.text);
        return 2;
    }
    if (options_wants_help(m.settings.options)) {
        settings_print_help();
    } else if (options_wants_version(m.settings.options)) {
        puts("hivecast-manager " HIVECAST_VERSION);
    } else {
        err = serve(&m, &e);
        if (err != ERR_OK)
            log_error("%s", e.text);
        stop(&m);
    }
    settings_clear(&m.settings);
    return err == ERR_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
