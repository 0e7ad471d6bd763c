/* SPDX-License-Identifier: Apache-2.0 */
/* raw: what libzmq alone needs for the same work, measured in the same run as Hivecast.
 *   raw transfer CLIENTS BYTES    BYTES over CURVE to each of CLIENTS processes, 64 KiB messages
 * with credit raw handshake CLIENTS         CURVE handshakes and one reply to CLIENTS sockets in
 * two processes Prints the seconds from the first connect to the last byte or reply. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "clock.h"

enum { PIECE = 64 * 1024, CREDIT = 8, CLIENT_PROCESSES = 2, KEY_TEXT = 41 };

static char server_public[KEY_TEXT], server_secret[KEY_TEXT];
static char endpoint[128];

static void must(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "raw: %s: %s\n", what, zmq_strerror(zmq_errno()));
        _exit(1);
    }
}

static void *server_socket(void *context)
{
    void *s = zmq_socket(context, ZMQ_ROUTER);
    must(s != NULL, "socket");
    int one = 1, zero = 0, backlog = 4096;
    must(zmq_setsockopt(s, ZMQ_CURVE_SERVER, &one, sizeof(one)) == 0, "curve");
    must(zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, server_secret, KEY_TEXT) == 0, "key");
    must(zmq_setsockopt(s, ZMQ_SNDHWM, &zero, sizeof(zero)) == 0, "hwm");
    must(zmq_setsockopt(s, ZMQ_BACKLOG, &backlog, sizeof(backlog)) == 0, "backlog");
    must(zmq_bind(s, "tcp://127.0.0.1:*") == 0, "bind");
    size_t size = sizeof(endpoint);
    must(zmq_getsockopt(s, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0, "endpoint");
    return s;
}

static void *client_socket(void *context)
{
    void *s = zmq_socket(context, ZMQ_DEALER);
    must(s != NULL, "socket");
    char public[KEY_TEXT], secret[KEY_TEXT];
    must(zmq_curve_keypair(public, secret) == 0, "key pair");
    int patience_ms = 120000;
    must(zmq_setsockopt(s, ZMQ_CURVE_SERVERKEY, server_public, KEY_TEXT) == 0, "key");
    must(zmq_setsockopt(s, ZMQ_CURVE_PUBLICKEY, public, KEY_TEXT) == 0, "key");
    must(zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, secret, KEY_TEXT) == 0, "key");
    must(zmq_setsockopt(s, ZMQ_HANDSHAKE_IVL, &patience_ms, sizeof(patience_ms)) == 0, "handshake");
    must(zmq_connect(s, endpoint) == 0, "connect");
    return s;
}

/* Asks for pieces with credit until bytes have come. */
static void transfer_client(uint64_t bytes)
{
    void *context = zmq_ctx_new();
    void *s = client_socket(context);
    uint64_t pieces = (bytes + PIECE - 1) / PIECE, asked = 0;
    for (; asked < CREDIT && asked < pieces; asked++)
        must(zmq_send(s, "", 0, 0) == 0, "ask");
    for (uint64_t got = 0; got < pieces; got++) {
        zmq_msg_t m;
        zmq_msg_init(&m);
        must(zmq_msg_recv(&m, s, 0) >= 0, "receive");
        zmq_msg_close(&m);
        if (asked < pieces) {
            must(zmq_send(s, "", 0, 0) == 0, "ask");
            asked++;
        }
    }
    zmq_close(s);
    zmq_ctx_term(context);
    _exit(0);
}

static void handshake_client(unsigned sockets)
{
    void *context = zmq_ctx_new();
    must(zmq_ctx_set(context, ZMQ_MAX_SOCKETS, (int)sockets + 16) == 0, "sockets");
    void **all = calloc(sockets, sizeof(*all));
    must(all != NULL, "memory");
    for (unsigned i = 0; i < sockets; i++) {
        all[i] = client_socket(context);
        must(zmq_send(all[i], "hello", 5, 0) == 5, "send");
    }
    char reply[8];
    for (unsigned i = 0; i < sockets; i++)
        must(zmq_recv(all[i], reply, sizeof(reply), 0) >= 0, "receive");
    _exit(0);
}

/* Answers every message with size bytes, replies times. */
static void serve(void *s, uint64_t replies, size_t size)
{
    char *piece = calloc(1, size + 1);
    must(piece != NULL, "memory");
    for (uint64_t i = 0; i < replies; i++) {
        zmq_msg_t id, body;
        zmq_msg_init(&id);
        zmq_msg_init(&body);
        must(zmq_msg_recv(&id, s, 0) >= 0, "receive");
        must(zmq_msg_recv(&body, s, 0) >= 0, "receive");
        zmq_msg_close(&body);
        must(zmq_msg_send(&id, s, ZMQ_SNDMORE) >= 0, "send");
        must(zmq_send(s, piece, size, 0) >= 0, "send");
    }
    free(piece);
}

int main(int argc, char **argv)
{
    bool transfer = argc == 4 && strcmp(argv[1], "transfer") == 0;
    if (!transfer && !(argc == 3 && strcmp(argv[1], "handshake") == 0)) {
        fprintf(stderr, "usage: %s transfer CLIENTS BYTES | handshake CLIENTS\n", argv[0]);
        return 2;
    }
    unsigned clients = (unsigned)strtoul(argv[2], NULL, 10);
    uint64_t bytes = transfer ? strtoull(argv[3], NULL, 10) : 0;
    struct rlimit files;
    must(getrlimit(RLIMIT_NOFILE, &files) == 0, "limit");
    files.rlim_cur = files.rlim_max;
    must(setrlimit(RLIMIT_NOFILE, &files) == 0, "limit");
    must(zmq_curve_keypair(server_public, server_secret) == 0, "key pair");

    /* Clients are forked before the server's context has threads; they learn where through a pipe.
     */
    int where[2];
    must(pipe(where) == 0, "pipe");
    unsigned processes = transfer ? clients : CLIENT_PROCESSES;
    for (unsigned i = 0; i < processes; i++) {
        pid_t pid = fork();
        must(pid >= 0, "fork");
        if (pid == 0) {
            must(read(where[0], endpoint, sizeof(endpoint)) == sizeof(endpoint), "read");
            if (transfer)
                transfer_client(bytes);
            handshake_client(clients / CLIENT_PROCESSES);
        }
    }
    void *context = zmq_ctx_new();
    must(zmq_ctx_set(context, ZMQ_MAX_SOCKETS, 65535) == 0, "sockets");
    void *s = server_socket(context);
    int64_t start = clock_monotonic_ms();
    for (unsigned i = 0; i < processes; i++)
        must(write(where[1], endpoint, sizeof(endpoint)) == sizeof(endpoint), "write");
    serve(s, transfer ? clients * ((bytes + PIECE - 1) / PIECE) : clients, transfer ? PIECE : 2);
    for (unsigned i = 0; i < processes; i++) {
        int status;
        must(wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0, "client");
    }
    printf("%.3f\n", (double)(clock_monotonic_ms() - start) / 1000.0);
    fflush(stdout);
    _exit(0); /* thousands of connections need not be closed one by one */
}
