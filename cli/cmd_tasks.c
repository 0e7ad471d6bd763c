/* SPDX-License-Identifier: Apache-2.0 */
/* hivecast tasks, hivecast stop: list, show, stop, delete. */
#include <stdio.h>

#include "command.h"
#include "print.h"
#include "task_table.h"
#include "task_view.h"

enum err tasks_ls_run(struct cli *c, struct error *e)
{
    struct bytes path = {0};
    json_t *list = NULL;
    long limit = 0;
    enum err err = options_integer(c->options, "limit", 1, 1000000, &limit, e);
    if (err == ERR_OK)
        err = bytes_append(&path, "/tasks", 6, e);
    if (err == ERR_OK)
        err = client_query(&path, "state", options_get(c->options, "state"), e);
    if (err == ERR_OK)
        err = client_query(&path, "description", options_get(c->options, "description"), e);
    if (err == ERR_OK)
        err = client_list(c->client, (const char *)path.data, (size_t)limit, &list, e);
    bytes_clear(&path);
    if (err == ERR_OK)
        err =
            c->is_json ? print_json(list, e) : task_table_print(json_object_get(list, "items"), e);
    json_decref(list);
    return err;
}

static enum err fetch(struct cli *c, const char *suffix, json_t **task, json_t **rows,
                      struct error *e)
{
    struct bytes path = {0};
    enum err err = client_path(&path, "/tasks/", options_positional(c->options, 0), suffix, e);
    if (err == ERR_OK && task != NULL)
        err = client_call(c->client, "GET", (const char *)path.data, NULL, task, e);
    if (err == ERR_OK && rows != NULL)
        err = client_list(c->client, (const char *)path.data, 0, rows, e);
    bytes_clear(&path);
    return err;
}

static void print_line(const char *name, const json_t *value)
{
    const char *text = json_string_value(value);
    if (text == NULL || *text == '\0')
        return;
    printf("%-12s ", name);
    print_text(stdout, text);
    putchar('\n');
}

static enum err print_task(const json_t *task, const json_t *rows, struct error *e)
{
    char size[SIZE_TEXT_SIZE];
    struct bytes summary = {0};
    const json_t *package = json_object_get(task, "package");
    enum err err = task_view_summary(json_object_get(task, "counts"), &summary, e);
    if (err != ERR_OK)
        return err;
    print_line("task", json_object_get(task, "id"));
    print_line("description", json_object_get(task, "description"));
    print_line("app", json_object_get(task, "app"));
    print_line("created", json_object_get(task, "created"));
    printf("%-12s %s%s\n", "state", (const char *)summary.data,
           json_is_true(json_object_get(task, "stopped")) ? "; stopped by an operator" : "");
    bytes_clear(&summary);
    if (json_is_object(package)) {
        print_size((uint64_t)json_integer_value(json_object_get(package, "contentSize")), size);
        printf("%-12s %lld entries, %s\n", "package",
               (long long)json_integer_value(json_object_get(package, "entryCount")), size);
    }
    putchar('\n');
    err = task_table_rows(rows, "target", e);
    json_t *failures = task_view_failures(rows);
    if (json_array_size(failures) > 0)
        putchar('\n');
    task_view_print_failures(stdout, failures);
    json_decref(failures);
    return err;
}

enum err tasks_show_run(struct cli *c, struct error *e)
{
    json_t *task = NULL;
    json_t *rows = NULL;
    enum err err = fetch(c, "", &task, NULL, e);
    if (err == ERR_OK)
        err = fetch(c, "/targets", NULL, &rows, e);
    if (err == ERR_OK && c->is_json) {
        json_object_set(task, "targets", json_object_get(rows, "items"));
        err = print_json(task, e);
    } else if (err == ERR_OK) {
        err = print_task(task, json_object_get(rows, "items"), e);
    }
    json_decref(task);
    json_decref(rows);
    return err;
}

enum err tasks_stop_run(struct cli *c, struct error *e)
{
    return each_argument(c, "PUT", "/tasks/", "/stop", "is being stopped", e);
}

enum err tasks_rm_run(struct cli *c, struct error *e)
{
    return each_argument(c, "DELETE", "/tasks/", "", "deleted", e);
}

/* Whether prefix/ID exists. */
static enum err exists(struct cli *c, const char *prefix, bool *out, struct error *e)
{
    struct bytes path = {0};
    enum err err = client_path(&path, prefix, options_positional(c->options, 0), "", e);
    if (err == ERR_OK)
        err = client_call(c->client, "GET", (const char *)path.data, NULL, NULL, e);
    bytes_clear(&path);
    *out = err == ERR_OK;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err stop_run(struct cli *c, struct error *e)
{
    bool is_task = options_is_set(c->options, "task");
    bool is_target = options_is_set(c->options, "target");
    if (!is_task && !is_target) {
        enum err err = exists(c, "/tasks/", &is_task, e);
        if (err == ERR_OK)
            err = exists(c, "/targets/", &is_target, e);
        if (err != ERR_OK)
            return err;
    }
    const char *id = options_positional(c->options, 0);
    if (is_task && is_target)
        return error_set(e, ERR_INVALID, "%s is a task and a target: give --task or --target", id);
    if (!is_task && !is_target)
        return error_set(e, ERR_NOT_FOUND, "%s is neither a task nor a target", id);
    return is_task ? each_argument(c, "PUT", "/tasks/", "/stop", "is being stopped", e)
                   : each_argument(c, "PUT", "/targets/", "/stop", "is being stopped", e);
}
