/* SPDX-License-Identifier: Apache-2.0 */
/* hivecast targets: ls, show, rm; set is in cmd_targets_set.c. */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "print.h"
#include "task_table.h"

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static enum err join_tags(const json_t *target, struct bytes *out, struct error *e)
{
    size_t i = 0;
    json_t *tag = NULL;
    enum err err = bytes_append(out, "", 0, e);
    json_array_foreach(json_object_get(target, "tags"), i, tag)
    {
        const char *text = json_string_value(tag);
        if (err == ERR_OK && i > 0)
            err = bytes_append(out, ",", 1, e);
        if (err == ERR_OK && text != NULL)
            err = bytes_append(out, text, strlen(text), e);
    }
    return err;
}

static enum err add_target(struct table *t, const json_t *target, struct error *e)
{
    struct bytes tags = {0};
    bool is_online = json_is_true(json_object_get(target, "online"));
    const char *seen = text_of(target, "lastSeen");
    char when[20] = "never";
    if (*seen != '\0')
        snprintf(when, sizeof(when), "%s", seen);
    if (strlen(when) > 10)
        when[10] = ' ';
    enum err err = join_tags(target, &tags, e);
    if (err == ERR_OK)
        err = table_row(t, e, text_of(target, "id"), is_online ? "online" : "offline", when,
                        text_of(target, "agentVersion"), (const char *)tags.data, NULL);
    bytes_clear(&tags);
    return err;
}

static enum err print_targets(const json_t *targets, struct error *e)
{
    AUTO(table_clear) struct table t = {.columns = 5};
    enum err err = table_row(&t, e, "TARGET", "STATE", "LAST SEEN", "AGENT", "TAGS", NULL);
    size_t i = 0;
    json_t *target = NULL;
    json_array_foreach(targets, i, target)
    {
        if (err == ERR_OK)
            err = add_target(&t, target, e);
    }
    if (err == ERR_OK)
        table_print(&t);
    return err;
}

enum err targets_ls_run(struct cli *c, struct error *e)
{
    struct bytes path = {0};
    json_t *list = NULL;
    const char *online = options_is_set(c->options, "online")    ? "true"
                         : options_is_set(c->options, "offline") ? "false"
                                                                 : NULL;
    enum err err = bytes_append(&path, "/targets", 8, e);
    if (err == ERR_OK)
        err = client_query(&path, "tags", options_get(c->options, "tag"), e);
    if (err == ERR_OK)
        err = client_query(&path, "id", options_get(c->options, "id"), e);
    if (err == ERR_OK)
        err = client_query(&path, "online", online, e);
    if (err == ERR_OK)
        err = client_list(c->client, (const char *)path.data, 0, &list, e);
    bytes_clear(&path);
    if (err == ERR_OK)
        err = c->is_json ? print_json(list, e) : print_targets(json_object_get(list, "items"), e);
    json_decref(list);
    return err;
}

static void print_size_line(const char *name, const json_t *value)
{
    char size[SIZE_TEXT_SIZE];
    print_size((uint64_t)json_integer_value(value), size);
    printf("%-12s %s\n", name, size);
}

static enum err print_target(const json_t *target, struct error *e)
{
    struct bytes tags = {0};
    bool is_online = json_is_true(json_object_get(target, "online"));
    const json_t *location = json_object_get(target, "location");
    enum err err = join_tags(target, &tags, e);
    if (err != ERR_OK)
        return err;
    printf("%-12s %s\n%-12s ", "target", text_of(target, "id"), "state");
    print_state(stdout, is_online ? "online" : "offline", is_online ? "online" : "offline");
    printf("\n%-12s %s\n%-12s %s\n", "last seen", text_of(target, "lastSeen"), "registered",
           text_of(target, "registered"));
    printf("%-12s ", "tags");
    print_text(stdout, (const char *)tags.data);
    printf("\n%-12s %s %s\n%-12s %s\n", "system", text_of(target, "os"),
           text_of(target, "architecture"), "agent", text_of(target, "agentVersion"));
    if (json_is_object(location))
        printf("%-12s %g,%g\n", "location",
               json_number_value(json_object_get(location, "latitude")),
               json_number_value(json_object_get(location, "longitude")));
    print_size_line("disk free", json_object_get(target, "diskFree"));
    print_size_line("memory", json_object_get(target, "memory"));
    bytes_clear(&tags);
    if (json_array_size(json_object_get(target, "tasks")) == 0)
        return ERR_OK;
    putchar('\n');
    return task_table_rows(json_object_get(target, "tasks"), "task", e);
}

enum err targets_show_run(struct cli *c, struct error *e)
{
    struct bytes path = {0};
    json_t *target = NULL;
    enum err err = client_path(&path, "/targets/", options_positional(c->options, 0), "", e);
    if (err == ERR_OK)
        err = client_call(c->client, "GET", (const char *)path.data, NULL, &target, e);
    bytes_clear(&path);
    if (err == ERR_OK)
        err = c->is_json ? print_json(target, e) : print_target(target, e);
    json_decref(target);
    return err;
}

enum err targets_rm_run(struct cli *c, struct error *e)
{
    return each_argument(c, "DELETE", "/targets/", "", "removed", e);
}
