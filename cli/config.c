/* SPDX-License-Identifier: Apache-2.0 */
/* config: see config.h. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "fs.h"
#include "options_file.h"

static enum err replace(char **place, const char *text, struct error *e)
{
    char *copy = strdup(text);
    if (copy == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory");
    free(*place);
    *place = copy;
    return ERR_OK;
}

enum err config_path(char **out, struct error *e)
{
    /* The program has one thread. */
    const char *base = getenv("XDG_CONFIG_HOME"); /* NOLINT(concurrency-mt-unsafe) */
    const char *home = getenv("HOME");            /* NOLINT(concurrency-mt-unsafe) */
    int length = -1;
    if (base != NULL && base[0] == '/')
        length = asprintf(out, "%s/hivecast/config.yaml", base);
    else if (home != NULL && home[0] == '/')
        length = asprintf(out, "%s/.config/hivecast/config.yaml", home);
    else
        return error_set(e, ERR_NOT_FOUND, "neither XDG_CONFIG_HOME nor HOME is set");
    return length < 0 ? error_set(e, ERR_NO_MEMORY, "no memory") : ERR_OK;
}

static enum err on_value(void *arg, const char *key, const char *value, struct error *e)
{
    struct config *config = arg;
    if (strcmp(key, "url") == 0)
        return replace(&config->url, value, e);
    if (strcmp(key, "token") == 0)
        return replace(&config->token, value, e);
    return error_set(e, ERR_INVALID, "unknown key; only url and token are known");
}

/* The token in the file belongs to the manager in the file: it is not sent to another one. */
static void forget_foreign_token(struct config *config, const char *url)
{
    if (url == NULL || (config->url != NULL && strcmp(config->url, url) == 0))
        return;
    free(config->token);
    config->token = NULL;
}

enum err config_load(const struct options *o, struct config *out, struct error *e)
{
    AUTO_FREE char *path = NULL;
    const char *url = options_get(o, "url");
    const char *token = options_get(o, "token");
    struct error file_error = {0};
    enum err err = config_path(&path, &file_error);
    if (err == ERR_OK)
        err = options_file_read(path, on_value, out, &file_error);
    if (err != ERR_OK && err != ERR_NOT_FOUND && (url == NULL || token == NULL)) {
        if (e != NULL)
            *e = file_error;
        return err;
    }
    forget_foreign_token(out, url);
    err = url != NULL ? replace(&out->url, url, e) : ERR_OK;
    if (err == ERR_OK && token != NULL)
        err = replace(&out->token, token, e);
    return err;
}

/* A YAML text in double quotes. */
static enum err append_quoted(struct bytes *b, const char *key, const char *text, struct error *e)
{
    enum err err = bytes_append(b, key, strlen(key), e);
    if (err == ERR_OK)
        err = bytes_append(b, ": \"", 3, e);
    for (; err == ERR_OK && *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            err = bytes_append(b, "\\", 1, e);
        if (err == ERR_OK)
            err = bytes_append(b, text, 1, e);
    }
    return err == ERR_OK ? bytes_append(b, "\"\n", 2, e) : err;
}

enum err config_save(const struct config *config, struct error *e)
{
    AUTO_FREE char *path = NULL;
    enum err err = config_path(&path, e);
    if (path == NULL)
        return err;
    AUTO_FREE char *dir = strndup(path, (size_t)(strrchr(path, '/') - path));
    if (dir == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory");
    struct bytes text = {0};
    err = fs_mkdirs(dir, 0700, e);
    if (err == ERR_OK)
        err = append_quoted(&text, "url", config->url, e);
    if (err == ERR_OK && config->token != NULL)
        err = append_quoted(&text, "token", config->token, e);
    if (err == ERR_OK)
        err = fs_write(path, text.data, text.size, 0600, e);
    bytes_clear(&text);
    return err;
}

void config_clear(struct config *config)
{
    free(config->url);
    free(config->token);
    *config = (struct config){0};
}
