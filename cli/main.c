/* SPDX-License-Identifier: Apache-2.0 */
/* hivecast: the command of operators. Finds the subcommand, logs in, runs it, tells what failed. */
#include <curl/curl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "config.h"
#include "interrupt.h"
#include "print.h"

/* Whether --json is there, before options could be parsed. */
static bool asks_for_json(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            return true;
    }
    return false;
}

static int fail(const struct error *e, bool is_json, int status)
{
    if (is_json) {
        json_t *problem =
            json_pack("{s:{s:s, s:s}}", "error", "code", err_name(e->code), "detail", e->text);
        char *text = json_dumps(problem, JSON_COMPACT);
        fprintf(stderr, "%s\n", text != NULL ? text : "{}");
        free(text);
        json_decref(problem);
        return status;
    }
    fprintf(stderr, "hivecast: ");
    print_text(stderr, e->text);
    fputc('\n', stderr);
    return status;
}

static enum err check_arguments(const struct command *command, const struct options *o,
                                struct error *e)
{
    size_t count = options_positional_count(o);
    if (count >= command->arguments_min && count <= command->arguments_max)
        return ERR_OK;
    return error_set(e, ERR_INVALID, "usage: hivecast %s%s%s %s", command->group,
                     command->verb != NULL ? " " : "", command->verb != NULL ? command->verb : "",
                     command->arguments);
}

static enum err connect_manager(struct cli *c, struct error *e)
{
    AUTO(config_clear) struct config config = {0};
    enum err err = config_load(c->options, &config, e);
    if (err == ERR_OK && config.url == NULL)
        err = error_set(e, ERR_INVALID,
                        "which manager? run 'hivecast login URL', or give --url or HIVECAST_URL");
    return err == ERR_OK ? client_new(config.url, config.token, &c->client, e) : err;
}

static int run(const struct command *command, const struct options *o, bool is_json)
{
    struct cli c = {.options = o, .is_json = is_json};
    struct error e = {0};
    enum err err = command->is_local ? ERR_OK : connect_manager(&c, &e);
    if (err == ERR_OK)
        err = command->run(&c, &e);
    client_free(c.client);
    if (err == ERR_OK && (fflush(stdout) != 0 || ferror(stdout)))
        err = error_set(&e, ERR_IO, "cannot write to standard output");
    if (interrupt_happened())
        return STATUS_INTERRUPTED;
    return err == ERR_OK ? c.status : fail(&e, is_json, STATUS_FAILED);
}

static int parse_and_run(const struct command *command, int argc, char **argv)
{
    struct option_spec specs[OPTIONS_MAX];
    struct error e = {0};
    size_t count = command_options(command, specs);
    AUTO(options_free) struct options *o = NULL;
    enum err err = options_parse(specs, count, argc, argv, NULL, &o, &e);
    if (err == ERR_OK && options_wants_help(o)) {
        command_print_help(command);
        return 0;
    }
    if (err == ERR_OK)
        err = check_arguments(command, o, &e);
    if (err != ERR_OK)
        return fail(&e, asks_for_json(argc, argv), STATUS_USAGE);
    return run(command, o, options_is_set(o, "json"));
}

int main(int argc, char **argv)
{
    struct error e = {0};
    const struct command *command = NULL;
    int words = 0;
    /* Names of files are bytes, or UTF-8; see packer.c. */
    setlocale(LC_CTYPE, "C.UTF-8"); /* NOLINT(concurrency-mt-unsafe): before any thread */
    signal(SIGPIPE, SIG_IGN);
    interrupt_init();
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        commands_print();
        return argc < 2 ? STATUS_USAGE : 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("hivecast %s\n", HIVECAST_VERSION);
        return 0;
    }
    if (command_find(argc - 1, argv + 1, &command, &words, &e) != ERR_OK) {
        int status = fail(&e, asks_for_json(argc, argv), STATUS_USAGE);
        fprintf(stderr, "'hivecast --help' lists the commands\n");
        return status;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int status = parse_and_run(command, argc - words, argv + words);
    curl_global_cleanup();
    return status;
}
