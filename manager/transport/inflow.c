/* SPDX-License-Identifier: Apache-2.0 */
#include "inflow.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cleanup.h"

enum {
    /* A frame travels with a header, a command name, a nonce and a tag; pings come besides. */
    FRAME_OVERHEAD = 96,
    LOOK_MS = 5000,
    GROWTH_BYTES = 32 * 1024 * 1024,
};

uint16_t inflow_port(const char *endpoint)
{
    const char *colon = strrchr(endpoint, ':');
    return colon != NULL ? (uint16_t)strtoul(colon + 1, NULL, 10) : 0;
}

/* NULL without memory, or for a descriptor that is none. */
static struct inflow_place *place_of(struct inflow *i, int fd)
{
    if (fd < 0)
        return NULL;
    if ((size_t)fd >= i->count) {
        size_t count = (size_t)fd + 1 + i->count;
        struct inflow_place *places = realloc(i->places, count * sizeof(*places));
        if (places == NULL)
            return NULL;
        memset(places + i->count, 0, (count - i->count) * sizeof(*places));
        i->places = places;
        i->count = count;
    }
    return &i->places[fd];
}

void inflow_note(struct inflow *i, int fd, size_t bytes, size_t frames)
{
    struct inflow_place *place = place_of(i, fd);
    if (place != NULL)
        place->given += bytes + frames * FRAME_OVERHEAD;
}

static bool is_ours(const struct inflow *i, int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {0};
    socklen_t size = sizeof(address);
    if (getsockname(fd, &address.any, &size) != 0)
        return false;
    uint16_t port = 0;
    if (address.any.sa_family == AF_INET)
        port = ntohs(address.v4.sin_port);
    else if (address.any.sa_family == AF_INET6)
        port = ntohs(address.v6.sin6_port);
    return port != 0 && (port == i->ports[0] || port == i->ports[1]);
}

static bool is_beyond(struct inflow *i, int fd)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof(info);
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return false;
    struct inflow_place *place = place_of(i, fd);
    if (place == NULL)
        return false;
    /* Another connection with the same number: it starts without debts. */
    if (info.tcpi_bytes_received < place->received)
        place->given = info.tcpi_bytes_received;
    place->received = info.tcpi_bytes_received;
    return place->received > place->given + INFLOW_BACKLOG_MAX && is_ours(i, fd);
}

static size_t look(struct inflow *i)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t cut = 0;
    const struct dirent *entry;
    if (dir == NULL)
        return 0;
    while ((entry = readdir(dir)) != NULL) { /* NOLINT(concurrency-mt-unsafe) */
        char *end = NULL;
        long fd = strtol(entry->d_name, &end, 10);
        if (end == entry->d_name || !is_beyond(i, (int)fd))
            continue;
        (void)shutdown((int)fd, SHUT_RDWR); /* fails only when it ended by itself */
        cut++;
    }
    (void)closedir(dir);
    return cut;
}

/* 0 when it cannot be told. */
static uint64_t resident_bytes(void)
{
    AUTO_CLOSE int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    char text[128];
    ssize_t size = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
    if (size <= 0)
        return 0;
    text[size] = '\0';
    const char *space = strchr(text, ' '); /* the first number is the size of all that is mapped */
    return space != NULL ? strtoull(space, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

size_t inflow_tick(struct inflow *i, int64_t now_ms)
{
    uint64_t resident = resident_bytes();
    if (now_ms < i->next_look_ms && resident < i->resident_bytes + GROWTH_BYTES)
        return 0;
    i->next_look_ms = now_ms + LOOK_MS;
    i->resident_bytes = resident;
    return look(i);
}

void inflow_clear(struct inflow *i)
{
    free(i->places);
    i->places = NULL;
    i->count = 0;
}
