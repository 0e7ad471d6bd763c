/* SPDX-License-Identifier: Apache-2.0 */
/* A manager without its wire, for test_http.py: HTTP over a real core on the memory store, with a
 * fake outbox. Prints {"port", "token"} when it is ready, then does what lines of standard input
 * say and answers each with a line; ends with the input. */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "fake_outbox.h"
#include "http_server.h"
#include "keys.h"
#include "log.h"
#include "store_memory.h"

enum {
    TURN_MAX = 64,
    BODY_MAX = 1024 * 1024,
    UPLOAD_MAX = 8 * 1024 * 1024,
    IDLE_S = 5,
    CLIENTS_MAX = 400
};

struct server {
    struct core core;
    struct fake_outbox outbox;
    struct certificate_manager *certificates;
    struct package_store *packages;
    struct http_server *http;
    pthread_t thread;
    int stop_fd;
};

/* What stands for the SignedTask: the id. */
static enum err encode(const struct task *task, struct bytes *out, struct error *e)
{
    return bytes_append(out, task->id, strlen(task->id), e);
}

static enum err open_reader(void *arg, struct store **out, struct error *e)
{
    (void)arg;
    return store_memory_open_reader("api_server", out, e);
}

static void *run_turns(void *arg)
{
    struct server *s = arg;
    struct pollfd fds[2] = {{.fd = mailbox_fd(s->core.mailbox), .events = POLLIN},
                            {.fd = s->stop_fd, .events = POLLIN}};
    while (fds[1].revents == 0) {
        if (poll(fds, 2, -1) < 0)
            continue;
        core_run_mailbox(&s->core, TURN_MAX);
        struct error e = {0};
        if (core_end_turn(&s->core, &e) != ERR_OK)
            log_error("turn: %s", e.text);
    }
    return NULL;
}

static enum err start(struct server *s, const char *dir, const char *source, struct error *e)
{
    struct store *store = NULL;
    enum err err = keys_init(e);
    if (err == ERR_OK)
        err = certificate_manager_open(dir, &s->certificates, e);
    if (err == ERR_OK)
        err = package_store_open(dir, certificate_manager_store_secret(s->certificates), 1,
                                 &s->packages, e);
    if (err == ERR_OK)
        err = store_memory_open("api_server", &store, e);
    if (err == ERR_OK)
        err = core_init(&s->core, store, &s->outbox.outbox, encode,
                        certificate_manager_token_key(s->certificates), e);
    const struct http_config config = {
        .address = "127.0.0.1",
        .version = "test",
        .core = &s->core,
        .packages = s->packages,
        .certificates = s->certificates,
        .data_dir = dir,
        .source_dir = source,
        .open_reader = open_reader,
        .control_endpoint = "tcp://0.0.0.0:5557",
        .bulk_endpoint = "tcp://[::]:5558",
        .body_max_bytes = BODY_MAX,
        .upload_max_bytes = UPLOAD_MAX,
        .limits = {.content_max = UPLOAD_MAX},
        .per_address_max = CLIENTS_MAX,
        .idle_timeout_s = IDLE_S,
    };
    if (err == ERR_OK)
        err = http_server_start(&config, &s->http, e);
    if (err == ERR_OK && pthread_create(&s->thread, NULL, run_turns, s) != 0)
        err = error_set(e, ERR_NO_MEMORY, "no thread");
    return err;
}

struct step {
    struct server *server;
    char words[5][256];
};

static enum err do_connect(struct server *s, char (*words)[256], struct error *e)
{
    struct advertisement a = {
        .architecture = "x86_64", .os = "linux", .agent_version = "1", .stream_id = 7};
    enum err err = tags_parse(&a.tags, words[2], e);
    return err == ERR_OK ? registry_connected(s->core.registry, words[1], &a, 1000, e) : err;
}

static enum err do_log(struct server *s, char (*words)[256], struct error *e)
{
    struct log_line line = {.time_ms = 1700000000000, .output = words[4]};
    struct report report = {.kind = REPORT_LOG,
                            .time_ms = line.time_ms,
                            .log = {.target_id = words[1],
                                    .task_id = words[2],
                                    .stage = stage_from_name(words[3]),
                                    .command = "./count",
                                    .lines = &line,
                                    .count = 1}};
    const struct target *t = registry_find(s->core.registry, words[1]);
    uint64_t stored = 0;
    if (t == NULL)
        return error_set(e, ERR_NOT_FOUND, "no target %s", words[1]);
    const struct report_batch batch = {t->stream_id, t->stored_seq + 1, &report, 1};
    return log_manager_report(s->core.logs, t->id, &batch, &stored, e);
}

static enum err do_acknowledge(struct server *s, char (*words)[256], struct error *e)
{
    struct acknowledgement a = {.state = task_state_from_name(words[3]),
                                .run_state = strcmp(words[4], "up") == 0 ? RUN_UP : RUN_NONE};
    (void)snprintf(a.task_id, sizeof(a.task_id), "%.47s", words[2]);
    return task_manager_acknowledge(s->core.tasks, words[1], &a, 1000, e);
}

static enum err step_in_core(void *arg, struct error *e)
{
    struct step *step = arg;
    const char *word = step->words[0];
    if (strcmp(word, "connect") == 0)
        return do_connect(step->server, step->words, e);
    if (strcmp(word, "log") == 0)
        return do_log(step->server, step->words, e);
    if (strcmp(word, "acknowledge") == 0)
        return do_acknowledge(step->server, step->words, e);
    return error_set(e, ERR_INVALID, "no step %s", word);
}

/* "connect ID TAGS", "log ID TASK STAGE WORD", "acknowledge ID TASK STATE RUNSTATE". */
static void follow_input(struct server *s)
{
    char line[1024];
    while (fgets(line, sizeof(line), stdin) != NULL) {
        struct step step = {.server = s};
        struct error e = {0};
        int count = sscanf(line, "%255s %255s %255s %255s %255[^\n]", step.words[0], step.words[1],
                           step.words[2], step.words[3], step.words[4]);
        enum err err =
            count < 1 ? ERR_INVALID : mailbox_call(s->core.mailbox, step_in_core, &step, &e);
        printf("%s %s\n", err_name(err), e.text);
        (void)fflush(stdout);
    }
}

static void stop(struct server *s)
{
    http_server_stop(s->http);
    if (eventfd_write(s->stop_fd, 1) == 0)
        pthread_join(s->thread, NULL);
    mailbox_close(s->core.mailbox);
    core_clear(&s->core);
    package_store_close(s->packages);
    certificate_manager_close(s->certificates);
    close(s->stop_fd);
}

int main(int argc, char **argv)
{
    struct server s = {.stop_fd = eventfd(0, EFD_CLOEXEC)};
    struct error e = {0};
    fake_outbox_init(&s.outbox);
    if (argc != 3 || start(&s, argv[1], argv[2], &e) != ERR_OK) {
        (void)fprintf(stderr, "api_server: %s\n", e.text);
        return EXIT_FAILURE;
    }
    printf("{\"port\": %u}\n", (unsigned)http_server_port(s.http));
    (void)fflush(stdout);
    follow_input(&s);
    stop(&s);
    return EXIT_SUCCESS;
}
