/* SPDX-License-Identifier: Apache-2.0 */
#include "agent.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent_parts.h"
#include "fs.h"
#include "log.h"
#include "sd_notify.h"

/* One socket for control, one for bulk, their monitors, and some of ZeroMQ's own. */
enum { ZMQ_SOCKETS_MAX = 16, BYE_MS = 500, LAST_WORDS_MS = 300 };

static const Hivecast__V1__Advertisement *advertise(void *arg)
{
    const struct agent *a = arg;
    return advertisement_make(a->advertisement);
}

static void connection_changed(void *arg, bool is_online)
{
    const struct agent *a = arg;
    response_collector_set_online(a->collector, is_online);
    if (!is_online)
        return;
    transfer_hurry(a->transfer);
    task_processor_connected(a->tasks);
}

static uint64_t reports_stream_id(void *arg)
{
    const struct agent *a = arg;
    return response_collector_stream_id(a->collector);
}

static enum err reports_peek(void *arg, size_t max, struct bytes *out, uint64_t *first_seq,
                             size_t *count, struct error *e)
{
    const struct agent *a = arg;
    return response_collector_peek(a->collector, max, out, first_seq, count, e);
}

static void reports_confirm(void *arg, uint64_t stored_seq)
{
    struct agent *a = arg;
    response_collector_confirm(a->collector, stored_seq);
    if (a->is_ending)
        agent_check_end(a);
}

static void reports_ready(void *arg)
{
    const struct agent *a = arg;
    if (a->transport != NULL)
        transport_client_report(a->transport);
}

static void output_pressure(void *arg, bool is_high)
{
    const struct agent *a = arg;
    process_table_pause_output(a->processes, is_high);
}

static void leave(void *arg)
{
    const struct agent *a = arg;
    loop_quit(a->loop);
}

void agent_check_end(struct agent *a)
{
    if (!agent_work_is_done(a))
        return;
    response_collector_flush(a->collector);
    if (spool_pending_bytes(a->spool) == 0 ||
        transport_client_status(a->transport)->state != TRANSPORT_ONLINE)
        loop_quit(a->loop);
    else /* the last reports have a moment to leave; what stays is in the spool */
        loop_timer_start(a->loop, &a->leave, LAST_WORDS_MS, leave, a);
}

/* Asked twice: at once. */
static void on_terminate(void *arg)
{
    struct agent *a = arg;
    if (a->is_ending) {
        loop_quit(a->loop);
        return;
    }
    log_info("stopping");
    sd_notify_send("STOPPING=1");
    a->is_ending = true;
    task_processor_shut(a->tasks);
    loop_timer_start(a->loop, &a->leave, a->config->grace_ms + BYE_MS, leave, a);
    terminal_stop(a->terminal);
    agent_work_stop(a);
    agent_check_end(a);
}

static void add_task_line(void *arg, const struct task_status *s, const char *app, bool is_active)
{
    struct bytes *out = arg;
    char line[256];
    int length = snprintf(line, sizeof(line), "task %s %s %s %s %s\n", s->task_id, app,
                          task_state_name(s->state), run_state_name(s->run_state),
                          is_active ? "active" : "-");
    if (length > 0)
        (void)!bytes_append(out, line, (size_t)length, NULL);
}

static enum err status_text(void *arg, struct bytes *out, struct error *e)
{
    static const char *const words[] = {[TRANSPORT_OFFLINE] = "offline",
                                        [TRANSPORT_GREETING] = "greeting",
                                        [TRANSPORT_ONLINE] = "online"};
    const struct agent *a = arg;
    const struct transport_status *t = transport_client_status(a->transport);
    char text[1024];
    int length = snprintf(text, sizeof(text),
                          "pid %d\nversion %s\nconnection %s\nsince-ms %" PRId64
                          "\nwhy %s\nprocesses %zu\nunsent-bytes %" PRIu64 "\n",
                          (int)getpid(), HIVECAST_VERSION, words[t->state], t->since_ms, t->why,
                          process_table_count(a->processes), spool_pending_bytes(a->spool));
    enum err err = bytes_append(out, text, (size_t)length, e);
    if (err == ERR_OK)
        task_processor_each(a->tasks, add_task_line, out);
    return err;
}

static enum err read_boot_id(char *out, size_t size, struct error *e)
{
    struct bytes text = {0};
    enum err err = fs_read("/proc/sys/kernel/random/boot_id", 128, &text, e);
    if (err == ERR_OK)
        snprintf(out, size, "%.36s", (const char *)text.data);
    bytes_clear(&text);
    return err;
}

static enum err learn_self(struct agent *a, struct error *e)
{
    enum err err = identity_load(a->config->data_dir, &a->identity, e);
    if (err == ERR_OK)
        err = identity_keys(a->config->data_dir, &a->keys, e);
    if (err == ERR_OK)
        err = read_boot_id(a->boot_id, sizeof(a->boot_id), e);
    if (err != ERR_OK)
        return err;
    ssize_t length = readlink("/proc/self/exe", a->program, sizeof(a->program) - 1);
    return length > 0 ? ERR_OK : error_errno(e, "find our own program");
}

