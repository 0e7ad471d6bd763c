/* SPDX-License-Identifier: Apache-2.0 */
/* hivecast login: tries the token and remembers it. Tokens come from --token, HIVECAST_TOKEN, a
 * prompt without echo, or the first line of standard input. */
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "command.h"
#include "config.h"
#include "print.h"

enum { TOKEN_MAX = 4096 };

static enum err read_line(char *line, size_t size, struct error *e)
{
    if (fgets(line, (int)size, stdin) == NULL)
        return error_set(e, ERR_INVALID,
                         "no token: give --token, HIVECAST_TOKEN or a line of "
                         "standard input");
    line[strcspn(line, "\r\n")] = '\0';
    return *line != '\0' ? ERR_OK : error_set(e, ERR_INVALID, "the token is empty");
}

static enum err ask(char *line, size_t size, struct error *e)
{
    struct termios before;
    if (tcgetattr(STDIN_FILENO, &before) != 0)
        return read_line(line, size, e);
    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    /* Silence first: what is typed after the prompt is neither shown nor lost. */
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    fputs("Token: ", stderr);
    fflush(stderr);
    enum err err = read_line(line, size, e);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fputc('\n', stderr);
    return err;
}

/* Whether the manager is there and knows the token. */
static enum err try_login(const struct config *config, json_t **health, struct error *e)
{
    AUTO(client_free) struct client *client = NULL;
    json_t *targets = NULL;
    enum err err = client_new(config->url, config->token, &client, e);
    if (err == ERR_OK)
        err = client_call(client, "GET", "/targets?perPage=1", NULL, &targets, e);
    json_decref(targets);
    return err == ERR_OK ? client_call(client, "GET", "/health", NULL, health, e) : err;
}

enum err login_run(struct cli *c, struct error *e)
{
    char line[TOKEN_MAX];
    AUTO(config_clear) struct config config = {0};
    AUTO_FREE char *path = NULL;
    json_t *health = NULL;
    const char *token = options_get(c->options, "token");
    enum err err = ERR_OK;
    if (token == NULL) {
        err = ask(line, sizeof(line), e);
        token = line;
    }
    if (err != ERR_OK)
        return err;
    config.url = strdup(options_positional(c->options, 0));
    config.token = strdup(token);
    if (config.url == NULL || config.token == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory");
    err = try_login(&config, &health, e);
    if (err == ERR_OK)
        err = config_save(&config, e);
    if (err == ERR_OK)
        err = config_path(&path, e);
    if (err == ERR_OK && c->is_json)
        err = print_json(health, e);
    else if (err == ERR_OK)
        printf("logged in to %s, remembered in %s\n", config.url, path);
    json_decref(health);
    return err;
}
