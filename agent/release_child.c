/* SPDX-License-Identifier: Apache-2.0 */
/* The blocking work on a release tree; runs in a child process of its own. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

#include "fs.h"
#include "log.h"
#include "release_tree.h"

enum { OPEN_DIRECTORIES_MAX = 16 };

static int sync_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)where;
    if (type != FTW_F && type != FTW_D)
        return 0;
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES ? 0 : -1;
    return fsync(fd);
}

/* A child has one thread. */
static int sync_each(const char *path)
{
    return nftw(path, sync_one, OPEN_DIRECTORIES_MAX, FTW_PHYS); /* NOLINT(concurrency-mt-unsafe) */
}

/* One syncfs instead of a journal commit per file; file by file where that is refused. */
int release_tree_sync_main(const char *path)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && syncfs(fd) == 0)
        return EXIT_SUCCESS;
    if (fd >= 0 && sync_each(path) == 0)
        return EXIT_SUCCESS;
    struct error e = {0};
    error_errno(&e, "sync %.150s", path);
    log_error("%s", e.text);
    return EXIT_FAILURE;
}

int release_tree_remove_main(const char *path)
{
    struct error e = {0};
    if (fs_remove(path, &e) == ERR_OK)
        return EXIT_SUCCESS;
    log_error("%s", e.text);
    return EXIT_FAILURE;
}
