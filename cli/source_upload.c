/* SPDX-License-Identifier: Apache-2.0 */
/* source_upload: see source_upload.h. */
#include "source_upload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "clock.h"
#include "packer.h"
#include "print.h"

enum { BAR_WIDTH = 30, BAR_INTERVAL_MS = 100 };

struct transfer {
    struct packer *packer; /* of a directory, else NULL */
    int fd;                /* of an archive, else -1 */
    uint64_t total;        /* content of the directory, or size of the archive */
    uint64_t sent;
    int64_t drawn_ms;
    bool has_bar;
};

static void draw(struct transfer *t, uint64_t done, uint64_t sent)
{
    char size[SIZE_TEXT_SIZE];
    int64_t now_ms = clock_monotonic_ms();
    if (!t->has_bar || now_ms - t->drawn_ms < BAR_INTERVAL_MS)
        return;
    t->drawn_ms = now_ms;
    int filled = t->total > 0 ? (int)(done * BAR_WIDTH / t->total) : BAR_WIDTH;
    filled = filled > BAR_WIDTH ? BAR_WIDTH : filled;
    print_size(sent, size);
    fprintf(stderr, "\rupload [%.*s%*s] %3d %% %s ", filled, "##############################",
            BAR_WIDTH - filled, "", t->total > 0 ? (int)(done * 100 / t->total) : 100, size);
}

static void on_progress(void *arg, uint64_t sent)
{
    struct transfer *t = arg;
    t->sent = sent;
    uint64_t done = t->packer != NULL ? packer_done(t->packer) : sent;
    draw(t, done < t->total ? done : t->total, sent);
}

static enum err on_read(void *arg, char *buffer, size_t size, size_t *got, struct error *e)
{
    struct transfer *t = arg;
    if (t->packer != NULL)
        return packer_read(t->packer, buffer, size, got, e);
    ssize_t count = -1;
    do {
        count = read(t->fd, buffer, size);
    } while (count < 0 && errno == EINTR);
    if (count < 0)
        return error_errno(e, "read the archive");
    *got = (size_t)count;
    return ERR_OK;
}

/* Opens path and tells upload how to read it. */
static enum err open_source(struct transfer *t, const char *path, struct upload *upload,
                            struct error *e)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return error_errno(e, "source %s", path);
    if (S_ISDIR(st.st_mode)) {
        enum err err = packer_measure(path, &t->total, e);
        upload->name = "source.tar.zst";
        upload->size = -1;
        return err == ERR_OK ? packer_new(path, &t->packer, e) : err;
    }
    if (!S_ISREG(st.st_mode))
        return error_set(e, ERR_INVALID, "source %s is neither a directory nor an archive", path);
    t->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (t->fd < 0)
        return error_errno(e, "source %s", path);
    t->total = (uint64_t)st.st_size;
    upload->name = "source";
    upload->size = st.st_size;
    return ERR_OK;
}

enum err source_upload(struct client *client, const char *path, char **id, struct error *e)
{
    struct transfer t = {.fd = -1, .has_bar = print_is_terminal(stderr)};
    struct upload upload = {.read = on_read, .progress = on_progress, .arg = &t};
    json_t *answer = NULL;
    enum err err = open_source(&t, path, &upload, e);
    if (err == ERR_OK)
        err = client_upload(client, &upload, &answer, e);
    t.drawn_ms = 0;
    if (err == ERR_OK)
        draw(&t, t.total, t.sent);
    if (t.has_bar)
        fputc('\n', stderr);
    packer_free(t.packer);
    cleanup_close_auto(&t.fd);
    const char *text = json_string_value(json_object_get(answer, "id"));
    if (err == ERR_OK && text != NULL) {
        *id = strdup(text);
        err = *id != NULL ? ERR_OK : error_set(e, ERR_NO_MEMORY, "no memory");
    } else if (err == ERR_OK) {
        err = error_set(e, ERR_CORRUPT, "the manager gave no id for the upload");
    }
    json_decref(answer);
    return err;
}
