/* SPDX-License-Identifier: Apache-2.0 */
#include "json_fields.h"

#include <stdio.h>
#include <string.h>

#include "keys.h"

enum { FIELD_PATH_SIZE = 128, SUGGESTION_LENGTH_MAX = 31, SUGGESTION_DISTANCE_MAX = 2 };

static char lower(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return c;
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t smaller = a < b ? a : b;
    return smaller < c ? smaller : c;
}

/* Levenshtein distance without regard to case, of short words. */
static size_t distance(const char *a, const char *b)
{
    size_t rows = strlen(a);
    size_t columns = strlen(b);
    if (rows > SUGGESTION_LENGTH_MAX || columns > SUGGESTION_LENGTH_MAX)
        return SUGGESTION_LENGTH_MAX;
    size_t row[SUGGESTION_LENGTH_MAX + 1];
    for (size_t j = 0; j <= columns; j++)
        row[j] = j;
    for (size_t i = 1; i <= rows; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= columns; j++) {
            size_t above = row[j];
            size_t change = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
            row[j] = least(row[j] + 1, row[j - 1] + 1, diagonal + change);
            diagonal = above;
        }
    }
    return row[columns];
}

static enum err refuse_unknown(const struct json_field *fields, size_t count, const char *key,
                               const char *path, struct error *e)
{
    const char *nearest = NULL;
    size_t best = SUGGESTION_DISTANCE_MAX + 1;
    for (size_t i = 0; i < count; i++) {
        size_t d = distance(key, fields[i].name);
        if (d < best) {
            best = d;
            nearest = fields[i].name;
        }
    }
    if (nearest == NULL)
        return error_set(e, ERR_INVALID, "%s: unknown field", path);
    return error_set(e, ERR_INVALID, "%s: unknown field, did you mean %s?", path, nearest);
}

/* "deploy" and "app": "deploy.app". Odd keys are made printable. */
static void child_path(const char *path, const char *key, char out[static FIELD_PATH_SIZE])
{
    char shown[ID_SIZE];
    names_printable(key, shown, sizeof(shown));
    snprintf(out, FIELD_PATH_SIZE, "%.60s%s%s", path, *path == '\0' ? "" : ".", shown);
}

static const struct json_field *find_field(const struct json_field *fields, size_t count,
                                           const char *key)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(fields[i].name, key) == 0)
            return &fields[i];
    }
    return NULL;
}

enum err json_decode_object(json_t *object, const char *path, const struct json_field *fields,
                            size_t count, void *out, struct error *e)
{
    if (!json_is_object(object))
        return error_set(e, ERR_INVALID, "%s: must be an object", *path == '\0' ? "body" : path);
    char child[FIELD_PATH_SIZE];
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(object, key, value)
    {
        child_path(path, key, child);
        const struct json_field *field = find_field(fields, count, key);
        if (field == NULL)
            return refuse_unknown(fields, count, key, child, e);
        enum err err = field->decode(value, child, (char *)out + field->offset, e);
        if (err != ERR_OK)
            return err;
    }
    for (size_t i = 0; i < count; i++) {
        child_path(path, fields[i].name, child);
        if (fields[i].is_required && json_object_get(object, fields[i].name) == NULL)
            return error_set(e, ERR_INVALID, "%s: missing", child);
    }
    return ERR_OK;
}

enum err json_text(json_t *value, const char *path, const char **out, struct error *e)
{
    const char *text = json_string_value(value);
    if (text == NULL)
        return error_set(e, ERR_INVALID, "%s: must be a text", path);
    *out = text;
    return ERR_OK;
}

enum err json_decode_bool(json_t *value, const char *path, void *out, struct error *e)
{
    if (!json_is_boolean(value))
        return error_set(e, ERR_INVALID, "%s: must be true or false", path);
    *(bool *)out = json_is_true(value);
    return ERR_OK;
}

enum err json_decode_integer(json_t *value, const char *path, void *out, struct error *e)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return error_set(e, ERR_INVALID, "%s: must be a whole number", path);
    *(uint64_t *)out = (uint64_t)json_integer_value(value);
    return ERR_OK;
}

/* Copies a text of at most size - 1 bytes. */
static enum err decode_text(json_t *value, const char *path, char *out, size_t size,
                            struct error *e)
{
    const char *text = "";
    enum err err = json_text(value, path, &text, e);
    if (err != ERR_OK)
        return err;
    size_t length = strlen(text);
    if (length >= size)
        return error_set(e, ERR_TOO_LARGE, "%s: longer than %zu bytes", path, size - 1);
    memcpy(out, text, length + 1);
    return ERR_OK;
}

enum err json_decode_id(json_t *value, const char *path, void *out, struct error *e)
{
    const char *text = "";
    enum err err = json_text(value, path, &text, e);
    if (err == ERR_OK)
        err = names_check_id(path, text, e);
    return err == ERR_OK ? decode_text(value, path, out, ID_SIZE, e) : err;
}

enum err json_decode_task_id(json_t *value, const char *path, void *out, struct error *e)
{
    char id[ID_SIZE];
    enum err err = json_decode_id(value, path, id, e);
    return err == ERR_OK ? decode_text(value, path, out, TASK_ID_SIZE, e) : err;
}

enum err json_decode_description(json_t *value, const char *path, void *out, struct error *e)
{
    return decode_text(value, path, out, DESCRIPTION_SIZE, e);
}

enum err json_decode_word(json_t *value, const char *path, void *out, struct error *e)
{
    char word[TAG_MAX + 1] = "";
    enum err err = decode_text(value, path, word, 32, e);
    if (err == ERR_OK && *word != '\0')
        err = names_check_tag(path, word, e);
    if (err == ERR_OK)
        memcpy(out, word, strlen(word) + 1);
    return err;
}

enum err json_decode_command(json_t *value, const char *path, void *out, struct error *e)
{
    enum err err = decode_text(value, path, out, COMMAND_MAX + 1, e);
    if (err == ERR_OK && *(char *)out == '\0')
        return error_set(e, ERR_INVALID, "%s is empty", path);
    return err;
}

enum err json_decode_key(json_t *value, const char *path, void *out, struct error *e)
{
    const char *text = "";
    enum err err = json_text(value, path, &text, e);
    if (err != ERR_OK)
        return err;
    if (strlen(text) != KEY_Z85_SIZE - 1 || keys_z85_decode(text, out, NULL) != ERR_OK)
        return error_set(e, ERR_INVALID, "%s: must be 40 characters of Z85", path);
    return ERR_OK;
}
