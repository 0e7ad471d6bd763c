/* SPDX-License-Identifier: Apache-2.0 */
/* options_file: see options_file.h. Events of libyaml, so nothing nested is ever built. */
#include "options_file.h"

#include <stdbool.h>
#include <yaml.h>

#include "fs.h"
#include "names.h"

enum { FILE_MAX = 1024 * 1024 };

struct reader {
    const char *path;
    options_file_fn *fn;
    void *arg;
    char *key; /* NULL while a key is expected */
    struct strlist seen;
    bool in_mapping;
    bool in_list;
};

static enum err refuse(const struct reader *r, const yaml_event_t *event, const char *why,
                       struct error *e)
{
    return error_set(e, ERR_INVALID, "%s line %zu: %s", r->path, event->start_mark.line + 1, why);
}

static enum err on_scalar(struct reader *r, const yaml_event_t *event, struct error *e)
{
    const char *text = (const char *)event->data.scalar.value;
    if (strlen(text) != event->data.scalar.length)
        return refuse(r, event, "a NUL character", e);
    if (!r->in_mapping)
        return refuse(r, event, "expected 'name: value'", e);
    if (r->key != NULL) {
        enum err err = r->fn(r->arg, r->key, text, e);
        if (!r->in_list) {
            free(r->key);
            r->key = NULL;
        }
        return err == ERR_OK
                   ? ERR_OK
                   : error_wrap(e, err, "%s line %zu", r->path, event->start_mark.line + 1);
    }
    if (strlist_has(&r->seen, text))
        return refuse(r, event, "this key came before", e);
    r->key = strdup(text);
    if (r->key == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for a key");
    return strlist_add(&r->seen, text, e);
}

static enum err on_start(struct reader *r, const yaml_event_t *event, struct error *e)
{
    bool is_mapping = event->type == YAML_MAPPING_START_EVENT;
    if (is_mapping && !r->in_mapping && r->key == NULL) {
        r->in_mapping = true;
        return ERR_OK;
    }
    if (!is_mapping && r->key != NULL && !r->in_list) {
        r->in_list = true;
        return ERR_OK;
    }
    return refuse(r, event, "expected a value or a list of values", e);
}

static enum err on_event(struct reader *r, const yaml_event_t *event, struct error *e)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return on_scalar(r, event, e);
    case YAML_MAPPING_START_EVENT:
    case YAML_SEQUENCE_START_EVENT:
        return on_start(r, event, e);
    case YAML_SEQUENCE_END_EVENT:
        r->in_list = false;
        free(r->key);
        r->key = NULL;
        return ERR_OK;
    case YAML_MAPPING_END_EVENT:
        r->in_mapping = false;
        return ERR_OK;
    case YAML_ALIAS_EVENT:
        return refuse(r, event, "aliases are not supported", e);
    default:
        return ERR_OK;
    }
}

static enum err parse(struct reader *r, yaml_parser_t *parser, struct error *e)
{
    for (bool more = true; more;) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event))
            return error_set(e, ERR_INVALID, "%s line %zu: %s", r->path,
                             parser->problem_mark.line + 1,
                             parser->problem != NULL ? parser->problem : "not YAML");
        enum err err = on_event(r, &event, e);
        more = event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

enum err options_file_read(const char *path, options_file_fn *fn, void *arg, struct error *e)
{
    struct bytes content = {0};
    enum err err = fs_read(path, FILE_MAX, &content, e);
    if (err != ERR_OK)
        return err;
    struct reader r = {.path = path, .fn = fn, .arg = arg};
    yaml_parser_t parser;
    if (yaml_parser_initialize(&parser)) {
        yaml_parser_set_input_string(&parser, content.data, content.size);
        err = parse(&r, &parser, e);
        yaml_parser_delete(&parser);
    } else {
        err = error_set(e, ERR_NO_MEMORY, "no memory to read %s", path);
    }
    free(r.key);
    strlist_clear(&r.seen);
    bytes_clear(&content);
    return err;
}
