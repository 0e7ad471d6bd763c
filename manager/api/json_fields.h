/* SPDX-License-Identifier: Apache-2.0 */
/* json_fields: strict decoding of JSON objects into structs by tables. What is unknown, of the
 * wrong type, missing, or beyond a limit is ERR_INVALID or ERR_TOO_LARGE with the field's path.
 * Thread: any. */
#ifndef JSON_FIELDS_H
#define JSON_FIELDS_H

#include <jansson.h>

#include "model.h"

/* out is the member (at offset); path names it in errors. */
typedef enum err json_decode_fn(json_t *value, const char *path, void *out, struct error *e);

struct json_field {
    const char *name;
    json_decode_fn *decode;
    size_t offset;
    bool is_required;
};

/* path "" is the whole body. */
MUST_CHECK enum err json_decode_object(json_t *object, const char *path,
                                       const struct json_field *fields, size_t count, void *out,
                                       struct error *e);

/* Into bool, uint64_t. */
json_decode_fn json_decode_bool;
json_decode_fn json_decode_integer;
/* Into char[ID_SIZE] after names_check_id; char[TASK_ID_SIZE]; char[DESCRIPTION_SIZE];
 * char[32]; char[COMMAND_MAX + 1]. */
json_decode_fn json_decode_id;
json_decode_fn json_decode_task_id;
json_decode_fn json_decode_description;
json_decode_fn json_decode_word;
json_decode_fn json_decode_command;
/* Into uint8_t[KEY_BYTES], from Z85. */
json_decode_fn json_decode_key;
/* Into struct strlist (the caller clears it, after failures too): at most COMMANDS_MAX commands,
 * SELECTOR_IDS_MAX ids, JSON_PATHS_MAX paths that stay below where they begin. */
enum { JSON_PATHS_MAX = 1024 };
json_decode_fn json_decode_commands;
json_decode_fn json_decode_ids;
json_decode_fn json_decode_paths;
/* Into struct tags; struct location. */
json_decode_fn json_decode_tags;
json_decode_fn json_decode_location;

/* The text of a JSON string; ERR_INVALID for other types. Borrowed. */
MUST_CHECK enum err json_text(json_t *value, const char *path, const char **out, struct error *e);

#endif