/* What must be there before ZeroMQ makes threads: signals and children. */
static enum err make_loop(struct agent *a, struct error *e)
{
    enum err err = loop_new(&a->loop, e);
    if (err == ERR_OK)
        err = process_table_new(a->loop, a->config->data_dir, a->identity.id, &a->processes, e);
    if (err == ERR_OK)
        err = loop_signal_start(a->loop, &a->sigterm, SIGTERM, on_terminate, a, e);
    if (err == ERR_OK)
        err = loop_signal_start(a->loop, &a->sigint, SIGINT, on_terminate, a, e);
    return err;
}

static enum err make_collector(struct agent *a, const struct response_collector_host *host,
                               struct error *e)
{
    AUTO_FREE char *spool = NULL;
    AUTO_FREE char *ring = NULL;
    AUTO_FREE char *terminal = NULL;
    enum err err = fs_join(a->config->data_dir, "spool", &spool, e);
    if (err == ERR_OK)
        err = fs_join(a->config->data_dir, "ring", &ring, e);
    if (err == ERR_OK)
        err = fs_join(a->config->data_dir, "terminal", &terminal, e);
    if (err == ERR_OK)
        err = spool_open(spool, a->config->spool_bytes, &a->spool, e);
    if (err == ERR_OK)
        err = output_ring_open(ring, a->config->ring_bytes, &a->ring, e);
    if (err == ERR_OK)
        err = response_collector_new(a->loop, a->spool, a->ring, host, &a->collector, e);
    if (err == ERR_OK)
        err = terminal_new(terminal, a->processes, a->collector, &a->terminal, e);
    return err;
}

static enum err make_network(struct agent *a, const struct transport_host *host,
                             const struct transport_reports *reports, struct error *e)
{
    a->zmq = zmq_ctx_new();
    if (a->zmq == NULL || zmq_ctx_set(a->zmq, ZMQ_MAX_SOCKETS, ZMQ_SOCKETS_MAX) != 0)
        return error_set(e, ERR_INTERNAL, "ZeroMQ does not start");
    struct dealer_config bulk = {.zmq = a->zmq,
                                 .loop = a->loop,
                                 .endpoint = a->identity.bulk,
                                 .server_key = a->identity.manager_key,
                                 .keys = &a->keys};
    struct transport_options control = {.dealer = bulk,
                                        .agent_version = HIVECAST_VERSION,
                                        .boot_id = a->boot_id,
                                        .host = host,
                                        .reports = reports};
    control.dealer.endpoint = a->identity.control;
    enum err err = transfer_new(&bulk, &a->transfer, e);
    return err == ERR_OK ? transport_client_new(&control, &a->transport, e) : err;
}

static enum err write_ready_file(const struct agent *a, struct error *e)
{
    if (a->config->ready_file == NULL)
        return ERR_OK;
    char text[256];
    int length =
        snprintf(text, sizeof(text), "{\"pid\":%d,\"id\":\"%s\"}\n", (int)getpid(), a->identity.id);
    return fs_write(a->config->ready_file, text, (size_t)length, 0644, e);
}

static enum err work(struct agent *a, struct error *e)
{
    size_t killed = process_table_kill_leftovers(a->processes);
    if (killed > 0)
        log_info("%zu processes of an earlier run were ended", killed);
    agent_children_empty_trash(a);
    task_processor_boot(a->tasks);
    enum err err = transport_client_start(a->transport, e);
    if (err == ERR_OK)
        err = write_ready_file(a, e);
    if (err != ERR_OK)
        return err;
    sd_notify_send("READY=1");
    log_info("target %s of %s", a->identity.id, a->identity.manager_url);
    return loop_run(a->loop, e);
}

/* Backwards; any part may be missing. */
static void clear(struct agent *a)
{
    status_socket_free(a->status);
    agent_work_free(a);
    if (a->transport != NULL)
        transport_client_stop(a->transport);
    transport_client_free(a->transport);
    transfer_free(a->transfer);
    advertisement_free(a->advertisement);
    task_processor_free(a->tasks);
    terminal_free(a->terminal);
    response_collector_free(a->collector);
    output_ring_close(a->ring);
    spool_close(a->spool);
    process_table_free(a->processes);
    loop_free(a->loop);
    if (a->zmq != NULL)
        zmq_ctx_term(a->zmq);
}

enum err agent_run(const struct agent_config *config, struct error *e)
{
    struct agent a = {.config = config};
    struct task_host task_host = agent_work_host;
    task_host.disk_reserve_bytes = config->disk_reserve_bytes;
    task_host.arg = &a;
    const struct response_collector_host collector_host = {reports_ready, output_pressure, &a};
    const struct transport_host transport_host = {advertise, connection_changed,
                                                  agent_calls_handlers, agent_calls_count, &a};
    const struct transport_reports reports = {reports_stream_id, reports_peek, reports_confirm, &a};
    enum err err = learn_self(&a, e);
    if (err == ERR_OK)
        err = make_loop(&a, e);
    if (err == ERR_OK)
        err = make_collector(&a, &collector_host, e);
    if (err == ERR_OK)
        err = task_processor_new(config->data_dir, &task_host, &a.tasks, e);
    if (err == ERR_OK)
        err = advertisement_new(&a.identity, config->data_dir, a.tasks, &a.advertisement, e);
    if (err == ERR_OK)
        err = make_network(&a, &transport_host, &reports, e);
    if (err == ERR_OK)
        err = status_socket_new(a.loop, config->data_dir, status_text, &a, &a.status, e);
    if (err == ERR_OK)
        err = work(&a, e);
    clear(&a);
    return err;
}
