/* SPDX-License-Identifier: Apache-2.0 */
/* agent_children: work that blocks, in children of our own program. Thread: the loop's. */
#include <stdio.h>

#include "agent_parts.h"
#include "fs.h"
#include "layout.h"
#include "log.h"

void agent_children_log(void *arg, const char *text, size_t size, bool is_error)
{
    (void)arg;
    log_write(is_error ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "%.*s", (int)size, text);
}

enum err agent_children_start(struct agent *a, const char *command, const char *path,
                              const struct process_events *events, void *arg, struct process **out,
                              struct error *e)
{
    const char *const argv[] = {a->program, command, path, NULL};
    struct process_place place = {.directory = a->config->data_dir};
    return process_start_program(a->processes, argv, &place, events, arg, out, e);
}

static void removed(void *arg, int exit_status)
{
    (void)arg;
    if (exit_status != 0)
        log_warn("what is in the trash could not be removed; it is tried again at the next start");
}

static const struct process_events remove_events = {.line = agent_children_log, .ended = removed};

static void remove_in_background(struct agent *a, const char *path)
{
    struct process *child;
    struct error e;
    if (agent_children_start(a, "internal-remove", path, &remove_events, a, &child, &e) != ERR_OK)
        log_warn("remove %s: %s", path, e.text);
}

void agent_children_remove(void *arg, const char *path)
{
    struct agent *a = arg;
    char trash[64];
    snprintf(trash, sizeof(trash), "trash/%lld-%u", (long long)getpid(), ++a->trash_count);
    AUTO_FREE char *to = NULL;
    struct error e;
    if (fs_join(a->config->data_dir, trash, &to, &e) != ERR_OK || rename(path, to) != 0) {
        log_warn("%s is in the way and cannot be moved", path);
        return;
    }
    remove_in_background(a, to);
}

static void empty_one(void *arg, const char *name)
{
    struct agent *a = arg;
    AUTO_FREE char *dir = NULL;
    AUTO_FREE char *path = NULL;
    if (fs_join(a->config->data_dir, "trash", &dir, NULL) == ERR_OK &&
        fs_join(dir, name, &path, NULL) == ERR_OK)
        remove_in_background(a, path);
}

void agent_children_empty_trash(struct agent *a)
{
    AUTO_FREE char *dir = NULL;
    struct error e;
    enum err err = fs_join(a->config->data_dir, "trash", &dir, &e);
    if (err == ERR_OK)
        err = fs_mkdirs(dir, 0700, &e);
    if (err == ERR_OK)
        err = layout_each(dir, empty_one, a, &e);
    if (err != ERR_OK)
        log_warn("empty the trash: %s", e.text);
}
