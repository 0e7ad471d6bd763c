/* SPDX-License-Identifier: Apache-2.0 */
/* task_table: see task_table.h. */
#include "task_table.h"

#include <stdio.h>
#include <string.h>

#include "print.h"
#include "task_view.h"

enum { TIME_SHOWN = 19 };

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

/* "2026-11-22 10:00:00" of an RFC 3339 time. */
static void short_time(const char *text, char out[static TIME_SHOWN + 1])
{
    snprintf(out, TIME_SHOWN + 1, "%s", text);
    if (strlen(out) > 10)
        out[10] = ' ';
}

enum err task_table_print(const json_t *tasks, struct error *e)
{
    AUTO(table_clear) struct table t = {.columns = 5};
    enum err err = table_row(&t, e, "TASK", "APP", "CREATED", "STATE", "DESCRIPTION", NULL);
    size_t i = 0;
    json_t *task = NULL;
    json_array_foreach(tasks, i, task)
    {
        struct bytes summary = {0};
        char created[TIME_SHOWN + 1];
        short_time(text_of(task, "created"), created);
        if (err == ERR_OK)
            err = task_view_summary(json_object_get(task, "counts"), &summary, e);
        if (err == ERR_OK)
            err = table_row(&t, e, text_of(task, "id"), text_of(task, "app"), created,
                            (const char *)summary.data, text_of(task, "description"), NULL);
        bytes_clear(&summary);
        if (err != ERR_OK)
            return err;
    }
    table_print(&t);
    return err;
}

/* "exited with status 1", "up", or nothing. */
static void run_text(const json_t *row, char *out, size_t size)
{
    const char *run = text_of(row, "runState");
    const json_t *status = json_object_get(row, "exitStatus");
    bool is_known = strcmp(run, "none") != 0 && strcmp(run, "unknown") != 0;
    snprintf(out, size, "%s", is_known ? run : "");
    if (strcmp(run, "exited") == 0 && json_is_integer(status))
        snprintf(out, size, "exited with status %lld", (long long)json_integer_value(status));
}

enum err task_table_rows(const json_t *rows, const char *key, struct error *e)
{
    AUTO(table_clear) struct table t = {.columns = 5};
    bool is_target = strcmp(key, "target") == 0;
    enum err err =
        table_row(&t, e, is_target ? "TARGET" : "TASK", "STATE", "RUN", "SINCE", "WHY", NULL);
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach(rows, i, row)
    {
        char since[TIME_SHOWN + 1];
        char run[64];
        short_time(text_of(row, "since"), since);
        run_text(row, run, sizeof(run));
        if (err == ERR_OK)
            err = table_row(&t, e, text_of(row, key), text_of(row, "state"), run, since,
                            text_of(row, "message"), NULL);
        if (err != ERR_OK)
            return err;
    }
    table_print(&t);
    return err;
}
