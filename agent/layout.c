/* SPDX-License-Identifier: Apache-2.0 */
#include "layout.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fs.h"
#include "names.h"

static const char release_prefix[] = "releases/";

PRINTF_LIKE(3, 4)
static enum err print_path(char **out, struct error *e, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int length = vasprintf(out, fmt, args);
    va_end(args);
    if (length >= 0)
        return ERR_OK;
    *out = NULL;
    return error_set(e, ERR_NO_MEMORY, "no memory");
}

enum err layout_task(const char *data_dir, const char *task_id, const char *leaf, char **out,
                     struct error *e)
{
    return print_path(out, e, "%s/tasks/%s%s%s", data_dir, task_id, *leaf != '\0' ? "/" : "", leaf);
}

enum err layout_app(const char *data_dir, const char *app, const char *leaf, char **out,
                    struct error *e)
{
    return print_path(out, e, "%s/apps/%s%s%s", data_dir, app, *leaf != '\0' ? "/" : "", leaf);
}

enum err layout_release(const char *data_dir, const char *app, const char *task_id, char **out,
                        struct error *e)
{
    return print_path(out, e, "%s/apps/%s/%s%s", data_dir, app, release_prefix, task_id);
}

enum err layout_make_app(const char *data_dir, const char *app, struct error *e)
{
    AUTO_FREE char *releases = NULL;
    AUTO_FREE char *data = NULL;
    enum err err = layout_app(data_dir, app, "releases", &releases, e);
    if (err == ERR_OK)
        err = layout_app(data_dir, app, "data", &data, e);
    if (err == ERR_OK)
        err = fs_mkdirs(releases, 0755, e);
    return err == ERR_OK ? fs_mkdirs(data, 0755, e) : err;
}

void layout_current(const char *data_dir, const char *app, char out[static TASK_ID_SIZE])
{
    out[0] = '\0';
    AUTO_FREE char *path = NULL;
    if (layout_app(data_dir, app, "current", &path, NULL) != ERR_OK)
        return;
    char target[sizeof(release_prefix) + TASK_ID_SIZE] = "";
    ssize_t length = readlink(path, target, sizeof(target) - 1);
    const char *id = target + strlen(release_prefix);
    if (length > 0 && strncmp(target, release_prefix, strlen(release_prefix)) == 0 &&
        names_check_id("release", id, NULL) == ERR_OK)
        snprintf(out, TASK_ID_SIZE, "%s", id);
}

enum err layout_switch(const char *data_dir, const char *app, const char *task_id, struct error *e)
{
    AUTO_FREE char *dir = NULL;
    AUTO_FREE char *link = NULL;
    AUTO_FREE char *fresh = NULL;
    AUTO_FREE char *target = NULL;
    enum err err = layout_app(data_dir, app, "", &dir, e);
    if (err == ERR_OK)
        err = layout_app(data_dir, app, "current", &link, e);
    if (err == ERR_OK)
        err = layout_app(data_dir, app, "current.new", &fresh, e);
    if (err == ERR_OK)
        err = print_path(&target, e, "%s%s", release_prefix, task_id);
    if (err != ERR_OK)
        return err;
    /* What an interrupted switch left is in the way of the next. */
    if (unlink(fresh) != 0 && errno != ENOENT)
        return error_errno(e, "remove %s", fresh);
    if (*task_id == '\0') {
        if (unlink(link) != 0 && errno != ENOENT)
            return error_errno(e, "remove %s", link);
        return fs_sync_dir(dir, e);
    }
    if (symlink(target, fresh) != 0)
        return error_errno(e, "make the link %s", fresh);
    if (rename(fresh, link) != 0)
        return error_errno(e, "switch %s", link);
    return fs_sync_dir(dir, e);
}

static void closedir_auto(DIR **d)
{
    if (*d != NULL)
        closedir(*d);
}

enum err layout_each(const char *dir, layout_name_fn *fn, void *arg, struct error *e)
{
    AUTO(closedir) DIR *d = opendir(dir);
    if (d == NULL)
        return errno == ENOENT ? ERR_OK : error_errno(e, "open %s", dir);
    const struct dirent *entry;
    while ((entry = readdir(d)) != NULL) { /* NOLINT(concurrency-mt-unsafe) */
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            fn(arg, entry->d_name);
    }
    return ERR_OK;
}

static void count_name(void *arg, const char *name)
{
    (void)name;
    ++*(size_t *)arg;
}

bool layout_is_empty(const char *path)
{
    size_t count = 0;
    return layout_each(path, count_name, &count, NULL) == ERR_OK && count == 0;
}
