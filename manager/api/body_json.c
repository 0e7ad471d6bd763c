/* SPDX-License-Identifier: Apache-2.0 */
#include "body_json.h"

/* Where a string ends; size when it does not. at is behind its opening quote. */
static size_t skip_string(const char *text, size_t size, size_t at)
{
    while (at < size && text[at] != '"')
        at += text[at] == '\\' ? 2 : 1;
    return at;
}

/* jansson bounds depth only at 2048 and values not at all, so we count first. */
static enum err check_bounds(const char *text, size_t size, struct error *e)
{
    size_t depth = 0;
    size_t values = 1;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c == '"')
            i = skip_string(text, size, i + 1);
        else if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && depth > 0)
            depth--;
        if (c == ',' || c == '{' || c == '[')
            values++;
        if (depth > BODY_DEPTH_MAX)
            return error_set(e, ERR_INVALID, "body: nested deeper than %d", BODY_DEPTH_MAX);
        if (values > BODY_VALUES_MAX)
            return error_set(e, ERR_TOO_LARGE, "body: more than %d values", BODY_VALUES_MAX);
    }
    return ERR_OK;
}

enum err body_json_parse(const char *text, size_t size, json_t **out, struct error *e)
{
    enum err err = check_bounds(text, size, e);
    if (err != ERR_OK)
        return err;
    json_error_t why = {0};
    json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);
    if (json == NULL && json_error_code(&why) == json_error_out_of_memory)
        return error_set(e, ERR_NO_MEMORY, "no memory for the body");
    if (json == NULL)
        return error_set(e, ERR_INVALID, "body: JSON line %d, column %d: %.100s", why.line,
                         why.column, why.text);
    *out = json;
    return ERR_OK;
}
