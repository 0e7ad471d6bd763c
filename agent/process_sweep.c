/* SPDX-License-Identifier: Apache-2.0 */
#include "process_sweep.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cleanup.h"
#include "log.h"

/* Shells give variables on in any order, so all of an environment is read, within reason. */
enum {
    ENVIRONMENT_MAX = 127 * 1024,
    LEFTOVER_TERM_MS = 1000,
    LEFTOVER_PAUSE_MS = 10,
    KILL_LIMIT_MS = 500,
    KILL_PAUSE_MS = 1,
};

struct sweep_order {
    const char *agent;
    int signal;
    process_sweep_fn *fn;
    void *arg;
};

AUTO_DEFINE(DIR *, closedir)

/* Entries end with NUL; returns the bytes read, 0 when it cannot be read. */
static size_t read_environment(const char *pid, char *out)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%.20s/environ", pid);
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    size_t used = 0;
    while (used < ENVIRONMENT_MAX) {
        ssize_t got = read(fd, out + used, ENVIRONMENT_MAX - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        used += (size_t)got;
    }
    out[used] = '\0';
    return used;
}

/* The value of a variable, NULL when it is not there. */
static const char *value_of(const char *environment, size_t size, const char *name)
{
    size_t length = strlen(name);
    for (size_t at = 0; at < size; at += strlen(environment + at) + 1) {
        const char *entry = environment + at;
        if (strncmp(entry, name, length) == 0 && entry[length] == '=')
            return entry + length + 1;
    }
    return NULL;
}

static bool is_pid(const char *name)
{
    return isdigit((unsigned char)name[0]) != 0;
}

size_t process_sweep(const char *agent, int signal, process_sweep_fn *fn, void *arg)
{
    AUTO(closedir) DIR *dir = opendir("/proc");
    AUTO_FREE char *environment = malloc(ENVIRONMENT_MAX + 1);
    if (dir == NULL || environment == NULL)
        return 0;
    size_t count = 0;
    struct dirent *entry;
    /* Each thread may read its own DIR. */
    while ((entry = readdir(dir)) != NULL) { /* NOLINT(concurrency-mt-unsafe) */
        if (!is_pid(entry->d_name))
            continue;
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        size_t size = pid == getpid() ? 0 : read_environment(entry->d_name, environment);
        const char *owner = value_of(environment, size, "HIVECAST_AGENT");
        if (owner == NULL || strcmp(owner, agent) != 0)
            continue;
        const char *id = value_of(environment, size, "HIVECAST_PROCESS");
        if (fn != NULL && !fn(arg, id != NULL ? id : ""))
            continue;
        if (kill(pid, signal) == 0)
            count++;
    }
    return count;
}

enum err process_sweep_mark(const char *data_dir, char out[static PROCESS_MARK_SIZE],
                            struct error *e)
{
    struct stat st;
    AUTO_FREE char *path = realpath(data_dir, NULL);
    if (path == NULL || stat(path, &st) != 0)
        return error_errno(e, "data directory %s", data_dir);
    AUTO_FREE char *text = NULL;
    if (asprintf(&text, "%ju:%ju:%s", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino, path) < 0)
        return error_set(e, ERR_NO_MEMORY, "no memory for a path");
    uint64_t hash = 0xcbf29ce484222325U; /* FNV-1a */
    for (const char *c = text; *c != '\0'; c++)
        hash = (hash ^ (uint8_t)*c) * 0x100000001b3U;
    snprintf(out, PROCESS_MARK_SIZE, "%016jx", (uintmax_t)hash);
    return ERR_OK;
}

/* Looks until none is left or the time is over, signalling each time. Two empty looks are needed: a
 * process has no environment to be seen while it executes another program. */
static bool sweep_until_gone(const struct sweep_order *order, int64_t limit_ms, int64_t pause_ms)
{
    const struct timespec pause = {.tv_nsec = pause_ms * 1000000L};
    int empty_looks = 0;
    for (int64_t waited_ms = 0; waited_ms < limit_ms; waited_ms += pause_ms) {
        size_t left = process_sweep(order->agent, order->signal, order->fn, order->arg);
        empty_looks = left == 0 ? empty_looks + 1 : 0;
        if (empty_looks == 2)
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

size_t process_sweep_leftovers(const char *agent)
{
    size_t count = process_sweep(agent, SIGTERM, NULL, NULL);
    struct sweep_order look = {.agent = agent, .signal = 0};
    if (count > 0 && !sweep_until_gone(&look, LEFTOVER_TERM_MS, LEFTOVER_PAUSE_MS))
        process_sweep_kill(agent, NULL, NULL);
    return count;
}

void process_sweep_kill(const char *agent, process_sweep_fn *fn, void *arg)
{
    struct sweep_order order = {.agent = agent, .signal = SIGKILL, .fn = fn, .arg = arg};
    if (!sweep_until_gone(&order, KILL_LIMIT_MS, KILL_PAUSE_MS))
        log_warn("some processes that were killed are still there");
}
