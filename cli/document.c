/* SPDX-License-Identifier: Apache-2.0 */
/* document: see document.h. libyaml's tree becomes JSON; it is the user's own file. */
#include "document.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <yaml.h>

#include "fs.h"

enum { DOCUMENT_MAX = 64 * 1024 * 1024, DEPTH_MAX = 64, READ_SIZE = 64 * 1024 };

static enum err read_stdin(struct bytes *out, struct error *e)
{
    for (;;) {
        enum err err = bytes_reserve(out, READ_SIZE, e);
        if (err != ERR_OK)
            return err;
        ssize_t got = read(STDIN_FILENO, out->data + out->size, READ_SIZE);
        if (got < 0)
            return error_errno(e, "standard input");
        out->size += (size_t)got;
        out->data[out->size] = '\0';
        if (got == 0)
            return ERR_OK;
        if (out->size > DOCUMENT_MAX)
            return error_set(e, ERR_TOO_LARGE, "standard input is too long for a task document");
    }
}

enum err document_read(const char *path, struct bytes *out, struct error *e)
{
    return strcmp(path, "-") == 0 ? read_stdin(out, e) : fs_read(path, DOCUMENT_MAX, out, e);
}

bool document_is_json(const struct bytes *text)
{
    size_t i = 0;
    while (i < text->size && strchr(" \t\r\n", text->data[i]) != NULL && text->data[i] != '\0')
        i++;
    return i < text->size && text->data[i] == '{';
}

static bool is_number(const char *text)
{
    const char *digits = *text == '-' || *text == '+' ? text + 1 : text;
    return digits[strspn(digits, "0123456789.eE+-")] == '\0' &&
           (strchr("0123456789", digits[0]) != NULL || digits[0] == '.') && digits[0] != '\0' &&
           strpbrk(digits, "0123456789") != NULL;
}

static json_t *number_of(const char *text)
{
    char *end = NULL;
    errno = 0;
    long long integer = strtoll(text, &end, 10);
    if (*end == '\0' && errno == 0)
        return json_integer(integer);
    double real = strtod(text, &end);
    return *end == '\0' && isfinite(real) ? json_real(real) : NULL;
}

static json_t *plain_value(const char *text)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    static const char *const trues[] = {"true", "True", "TRUE"};
    static const char *const falses[] = {"false", "False", "FALSE"};
    for (size_t i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++) {
        if (strcmp(text, nulls[i]) == 0)
            return json_null();
    }
    for (size_t i = 0; i < sizeof(trues) / sizeof(trues[0]); i++) {
        if (strcmp(text, trues[i]) == 0)
            return json_true();
        if (strcmp(text, falses[i]) == 0)
            return json_false();
    }
    json_t *number = is_number(text) ? number_of(text) : NULL;
    return number != NULL ? number : json_string(text);
}

static json_t *convert(yaml_document_t *yaml, const yaml_node_t *node, int depth);

