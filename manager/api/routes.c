/* SPDX-License-Identifier: Apache-2.0 */
#include "routes.h"

#include <stdio.h>
#include <string.h>

#include "handlers.h"

static const struct route routes[] = {
    {"GET", "/targets", AUTH_ADMIN, ROUTE_QUERY, targets_list},
    {"PATCH", "/targets", AUTH_ADMIN, ROUTE_BODY, targets_patch},
    {"GET", "/targets/{id}", AUTH_ADMIN, 0, target_get},
    {"PUT", "/targets/{id}", AUTH_ADMIN, ROUTE_BODY, target_put},
    {"DELETE", "/targets/{id}", AUTH_ADMIN, 0, target_delete},
    {"PUT", "/targets/{id}/logs", AUTH_ADMIN, ROUTE_BODY_OPTIONAL, target_put_logs},
    {"PUT", "/targets/{id}/stop", AUTH_ADMIN, 0, target_put_stop},
    {"PUT", "/targets/{id}/command", AUTH_ADMIN, ROUTE_BODY, target_put_command},
    {"DELETE", "/targets/{id}/command", AUTH_ADMIN, 0, target_delete_command},

    {"GET", "/tasks", AUTH_ADMIN, ROUTE_QUERY, tasks_list},
    {"POST", "/tasks", AUTH_ADMIN, ROUTE_BODY | ROUTE_YAML, tasks_post},
    {"GET", "/tasks/{id}", AUTH_ADMIN, 0, task_get},
    {"DELETE", "/tasks/{id}", AUTH_ADMIN, 0, task_delete},
    {"GET", "/tasks/{id}/targets", AUTH_ADMIN, ROUTE_QUERY, task_list_targets},
    {"PUT", "/tasks/{id}/stop", AUTH_ADMIN, 0, task_put_stop},
    {"POST", "/uploads", AUTH_ADMIN, ROUTE_UPLOAD, uploads_post},

    {"GET", "/logs", AUTH_ADMIN, ROUTE_QUERY, logs_list},
    {"GET", "/events", AUTH_ADMIN, ROUTE_QUERY | ROUTE_EVENTS, NULL},

    {"GET", "/token_sets", AUTH_ADMIN, ROUTE_QUERY, token_sets_list},
    {"POST", "/token_sets", AUTH_ADMIN, ROUTE_BODY, token_sets_post},
    {"GET", "/token_sets/{name}", AUTH_ADMIN, 0, token_set_get},
    {"DELETE", "/token_sets/{name}", AUTH_ADMIN, 0, token_set_delete},

    {"POST", "/rpc/targets", AUTH_TOKEN, ROUTE_BODY, rpc_post_target},
    {"GET", "/rpc/server_info", AUTH_OPEN, 0, rpc_server_info},
    {"GET", "/health", AUTH_OPEN, 0, health_get},
    {"GET", "/openapi.yaml", AUTH_OPEN, 0, openapi_get},
};

enum { ROUTE_COUNT = sizeof(routes) / sizeof(routes[0]) };

/* Whether path fits pattern; variable and length tell what stands for "{...}". */
static bool fits(const char *pattern, const char *path, const char **variable, size_t *length)
{
    const char *open = strchr(pattern, '{');
    *length = 0;
    if (open == NULL)
        return strcmp(pattern, path) == 0;
    size_t before = (size_t)(open - pattern);
    if (strncmp(pattern, path, before) != 0)
        return false;
    *variable = path + before;
    *length = strcspn(*variable, "/");
    return *length > 0 && strcmp(strchr(open, '}') + 1, *variable + *length) == 0;
}

static enum err take_variable(const char *raw, size_t length, char id[static ID_SIZE],
                              struct error *e)
{
    AUTO_FREE char *encoded = strndup(raw, length);
    AUTO_FREE char *text = NULL;
    if (encoded == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for the path");
    enum err err = params_decode("path", encoded, &text, e);
    if (err == ERR_OK)
        err = names_check_id("id", text, e);
    if (err == ERR_OK)
        memcpy(id, text, strlen(text) + 1);
    return err;
}

static void allow_method(char allow[static ALLOW_SIZE], const char *method)
{
    size_t used = strlen(allow);
    const char *head = strcmp(method, "GET") == 0 ? ", HEAD" : "";
    snprintf(allow + used, ALLOW_SIZE - used, "%s%s%s", used > 0 ? ", " : "", method, head);
}

enum err route_find(const char *method, const char *path, const struct route **out,
                    char id[static ID_SIZE], char allow[static ALLOW_SIZE], struct error *e)
{
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    const char *variable = NULL;
    size_t length = 0;
    id[0] = '\0';
    allow[0] = '\0';
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        if (!fits(routes[i].path, path, &variable, &length))
            continue;
        allow_method(allow, routes[i].method);
        if (strcmp(routes[i].method, wanted) != 0)
            continue;
        *out = &routes[i];
        return length > 0 ? take_variable(variable, length, id, e) : ERR_OK;
    }
    if (allow[0] != '\0')
        return error_set(e, ERR_UNSUPPORTED, "this resource allows %s", allow);
    return error_set(e, ERR_NOT_FOUND, "there is no such resource");
}
