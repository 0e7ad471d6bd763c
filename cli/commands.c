/* SPDX-License-Identifier: Apache-2.0 */
/* commands: the table of subcommands; help and completion are made from it. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "names.h"

/* Macros and not braces: clang-format 14 crashes on tables of designated initializers. */
#define VALUE(n, a, h, ...)                                                                        \
    {                                                                                              \
        .name = (n), .argument = (a), .help = (h), .flag_only = true, __VA_ARGS__                  \
    }
#define SWITCH(n, h, ...) VALUE(n, NULL, h, __VA_ARGS__)
#define LIST(n, a, h) VALUE(n, a, h, .repeats = true)

/* The environment may set these too. */
#define COMMON(n, a, h)                                                                            \
    {                                                                                              \
        .name = (n), .argument = (a), .help = (h)                                                  \
    }

const struct option_spec common_options[] = {
    COMMON("url", "URL", "the manager (default: from hivecast login)"),
    COMMON("token", "TOKEN", "API token (default: from hivecast login)"),
    COMMON("json", NULL, "print JSON: one document, or one a line when following"),
};
const size_t common_option_count = sizeof(common_options) / sizeof(common_options[0]);

static const struct option_spec targets_ls_options[] = {
    LIST("tag", "TAG", "only targets with all these tags"),
    VALUE("id", "TEXT", "only ids with this in them"),
    SWITCH("online", "only those that are connected"),
    SWITCH("offline", "only those that are not"),
};

static const struct option_spec targets_set_options[] = {
    VALUE("tags", "A,B", "replace all tags (\"\": none)"),
    LIST("add-tag", "TAG", "add a tag"),
    LIST("remove-tag", "TAG", "remove a tag"),
    LIST("with-tag", "TAG", "choose targets by tag instead of by id"),
    VALUE("location", "LAT,LON", "set the location, or \"none\""),
};

static const struct option_spec deploy_options[] = {
    VALUE("source", "PATH", "directory or archive to upload as the source"),
    LIST("tag", "TAG", "targets with this tag, instead of those of the file"),
    LIST("id", "ID", "this target, instead of those of the file"),
    SWITCH("wait", "wait until every target is done", .letter = 'w'),
    VALUE("settle", "SECONDS", "with --wait: watch run commands that are up for so long",
          .fallback = "1"),
    VALUE("timeout", "SECONDS", "with --wait: give up after so long; 0: never", .fallback = "0"),
};

static const struct option_spec tasks_ls_options[] = {
    VALUE("state", "STATE", "only tasks in this state on some target"),
    VALUE("description", "TEXT", "only those with this in the description"),
    VALUE("limit", "N", "at most so many, newest first", .fallback = "50", .letter = 'n'),
};

static const struct option_spec logs_options[] = {
    SWITCH("follow", "go on as lines arrive", .letter = 'f'),
    VALUE("target", "ID", "of this target"),
    VALUE("task", "ID", "of this task"),
    VALUE("stage", "STAGE", "build, install, run, terminal or agent"),
    VALUE("grep", "WORDS", "lines with all these words; \"a phrase\", begin*"),
    SWITCH("errors", "only errors"),
    VALUE("since", "TIME", "not older: 90s, 10m, 2h, 3d or 2026-11-22T10:00:00Z"),
    VALUE("until", "TIME", "older than this"),
    VALUE("limit", "N", "at most so many, the newest", .fallback = "100", .letter = 'n'),
};

static const struct option_spec stop_options[] = {
    SWITCH("task", "ID is a task"),
    SWITCH("target", "ID is a target: stop all its tasks"),
};

#define OPTIONS(table) table, sizeof(table) / sizeof((table)[0])
#define NO_OPTIONS NULL, 0

enum { ANY = 1000000 };

