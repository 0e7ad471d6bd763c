/* SPDX-License-Identifier: Apache-2.0 */
/* YAML of body_json.h: libyaml's events become JSON values on a stack of open containers, so that
 * depth and number are checked as they come. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "body_json.h"

static const char str_tag[] = "tag:yaml.org,2002:str";

struct level {
    json_t *container; /* owned by its parent, the lowest by builder.root */
    char *key;         /* of the value that comes next; owned */
};

struct builder {
    json_t *root; /* owned */
    struct level levels[BODY_DEPTH_MAX];
    size_t depth;
    size_t values;
    yaml_event_t event; /* present one */
    struct error *e;
};

static void builder_clear(struct builder *b)
{
    for (size_t i = 0; i < b->depth; i++)
        free(b->levels[i].key);
    json_decref(b->root);
}

static enum err refuse(const struct builder *b, enum err code, const char *why)
{
    return error_set(b->e, code, "body: YAML line %zu, column %zu: %s",
                     b->event.start_mark.line + 1, b->event.start_mark.column + 1, why);
}

static bool is_digits(const char *text)
{
    return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* Integers and floats of the core schema that JSON can hold; NULL for other texts. */
static json_t *number_of(const char *text)
{
    const char *digits = *text == '-' || *text == '+' ? text + 1 : text;
    char *end = NULL;
    errno = 0;
    if (is_digits(digits)) {
        long long value = strtoll(text, &end, 10);
        return errno == 0 ? json_integer(value) : NULL;
    }
    if (*digits == '\0' || digits[strspn(digits, "0123456789.eE+-")] != '\0' ||
        strpbrk(digits, "0123456789") == NULL)
        return NULL;
    double value = strtod(text, &end);
    return *end == '\0' && isfinite(value) ? json_real(value) : NULL;
}

static json_t *plain_scalar(const char *text, size_t length)
{
    static const struct {
        const char *text;
        int value; /* 0, 1, -1: null */
    } words[] = {{"true", 1}, {"True", 1}, {"TRUE", 1},  {"false", 0}, {"False", 0}, {"FALSE", 0},
                 {"", -1},    {"~", -1},   {"null", -1}, {"Null", -1}, {"NULL", -1}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i].text, text) == 0)
            return words[i].value < 0 ? json_null() : json_boolean(words[i].value);
    }
    json_t *number = number_of(text);
    return number != NULL ? number : json_stringn(text, length);
}

/* The scalar of the present event; NULL with an error. */
static json_t *scalar(const struct builder *b)
{
    const char *text = (const char *)b->event.data.scalar.value;
    size_t length = b->event.data.scalar.length;
    const char *tag = (const char *)b->event.data.scalar.tag;
    bool is_text =
        b->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE || (tag && strcmp(tag, str_tag) == 0);
    if (tag != NULL && strcmp(tag, str_tag) != 0) {
        (void)refuse(b, ERR_INVALID, "tags are not supported");
        return NULL;
    }
    if (memchr(text, '\0', length) != NULL) {
        (void)refuse(b, ERR_INVALID, "a NUL in a text");
        return NULL;
    }
    json_t *value = is_text ? json_stringn(text, length) : plain_scalar(text, length);
    if (value == NULL)
        (void)refuse(b, ERR_NO_MEMORY, "no memory");
    return value;
}

/* A scalar where a key is due. */
static enum err take_key(struct builder *b, struct level *top)
{
    if (b->event.type != YAML_SCALAR_EVENT)
        return refuse(b, ERR_INVALID, "a key must be a text");
    const char *text = (const char *)b->event.data.scalar.value;
    if (strlen(text) != b->event.data.scalar.length)
        return refuse(b, ERR_INVALID, "a key must be a text");
    if (json_object_get(top->container, text) != NULL)
        return refuse(b, ERR_INVALID, "the same key twice");
    top->key = strdup(text);
    return top->key == NULL ? refuse(b, ERR_NO_MEMORY, "no memory") : ERR_OK;
}

/* Puts value where it belongs. */
static enum err attach(struct builder *b, json_t *take_value)
{
    if (b->depth == 0) {
        b->root = take_value;
        return ERR_OK;
    }
    struct level *top = &b->levels[b->depth - 1];
    int failed = json_is_array(top->container)
                     ? json_array_append_new(top->container, take_value)
                     : json_object_set_new(top->container, top->key, take_value);
    free(top->key);
    top->key = NULL;
    return failed != 0 ? refuse(b, ERR_INVALID, "not a text in UTF-8") : ERR_OK;
}

static enum err open_container(struct builder *b, json_t *take_container)
{
    if (b->depth == BODY_DEPTH_MAX) {
        json_decref(take_container);
        return error_set(b->e, ERR_INVALID, "body: nested deeper than %d", BODY_DEPTH_MAX);
    }
    if (take_container == NULL)
        return refuse(b, ERR_NO_MEMORY, "no memory");
    enum err err = attach(b, take_container);
    if (err == ERR_OK)
        b->levels[b->depth++] = (struct level){.container = take_container};
    return err;
}

static enum err add_value(struct builder *b)
{
    struct level *top = b->depth > 0 ? &b->levels[b->depth - 1] : NULL;
    if (++b->values > BODY_VALUES_MAX)
        return error_set(b->e, ERR_TOO_LARGE, "body: more than %d values", BODY_VALUES_MAX);
    if (top != NULL && json_is_object(top->container) && top->key == NULL)
        return take_key(b, top);
    if (b->event.type == YAML_MAPPING_START_EVENT)
        return open_container(b, json_object());
    if (b->event.type == YAML_SEQUENCE_START_EVENT)
        return open_container(b, json_array());
    json_t *value = scalar(b);
    return value == NULL ? b->e->code : attach(b, value);
}

static enum err take_event(struct builder *b)
{
    switch (b->event.type) {
    case YAML_ALIAS_EVENT:
        return refuse(b, ERR_INVALID, "aliases are not supported");
    case YAML_SCALAR_EVENT:
    case YAML_MAPPING_START_EVENT:
    case YAML_SEQUENCE_START_EVENT:
        return add_value(b);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        b->depth--;
        return ERR_OK;
    case YAML_DOCUMENT_START_EVENT:
        return b->root == NULL ? ERR_OK : refuse(b, ERR_INVALID, "more than one document");
    default:
        return ERR_OK;
    }
}

static enum err run(struct builder *b, yaml_parser_t *parser)
{
    bool is_end = false;
    while (!is_end) {
        if (yaml_parser_parse(parser, &b->event) == 0)
            return error_set(b->e, parser->error == YAML_MEMORY_ERROR ? ERR_NO_MEMORY : ERR_INVALID,
                             "body: YAML line %zu, column %zu: %.100s",
                             parser->problem_mark.line + 1, parser->problem_mark.column + 1,
                             parser->problem != NULL ? parser->problem : "not understood");
        enum err err = take_event(b);
        is_end = b->event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&b->event);
        if (err != ERR_OK)
            return err;
    }
    return b->root != NULL ? ERR_OK : error_set(b->e, ERR_INVALID, "body: empty");
}

enum err body_yaml_parse(const char *text, size_t size, json_t **out, struct error *e)
{
    yaml_parser_t parser;
    struct error own = {0};
    struct builder b = {.e = e != NULL ? e : &own};
    if (yaml_parser_initialize(&parser) == 0)
        return error_set(e, ERR_NO_MEMORY, "no memory for the body");
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
    enum err err = run(&b, &parser);
    if (err == ERR_OK)
        *out = TAKE(b.root);
    builder_clear(&b);
    yaml_parser_delete(&parser);
    return err;
}
