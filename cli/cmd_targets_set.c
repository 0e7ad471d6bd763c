/* SPDX-License-Identifier: Apache-2.0 */
/* hivecast targets set: whole tag lists and locations by PUT, single tags of many targets by PATCH.
 */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "document.h"
#include "print.h"

static enum err set_list(json_t *body, const char *key, const char *list, struct error *e)
{
    json_t *items = NULL;
    if (list == NULL)
        return ERR_OK;
    enum err err = document_list(list, &items, e);
    if (err == ERR_OK && json_object_set_new(body, key, items) != 0)
        err = error_set(e, ERR_NO_MEMORY, "no memory");
    return err;
}

static enum err set_location(json_t *body, const char *text, struct error *e)
{
    double latitude = 0;
    double longitude = 0;
    char rest = 0;
    if (text == NULL)
        return ERR_OK;
    json_t *location = NULL;
    if (strcmp(text, "none") == 0)
        location = json_null();
    else if (sscanf(text, "%lf,%lf%c", &latitude, &longitude, &rest) == 2)
        location = json_pack("{s:f, s:f}", "latitude", latitude, "longitude", longitude);
    if (location == NULL || json_object_set_new(body, "location", location) != 0)
        return error_set(e, ERR_INVALID,
                         "--location must be LATITUDE,LONGITUDE or none, not '%.40s'", text);
    return ERR_OK;
}

/* PUT for each target of the command line. */
static enum err put_each(struct cli *c, const json_t *body, json_t *results, struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < options_positional_count(c->options); i++) {
        struct bytes path = {0};
        json_t *target = NULL;
        err = client_path(&path, "/targets/", options_positional(c->options, i), "", e);
        if (err == ERR_OK)
            err = client_call(c->client, "PUT", (const char *)path.data, body, &target, e);
        if (err == ERR_OK)
            json_array_append_new(results, target);
        bytes_clear(&path);
    }
    return err;
}

static enum err patch(struct cli *c, json_t *results, struct error *e)
{
    json_t *ids = json_array();
    json_t *answer = NULL;
    const char *with = options_get(c->options, "with-tag");
    for (size_t i = 0; i < options_positional_count(c->options); i++)
        json_array_append_new(ids, json_string(options_positional(c->options, i)));
    json_t *body = with != NULL ? json_object() : json_pack("{s:O}", "ids", ids);
    enum err err = set_list(body, "tags", with, e);
    if (err == ERR_OK)
        err = set_list(body, "addTags", options_get(c->options, "add-tag"), e);
    if (err == ERR_OK)
        err = set_list(body, "removeTags", options_get(c->options, "remove-tag"), e);
    if (err == ERR_OK)
        err = client_call(c->client, "PATCH", "/targets", body, &answer, e);
    if (err == ERR_OK)
        json_array_extend(results, json_object_get(answer, "items"));
    if (err == ERR_OK && json_integer_value(json_object_get(answer, "failed")) > 0)
        c->status = STATUS_FAILED;
    json_decref(answer);
    json_decref(body);
    json_decref(ids);
    return err;
}

static void print_results(const json_t *results)
{
    size_t i = 0;
    json_t *target = NULL;
    json_array_foreach(results, i, target)
    {
        const char *id = json_string_value(json_object_get(target, "id"));
        const char *message = json_string_value(json_object_get(target, "message"));
        char *tags = json_dumps(json_object_get(target, "tags"), JSON_COMPACT);
        printf("%s ", id != NULL ? id : "?");
        print_text(stdout, message != NULL ? message : tags != NULL ? tags : "");
        putchar('\n');
        free(tags);
    }
}

static enum err check_usage(const struct cli *c, bool is_put, bool is_patch, struct error *e)
{
    bool has_ids = options_positional_count(c->options) > 0;
    bool has_tag = options_is_set(c->options, "with-tag");
    if (!is_put && !is_patch)
        return error_set(e, ERR_INVALID,
                         "nothing to set: give --tags, --add-tag, --remove-tag or --location");
    if (has_ids == has_tag)
        return error_set(e, ERR_INVALID, "which targets? give their ids, or --with-tag");
    if (has_tag && is_put)
        return error_set(e, ERR_INVALID, "--tags and --location need ids of targets");
    return ERR_OK;
}

enum err targets_set_run(struct cli *c, struct error *e)
{
    bool is_put = options_is_set(c->options, "tags") || options_is_set(c->options, "location");
    bool is_patch =
        options_is_set(c->options, "add-tag") || options_is_set(c->options, "remove-tag");
    enum err err = check_usage(c, is_put, is_patch, e);
    if (err != ERR_OK)
        return err;
    json_t *results = json_array();
    json_t *body = json_object();
    err = set_list(body, "tags", options_get(c->options, "tags"), e);
    if (err == ERR_OK)
        err = set_location(body, options_get(c->options, "location"), e);
    if (err == ERR_OK && is_put)
        err = put_each(c, body, results, e);
    if (err == ERR_OK && is_patch)
        err = patch(c, results, e);
    if (err == ERR_OK && c->is_json)
        err = print_json(results, e);
    else if (err == ERR_OK)
        print_results(results);
    json_decref(body);
    json_decref(results);
    return err;
}
