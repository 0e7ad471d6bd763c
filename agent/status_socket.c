/* SPDX-License-Identifier: Apache-2.0 */
#include "status_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <zmq.h>

#include "fs.h"
#include "log.h"

enum { ANSWER_MAX = 256 * 1024, BACKLOG = 4, ASK_TIMEOUT_S = 5 };
static const char socket_name[] = "agent.sock";

struct status_socket {
    int dir_fd;
    int fd;
    struct loop_watch watch;
    status_text_fn *fn;
    void *arg;
};

/* The path of a socket may have 107 characters only, so it goes through the open directory. */
static void make_address(int dir_fd, struct sockaddr_un *out)
{
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(out->sun_path, sizeof(out->sun_path), "/proc/self/fd/%d/%s", dir_fd, socket_name);
}

static void answer(void *arg, short events)
{
    (void)events;
    struct status_socket *s = arg;
    AUTO_CLOSE int peer = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (peer < 0)
        return;
    struct bytes text = {0};
    struct error e;
    /* The answer fits into the empty buffer of the connection; who does not read gets less. */
    if (s->fn(s->arg, &text, &e) != ERR_OK)
        log_warn("status: %s", e.text);
    else if (send(peer, text.data, text.size, MSG_NOSIGNAL) < 0)
        log_debug("status: whoever asked is gone");
    bytes_clear(&text);
}

static enum err listen_at(struct status_socket *s, const char *data_dir, struct error *e)
{
    s->dir_fd = open(data_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (s->dir_fd < 0)
        return error_errno(e, "open %s", data_dir);
    if (unlinkat(s->dir_fd, socket_name, 0) != 0 && errno != ENOENT)
        return error_errno(e, "remove %s/%s", data_dir, socket_name);
    s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un address;
    make_address(s->dir_fd, &address);
    if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(s->fd, BACKLOG) != 0)
        return error_errno(e, "listen at %s/%s", data_dir, socket_name);
    return ERR_OK;
}

enum err status_socket_new(struct loop *loop, const char *data_dir, status_text_fn *fn, void *arg,
                           struct status_socket **out, struct error *e)
{
    AUTO(status_socket_free) struct status_socket *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory");
    s->dir_fd = s->fd = -1;
    s->fn = fn;
    s->arg = arg;
    enum err err = listen_at(s, data_dir, e);
    if (err == ERR_OK)
        err = loop_watch_fd(loop, &s->watch, s->fd, ZMQ_POLLIN, answer, s, e);
    if (err == ERR_OK)
        *out = TAKE(s);
    return err;
}

void status_socket_free(struct status_socket *s)
{
    if (s == NULL)
        return;
    loop_watch_stop(&s->watch);
    if (s->fd >= 0) {
        close(s->fd);
        (void)unlinkat(s->dir_fd, socket_name, 0); /* the next one replaces it anyhow */
    }
    if (s->dir_fd >= 0)
        close(s->dir_fd);
    free(s);
}

static enum err read_all(int fd, struct bytes *out, struct error *e)
{
    for (;;) {
        enum err err = bytes_reserve(out, 4096, e);
        if (err != ERR_OK)
            return err;
        ssize_t got = read(fd, out->data + out->size, 4096);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_errno(e, "read the agent's answer");
        out->size += (size_t)got;
        if (got == 0 || out->size > ANSWER_MAX)
            return bytes_append(out, "", 0, e);
    }
}

enum err status_socket_ask(const char *data_dir, struct bytes *out, struct error *e)
{
    AUTO_CLOSE int dir_fd = open(data_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0)
        return error_errno(e, "open %s", data_dir);
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval timeout = {.tv_sec = ASK_TIMEOUT_S};
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) != 0)
        return error_errno(e, "make a socket");
    struct sockaddr_un address;
    make_address(dir_fd, &address);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        if (errno == ENOENT || errno == ECONNREFUSED)
            return error_set(e, ERR_UNAVAILABLE, "no agent runs with the data directory %s",
                             data_dir);
        return error_errno(e, "ask the agent of %s", data_dir);
    }
    return read_all(fd, out, e);
}
