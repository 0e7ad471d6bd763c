/* SPDX-License-Identifier: Apache-2.0 */
/* The decoders of json_fields.h that are made of several values. */
#include <stdio.h>
#include <string.h>

#include "json_fields.h"
#include "manifest.h"

enum { ITEM_PATH_SIZE = 144 };

/* Says whether text may be an item; path names it. */
typedef enum err item_check_fn(const char *path, const char *text, struct error *e);

static enum err check_size(json_t *value, const char *path, size_t max, struct error *e)
{
    if (!json_is_array(value))
        return error_set(e, ERR_INVALID, "%s: must be a list", path);
    if (json_array_size(value) > max)
        return error_set(e, ERR_TOO_LARGE, "%s: more than %zu", path, max);
    return ERR_OK;
}

static enum err decode_item(json_t *value, const char *path, size_t i, item_check_fn *check,
                            const char **out, struct error *e)
{
    char item[ITEM_PATH_SIZE];
    snprintf(item, sizeof(item), "%.128s[%zu]", path, i);
    enum err err = json_text(json_array_get(value, i), item, out, e);
    return err == ERR_OK ? check(item, *out, e) : err;
}

static enum err decode_list(json_t *value, const char *path, size_t max, item_check_fn *check,
                            struct strlist *out, struct error *e)
{
    enum err err = check_size(value, path, max, e);
    strlist_clear(out);
    for (size_t i = 0; err == ERR_OK && i < json_array_size(value); i++) {
        const char *text = NULL;
        err = decode_item(value, path, i, check, &text, e);
        if (err == ERR_OK)
            err = strlist_add(out, text, e);
    }
    return err;
}

static enum err check_command(const char *path, const char *text, struct error *e)
{
    if (*text == '\0')
        return error_set(e, ERR_INVALID, "%s is empty", path);
    if (strlen(text) > COMMAND_MAX)
        return error_set(e, ERR_TOO_LARGE, "%s: longer than %d bytes", path, COMMAND_MAX);
    return ERR_OK;
}

static enum err check_path(const char *path, const char *text, struct error *e)
{
    struct error why = {0};
    if (manifest_check_path(text, &why) != ERR_OK)
        return error_set(e, ERR_INVALID, "%s: %.180s", path, why.text);
    return ERR_OK;
}

enum err json_decode_commands(json_t *value, const char *path, void *out, struct error *e)
{
    return decode_list(value, path, COMMANDS_MAX, check_command, out, e);
}

enum err json_decode_ids(json_t *value, const char *path, void *out, struct error *e)
{
    return decode_list(value, path, SELECTOR_IDS_MAX, names_check_id, out, e);
}

enum err json_decode_paths(json_t *value, const char *path, void *out, struct error *e)
{
    enum err err = decode_list(value, path, JSON_PATHS_MAX, check_path, out, e);
    if (err == ERR_OK && ((struct strlist *)out)->count == 0)
        return error_set(e, ERR_INVALID, "%s is empty", path);
    return err;
}

enum err json_decode_tags(json_t *value, const char *path, void *out, struct error *e)
{
    struct tags tags = {0};
    enum err err = check_size(value, path, TAGS_MAX, e);
    for (size_t i = 0; err == ERR_OK && i < json_array_size(value); i++) {
        const char *text = NULL;
        err = decode_item(value, path, i, names_check_tag, &text, e);
        if (err == ERR_OK && tags_add(&tags, text, NULL) != ERR_OK)
            err = error_set(e, ERR_TOO_LARGE, "%s: more than %d bytes in all", path, TAGS_SIZE);
    }
    if (err == ERR_OK)
        *(struct tags *)out = tags;
    return err;
}

static enum err decode_degrees(json_t *value, const char *path, void *out, double max,
                               struct error *e)
{
    double degrees = json_number_value(value);
    if (!json_is_number(value) || degrees < -max || degrees > max)
        return error_set(e, ERR_INVALID, "%s: must be a number from %g to %g", path, -max, max);
    *(double *)out = degrees;
    return ERR_OK;
}

static enum err decode_latitude(json_t *value, const char *path, void *out, struct error *e)
{
    return decode_degrees(value, path, out, 90, e);
}

static enum err decode_longitude(json_t *value, const char *path, void *out, struct error *e)
{
    return decode_degrees(value, path, out, 180, e);
}

enum err json_decode_location(json_t *value, const char *path, void *out, struct error *e)
{
    static const struct json_field fields[] = {
        {"latitude", decode_latitude, offsetof(struct location, latitude), true},
        {"longitude", decode_longitude, offsetof(struct location, longitude), true},
    };
    struct location location = {.is_known = true};
    enum err err = json_decode_object(value, path, fields, 2, &location, e);
    if (err == ERR_OK)
        *(struct location *)out = location;
    return err;
}
