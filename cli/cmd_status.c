/* SPDX-License-Identifier: Apache-2.0 */
/* hivecast status: the manager, how many targets are there, the newest tasks. */
#include <stdio.h>

#include "command.h"
#include "print.h"
#include "task_table.h"

enum { TASKS_SHOWN = 5 };

enum err status_run(struct cli *c, struct error *e)
{
    json_t *health = NULL;
    json_t *tasks = NULL;
    enum err err = client_call(c->client, "GET", "/health", NULL, &health, e);
    if (err == ERR_OK)
        err = client_list(c->client, "/tasks", TASKS_SHOWN, &tasks, e);
    if (err == ERR_OK && c->is_json) {
        json_t *all = json_pack("{s:s, s:O, s:O}", "url", client_url(c->client), "health", health,
                                "tasks", json_object_get(tasks, "items"));
        err = print_json(all, e);
        json_decref(all);
    } else if (err == ERR_OK) {
        const char *version = json_string_value(json_object_get(health, "version"));
        printf("%s  hivecast-manager %s\n", client_url(c->client), version != NULL ? version : "?");
        printf("targets: %lld, %lld online\n",
               (long long)json_integer_value(json_object_get(health, "targets")),
               (long long)json_integer_value(json_object_get(health, "online")));
        if (json_array_size(json_object_get(tasks, "items")) > 0)
            err = task_table_print(json_object_get(tasks, "items"), e);
    }
    json_decref(health);
    json_decref(tasks);
    return err;
}