/* clang-format off: a row a line */
const struct command commands[] = {
    {"login", NULL, "URL", "remember a manager and its token", NO_OPTIONS, 1, 1, true, login_run},
    {"status", NULL, "", "the manager and what it is doing", NO_OPTIONS, 0, 0, false, status_run},
    {"targets", "ls", "", "list targets", OPTIONS(targets_ls_options), 0, 0, false, targets_ls_run},
    {"targets", "show", "ID", "one target and its tasks", NO_OPTIONS, 1, 1, false,
     targets_show_run},
    {"targets", "set", "[ID...]", "change tags or location", OPTIONS(targets_set_options), 0, ANY,
     false, targets_set_run},
    {"targets", "rm", "ID...", "remove targets and revoke their keys", NO_OPTIONS, 1, ANY, false,
     targets_rm_run},
    {"tokens", "ls", "", "list sets of registration tokens", NO_OPTIONS, 0, 0, false,
     tokens_ls_run},
    {"tokens", "create", "NAME [TOTAL]", "make tokens and print them, once", NO_OPTIONS, 1, 2,
     false, tokens_create_run},
    {"tokens", "rm", "NAME...", "delete sets; unused tokens are void", NO_OPTIONS, 1, ANY, false,
     tokens_rm_run},
    {"deploy", NULL, "FILE", "start a task from a task document (\"-\": standard input)",
     OPTIONS(deploy_options), 1, 1, false, deploy_run},
    {"tasks", "ls", "", "list tasks", OPTIONS(tasks_ls_options), 0, 0, false, tasks_ls_run},
    {"tasks", "show", "ID", "one task and its state on every target", NO_OPTIONS, 1, 1, false,
     tasks_show_run},
    {"tasks", "stop", "ID...", "stop tasks on all their targets", NO_OPTIONS, 1, ANY, false,
     tasks_stop_run},
    {"tasks", "rm", "ID...", "delete tasks with their logs", NO_OPTIONS, 1, ANY, false,
     tasks_rm_run},
    {"logs", NULL, "", "search or follow what commands wrote", OPTIONS(logs_options), 0, 0, false,
     logs_run},
    {"exec", NULL, "TARGET COMMAND", "run one shell command on a target (in quotes, or after --)",
     NO_OPTIONS, 2, ANY, false, exec_run},
    {"stop", NULL, "ID", "stop a task, or all tasks of a target", OPTIONS(stop_options), 1, 1,
     false, stop_run},
    {"completion", NULL, "bash|zsh", "print a completion script for the shell", NO_OPTIONS, 1, 1,
     true, completion_run},
};
/* clang-format on */
const size_t command_count = sizeof(commands) / sizeof(commands[0]);

static void print_row(const struct command *command)
{
    char name[64];
    snprintf(name, sizeof(name), "%s%s%s %s", command->group, command->verb != NULL ? " " : "",
             command->verb != NULL ? command->verb : "", command->arguments);
    printf("  %-26s %s\n", name, command->summary);
}

void commands_print(void)
{
    printf("Usage: hivecast COMMAND [OPTIONS]\n\n"
           "Deploys software in bulk to targets, through a hivecast-manager.\n\nCommands:\n");
    for (size_t i = 0; i < command_count; i++)
        print_row(&commands[i]);
    printf("\nEvery command:\n");
    options_print_help(common_options, common_option_count);
    printf("\nEnvironment: HIVECAST_URL, HIVECAST_TOKEN; NO_COLOR switches colours off.\n"
           "Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted.\n");
}

size_t command_options(const struct command *command, struct option_spec out[static OPTIONS_MAX])
{
    assert(command->option_count + common_option_count <= OPTIONS_MAX);
    if (command->option_count > 0)
        memcpy(out, command->options, command->option_count * sizeof(*out));
    memcpy(out + command->option_count, common_options, common_option_count * sizeof(*out));
    return command->option_count + common_option_count;
}

void command_print_help(const struct command *command)
{
    struct option_spec options[OPTIONS_MAX];
    printf("Usage: hivecast %s%s%s%s%s [OPTIONS]\n\n%c%s.\n\nOptions:\n", command->group,
           command->verb != NULL ? " " : "", command->verb != NULL ? command->verb : "",
           command->arguments[0] != '\0' ? " " : "", command->arguments,
           command->summary[0] - 'a' + 'A', command->summary + 1);
    options_print_help(options, command_options(command, options));
}

/* The nearest group, or verb of group when that is given; NULL when nothing is near. */
static const char *nearest(const char *word, const char *group)
{
    const char *best = NULL;
    size_t least = strlen(word) / 3 + 2;
    for (size_t i = 0; i < command_count; i++) {
        const char *name = commands[i].verb;
        if (group == NULL)
            name = commands[i].group;
        else if (strcmp(commands[i].group, group) != 0)
            continue;
        if (name != NULL && names_distance(word, name) < least) {
            least = names_distance(word, name);
            best = name;
        }
    }
    return best;
}

static enum err unknown(const char *what, const char *word, const char *group, struct error *e)
{
    char shown[64];
    const char *near = nearest(word, group);
    return error_set(
        e, ERR_INVALID, "unknown %s %s%s%s%s", what, names_printable(word, shown, sizeof(shown)),
        near != NULL ? " (did you mean " : "", near != NULL ? near : "", near != NULL ? "?)" : "");
}

enum err command_find(int argc, char **argv, const struct command **out, int *words,
                      struct error *e)
{
    const struct command *first = NULL;
    const char *verb = argc > 1 && argv[1][0] != '-' ? argv[1] : NULL;
    for (size_t i = 0; argc > 0 && i < command_count; i++) {
        const struct command *command = &commands[i];
        if (strcmp(command->group, argv[0]) != 0)
            continue;
        if (first == NULL)
            first = command;
        if (command->verb != NULL && verb != NULL && strcmp(command->verb, verb) == 0) {
            *out = command;
            *words = 2;
            return ERR_OK;
        }
    }
    if (first == NULL)
        return unknown("command", argc > 0 ? argv[0] : "", NULL, e);
    if (first->verb != NULL && verb != NULL)
        return unknown("command", verb, first->group, e);
    *out = first;
    *words = 1;
    return ERR_OK;
}