static json_t *convert_list(yaml_document_t *yaml, const yaml_node_t *node, int depth)
{
    json_t *list = json_array();
    for (const yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top; item++) {
        json_t *value = convert(yaml, yaml_document_get_node(yaml, *item), depth + 1);
        if (value == NULL || json_array_append_new(list, value) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *convert_map(yaml_document_t *yaml, const yaml_node_t *node, int depth)
{
    json_t *map = json_object();
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(yaml, pair->key);
        const char *name = key != NULL && key->type == YAML_SCALAR_NODE
                               ? (const char *)key->data.scalar.value
                               : NULL;
        json_t *value = name != NULL && json_object_get(map, name) == NULL
                            ? convert(yaml, yaml_document_get_node(yaml, pair->value), depth + 1)
                            : NULL;
        if (value == NULL || json_object_set_new(map, name, value) != 0) {
            json_decref(map);
            return NULL;
        }
    }
    return map;
}

/* NULL for what JSON cannot say: keys that are no texts or come twice, bytes that are not UTF-8,
 * and aliases that go round in circles. */
static json_t *convert(yaml_document_t *yaml, const yaml_node_t *node, int depth)
{
    if (node == NULL || depth > DEPTH_MAX)
        return NULL;
    switch (node->type) {
    case YAML_SCALAR_NODE:
        if (strlen((const char *)node->data.scalar.value) != node->data.scalar.length)
            return NULL;
        return node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE
                   ? plain_value((const char *)node->data.scalar.value)
                   : json_string((const char *)node->data.scalar.value);
    case YAML_SEQUENCE_NODE:
        return convert_list(yaml, node, depth);
    case YAML_MAPPING_NODE:
        return convert_map(yaml, node, depth);
    default:
        return NULL;
    }
}

static enum err parse_yaml(yaml_parser_t *parser, json_t **out, struct error *e)
{
    yaml_document_t yaml;
    if (!yaml_parser_load(parser, &yaml))
        return error_set(e, ERR_INVALID, "task document, line %zu: %s",
                         parser->problem_mark.line + 1,
                         parser->problem != NULL ? parser->problem : "not YAML");
    json_t *value = convert(&yaml, yaml_document_get_root_node(&yaml), 0);
    yaml_document_delete(&yaml);
    if (!json_is_object(value)) {
        json_decref(value);
        return error_set(e, ERR_INVALID,
                         "the task document must be a mapping of names, each once, to values");
    }
    *out = value;
    return ERR_OK;
}

enum err document_parse(const struct bytes *text, json_t **out, struct error *e)
{
    if (document_is_json(text)) {
        json_error_t where;
        *out = json_loadb((const char *)text->data, text->size, JSON_REJECT_DUPLICATES, &where);
        return *out != NULL ? ERR_OK
                            : error_set(e, ERR_INVALID, "task document, line %d: %s", where.line,
                                        where.text);
    }
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return error_set(e, ERR_NO_MEMORY, "no memory");
    yaml_parser_set_input_string(&parser, text->data, text->size);
    enum err err = parse_yaml(&parser, out, e);
    yaml_parser_delete(&parser);
    return err;
}

enum err document_set_upload(json_t *document, const char *upload, struct error *e)
{
    json_t *source = json_pack("{s:s}", "upload", upload);
    if (source == NULL || json_object_set_new(document, "source", source) != 0)
        return error_set(e, ERR_NO_MEMORY, "no memory");
    return ERR_OK;
}

enum err document_list(const char *list, json_t **out, struct error *e)
{
    json_t *items = json_array();
    for (const char *at = list; items != NULL && *at != '\0';) {
        at += strspn(at, " ,");
        size_t length = strcspn(at, ",");
        size_t used = length;
        while (used > 0 && at[used - 1] == ' ')
            used--;
        if (used > 0 && json_array_append_new(items, json_stringn(at, used)) != 0) {
            json_decref(items);
            return error_set(e, ERR_INVALID, "a list that is not UTF-8");
        }
        at += length;
    }
    if (items == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory");
    *out = items;
    return ERR_OK;
}

static enum err set_list(json_t *target, const char *key, const char *list, struct error *e)
{
    json_t *items = NULL;
    if (list == NULL)
        return ERR_OK;
    enum err err = document_list(list, &items, e);
    if (err == ERR_OK && json_object_set_new(target, key, items) != 0)
        err = error_set(e, ERR_NO_MEMORY, "no memory");
    return err;
}

enum err document_set_target(json_t *document, const char *ids, const char *tags, struct error *e)
{
    json_t *deploy = json_object_get(document, "deploy");
    if (!json_is_object(deploy))
        return error_set(e, ERR_INVALID, "deploy: the task document has none");
    json_t *target = json_object();
    enum err err = set_list(target, "ids", ids, e);
    if (err == ERR_OK)
        err = set_list(target, "tags", tags, e);
    if (err == ERR_OK && json_object_set(deploy, "target", target) != 0)
        err = error_set(e, ERR_NO_MEMORY, "no memory");
    json_decref(target);
    return err;
}
