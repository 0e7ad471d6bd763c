/* SPDX-License-Identifier: Apache-2.0 */
#include "job.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fs.h"
#include "keys.h"
#include "layout.h"
#include "names.h"
#include "task_codec.h"

enum { STATE_FILE_MAX = 4096, TASK_FILE_MAX = 4 * 1024 * 1024 };

struct job *job_new(const struct announcement *a)
{
    struct job *j = calloc(1, sizeof(*j));
    if (j == NULL)
        return NULL;
    memcpy(j->id, a->task_id, sizeof(j->id));
    memcpy(j->app, a->app, sizeof(j->app));
    j->version = a->version;
    j->state = TASK_ANNOUNCED;
    j->has_package = a->has_package;
    j->package = a->package;
    return j;
}

void job_free(struct job *j)
{
    if (j == NULL)
        return;
    task_clear(&j->task);
    free(j);
}

/* One line per fact; the message comes last since it may hold anything but a newline. */
static enum err decode(const char *text, struct job *j, struct error *e)
{
    int state = 0, code = 0, stop_wanted = 0, rest = 0;
    char app[ID_SIZE] = "", previous[TASK_ID_SIZE] = "";
    int fields = sscanf(text,
                        "hivecast-job 1\napp %64s\nversion %" SCNu64
                        "\nstate %d\ncode %d\nprevious %64s\nstop %d\nmessage %n",
                        app, &j->version, &state, &code, previous, &stop_wanted, &rest);
    if (fields != 6 || rest == 0 || strcmp(task_state_name((enum task_state)state), "unknown") == 0)
        return error_set(e, ERR_CORRUPT, "the state of task %s is not of this version", j->id);
    enum err err = names_check_id("app", app, e);
    if (err != ERR_OK)
        return err;
    memcpy(j->app, app, sizeof(j->app));
    if (strcmp(previous, "-") != 0)
        memcpy(j->previous, previous, sizeof(j->previous));
    j->state = (enum task_state)state;
    j->code = (enum err)code;
    j->is_stop_wanted = stop_wanted != 0;
    snprintf(j->message, sizeof(j->message), "%s", text + rest);
    return ERR_OK;
}

enum err job_load(const char *data_dir, const char *task_id, struct job **out, struct error *e)
{
    enum err err = names_check_id("task id", task_id, e);
    AUTO_FREE char *path = NULL;
    if (err == ERR_OK)
        err = layout_task(data_dir, task_id, "state", &path, e);
    if (err != ERR_OK)
        return err;
    struct announcement a = {0};
    snprintf(a.task_id, sizeof(a.task_id), "%s", task_id);
    AUTO(job_free) struct job *j = job_new(&a);
    if (j == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory");
    struct bytes text = {0};
    err = fs_state_read(path, STATE_FILE_MAX, &text, e);
    if (err == ERR_OK)
        err = decode((const char *)text.data, j, e);
    bytes_clear(&text);
    if (err == ERR_OK)
        *out = TAKE(j);
    return err;
}

enum err job_save(const char *data_dir, const struct job *j, struct error *e)
{
    char text[STATE_FILE_MAX];
    int length =
        snprintf(text, sizeof(text),
                 "hivecast-job 1\napp %s\nversion %" PRIu64
                 "\nstate %d\ncode %d\nprevious %s\nstop %d\nmessage %s",
                 j->app, j->version, (int)j->state, (int)j->code,
                 j->previous[0] != '\0' ? j->previous : "-", (int)j->is_stop_wanted, j->message);
    AUTO_FREE char *dir = NULL;
    AUTO_FREE char *path = NULL;
    enum err err = layout_task(data_dir, j->id, "", &dir, e);
    if (err == ERR_OK)
        err = layout_task(data_dir, j->id, "state", &path, e);
    if (err == ERR_OK)
        err = fs_mkdirs(dir, 0700, e);
    return err == ERR_OK ? fs_state_write(path, text, (size_t)length, e) : err;
}

static enum err use_task(struct job *j, const void *data, size_t size, struct error *e)
{
    struct task task = {0};
    enum err err = task_codec_task(data, size, &task, e);
    if (err != ERR_OK)
        return err;
    if (strcmp(task.id, j->id) != 0 || strcmp(task.app, j->app) != 0) {
        err = error_set(e, ERR_CORRUPT, "task %s comes under the name of %s", task.id, j->id);
        task_clear(&task);
        return err;
    }
    task_clear(&j->task);
    j->task = task;
    j->has_package = task.has_package;
    j->package = task.package;
    return ERR_OK;
}

enum err job_keep_task(const char *data_dir, struct job *j, const void *data, size_t size,
                       struct error *e)
{
    enum err err = use_task(j, data, size, e);
    AUTO_FREE char *dir = NULL;
    AUTO_FREE char *path = NULL;
    if (err == ERR_OK)
        err = layout_task(data_dir, j->id, "", &dir, e);
    if (err == ERR_OK)
        err = layout_task(data_dir, j->id, "task", &path, e);
    if (err == ERR_OK)
        err = fs_mkdirs(dir, 0700, e);
    return err == ERR_OK ? fs_state_write(path, data, size, e) : err;
}

enum err job_need_task(const char *data_dir, struct job *j, struct error *e)
{
    if (j->task.id[0] != '\0')
        return ERR_OK;
    AUTO_FREE char *path = NULL;
    enum err err = layout_task(data_dir, j->id, "task", &path, e);
    if (err != ERR_OK)
        return err;
    struct bytes data = {0};
    err = fs_state_read(path, TASK_FILE_MAX, &data, e);
    if (err == ERR_OK)
        err = use_task(j, data.data, data.size, e);
    bytes_clear(&data);
    return err;
}
