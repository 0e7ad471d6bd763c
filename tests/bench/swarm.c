/* SPDX-License-Identifier: Apache-2.0 */
/* swarm: thousands of agents in one process, against a real manager.
 *   swarm keys COUNT FILE                          key pairs into FILE, public halves (Z85) on
 * standard output swarm run KEYS FIRST COUNT CONTROL SERVER_KEY [LINES] Agent number n is sim-n.
 * With LINES every agent logs batches of so many lines as fast as they are confirmed. run prints a
 * line "seconds connected succeeded lines" whenever one of them changed, at most ten times a
 * second, until it is killed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include "clock.h"
#include "fs.h"
#include "swarm_agent.h"

enum { TICK_MS = 100, EVENTS_AT_ONCE = 256 };

static void must(bool ok, const char *what)
{
    if (!ok) {
        perror(what);
        _exit(1);
    }
}

static int make_keys(unsigned count, const char *path)
{
    FILE *file = fopen(path, "wb");
    must(file != NULL, path);
    for (unsigned i = 0; i < count; i++) {
        char public[KEY_Z85_SIZE], secret[KEY_Z85_SIZE];
        must(zmq_curve_keypair(public, secret) == 0, "key pair");
        must(fprintf(file, "%s %s\n", public, secret) > 0, path);
        puts(public);
    }
    must(fclose(file) == 0, path);
    return 0;
}

static struct swarm_agent *load(const char *path, unsigned first, unsigned count)
{
    struct swarm_agent *agents = calloc(count, sizeof(*agents));
    FILE *file = fopen(path, "rb");
    must(file != NULL && agents != NULL, path);
    for (unsigned i = 0; i < first + count; i++) {
        char public[KEY_Z85_SIZE], secret[KEY_Z85_SIZE];
        must(fscanf(file, "%40s %40s", public, secret) == 2, path);
        if (i < first)
            continue;
        struct swarm_agent *a = &agents[i - first];
        snprintf(a->id, sizeof(a->id), "sim-%u", i + 1);
        a->stream_id = (uint64_t)i + 1;
        must(zmq_z85_decode(a->keys.public_key, public) != NULL, "key");
        must(zmq_z85_decode(a->keys.secret_key, secret) != NULL, "key");
    }
    fclose(file);
    return agents;
}

/* A ZeroMQ descriptor is edge-triggered: handle until nothing waits, sends included. */
static void handle(struct swarm_agent *a, const struct swarm_config *c)
{
    int events, changes;
    size_t size = sizeof(events);
    do {
        swarm_agent_handle(a, c);
        must(zmq_getsockopt(a->socket, ZMQ_EVENTS, &events, &size) == 0, "events");
        must(zmq_getsockopt(a->monitor, ZMQ_EVENTS, &changes, &size) == 0, "events");
    } while ((events | changes) & ZMQ_POLLIN);
}

static void watch(int epoll, void *socket, struct swarm_agent *a)
{
    int fd;
    size_t size = sizeof(fd);
    must(zmq_getsockopt(socket, ZMQ_FD, &fd, &size) == 0, "descriptor");
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = a};
    must(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll");
}

static void print_totals(const struct swarm_totals *now, struct swarm_totals *printed,
                         int64_t start_ms)
{
    if (memcmp(now, printed, sizeof(*now)) == 0)
        return;
    *printed = *now;
    printf("%.3f %u %u %" PRIu64 "\n", (double)(clock_monotonic_ms() - start_ms) / 1000.0,
           now->connected, now->succeeded, now->lines);
    fflush(stdout);
}

static _Noreturn void run(struct swarm_agent *agents, unsigned count, const struct swarm_config *c)
{
    int64_t start_ms = clock_monotonic_ms(), next_tick_ms = start_ms;
    struct swarm_totals printed = {0};
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    must(epoll >= 0, "epoll");
    for (unsigned i = 0; i < count; i++) {
        swarm_agent_start(&agents[i], c);
        watch(epoll, agents[i].socket, &agents[i]);
        watch(epoll, agents[i].monitor, &agents[i]);
        handle(&agents[i], c);
    }
    for (;;) {
        struct epoll_event events[EVENTS_AT_ONCE];
        int ready = epoll_wait(epoll, events, EVENTS_AT_ONCE, TICK_MS);
        for (int i = 0; i < ready; i++)
            handle(events[i].data.ptr, c);
        int64_t now_ms = clock_monotonic_ms();
        if (now_ms < next_tick_ms)
            continue;
        next_tick_ms = now_ms + TICK_MS;
        for (unsigned i = 0; i < count; i++) {
            swarm_agent_tick(&agents[i], now_ms);
            handle(&agents[i], c);
        }
        print_totals(c->totals, &printed, start_ms);
    }
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "keys") == 0)
        return make_keys((unsigned)strtoul(argv[2], NULL, 10), argv[3]);
    if (argc < 7 || strcmp(argv[1], "run") != 0) {
        fprintf(stderr,
                "usage: %s keys COUNT FILE | run KEYS FIRST COUNT CONTROL SERVER_KEY [LINES]\n",
                argv[0]);
        return 2;
    }
    unsigned first = (unsigned)strtoul(argv[3], NULL, 10),
             count = (unsigned)strtoul(argv[4], NULL, 10);
    struct rlimit files;
    must(getrlimit(RLIMIT_NOFILE, &files) == 0, "limit");
    files.rlim_cur = files.rlim_max;
    must(setrlimit(RLIMIT_NOFILE, &files) == 0, "limit");
    struct swarm_agent *agents = load(argv[2], first, count);
    struct swarm_totals totals = {0};
    struct swarm_config c = {.context = zmq_ctx_new(), .control = argv[5], .totals = &totals};
    must(zmq_z85_decode(c.server_key, argv[6]) != NULL, "server key");
    must(zmq_ctx_set(c.context, ZMQ_MAX_SOCKETS, 3 * (int)count + 16) == 0, "sockets");
    if (argc > 7) {
        c.lines_per_batch = (unsigned)strtoul(argv[7], NULL, 10);
        for (unsigned i = 0; i < count; i++)
            agents[i].wants_logs = true;
    }
    run(agents, count, &c);
}
