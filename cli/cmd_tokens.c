/* SPDX-License-Identifier: Apache-2.0 */
/* hivecast tokens: sets of registration tokens. Tokens go to standard output alone, one a line, so
 * that scripts can take them. */
#include <errno.h>
#include <stdio.h>

#include "command.h"
#include "print.h"

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static enum err parse_total(const char *text, long *out, struct error *e)
{
    char *end = NULL;
    errno = 0;
    *out = text != NULL ? strtol(text, &end, 10) : 1;
    if (text != NULL && (end == text || *end != '\0' || errno != 0 || *out < 1))
        return error_set(e, ERR_INVALID, "how many tokens? '%.32s' is no number above 0", text);
    return ERR_OK;
}

static void print_tokens(const json_t *set)
{
    size_t i = 0;
    json_t *token = NULL;
    json_array_foreach(json_object_get(set, "tokens"), i, token)
        printf("%s\n", json_string_value(token));
    fprintf(stderr, "good for one registration each, until %s; they are not shown again\n",
            text_of(set, "expires"));
}

enum err tokens_create_run(struct cli *c, struct error *e)
{
    long total = 0;
    json_t *set = NULL;
    enum err err = parse_total(options_positional(c->options, 1), &total, e);
    if (err != ERR_OK)
        return err;
    json_t *body = json_pack("{s:s, s:I}", "name", options_positional(c->options, 0), "total",
                             (json_int_t)total);
    if (body == NULL)
        return error_set(e, ERR_INVALID, "the name is not UTF-8");
    err = client_call(c->client, "POST", "/token_sets", body, &set, e);
    json_decref(body);
    if (err == ERR_OK && c->is_json)
        err = print_json(set, e);
    else if (err == ERR_OK)
        print_tokens(set);
    json_decref(set);
    return err;
}

static enum err print_sets(const json_t *sets, struct error *e)
{
    AUTO(table_clear) struct table t = {.columns = 4};
    enum err err = table_row(&t, e, "SET", "AVAILABLE", "TOTAL", "EXPIRES", NULL);
    size_t i = 0;
    json_t *set = NULL;
    json_array_foreach(sets, i, set)
    {
        char available[24];
        char total[24];
        snprintf(available, sizeof(available), "%lld",
                 (long long)json_integer_value(json_object_get(set, "available")));
        snprintf(total, sizeof(total), "%lld",
                 (long long)json_integer_value(json_object_get(set, "total")));
        if (err == ERR_OK)
            err = table_row(&t, e, text_of(set, "name"), available, total, text_of(set, "expires"),
                            NULL);
    }
    if (err == ERR_OK)
        table_print(&t);
    return err;
}

enum err tokens_ls_run(struct cli *c, struct error *e)
{
    json_t *list = NULL;
    enum err err = client_list(c->client, "/token_sets", 0, &list, e);
    if (err == ERR_OK)
        err = c->is_json ? print_json(list, e) : print_sets(json_object_get(list, "items"), e);
    json_decref(list);
    return err;
}

enum err tokens_rm_run(struct cli *c, struct error *e)
{
    return each_argument(c, "DELETE", "/token_sets/", "", "deleted", e);
}
