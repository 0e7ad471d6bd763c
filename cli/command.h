/* SPDX-License-Identifier: Apache-2.0 */
/* command: what a subcommand is, and the one table of them (commands.c). Thread: the only one. */
#ifndef COMMAND_H
#define COMMAND_H

#include <jansson.h>
#include <stdbool.h>

#include "client.h"
#include "err.h"
#include "options.h"

enum { STATUS_FAILED = 1, STATUS_USAGE = 2, STATUS_INTERRUPTED = 130, OPTIONS_MAX = 24 };

/* One run of a command. */
struct cli {
    const struct options *options;
    struct client *client; /* NULL for local commands */
    bool is_json;
    int status; /* exit status when run returns ERR_OK */
};

struct command {
    const char *group;
    const char *verb; /* NULL: the group is the command; the first verb of a group is its default */
    const char *arguments; /* "ID...", or "" */
    const char *summary;
    const struct option_spec *options; /* beside --url, --token and --json */
    size_t option_count;
    size_t arguments_min;
    size_t arguments_max;
    bool is_local; /* works without a manager */
    enum err (*run)(struct cli *c, struct error *e);
};

extern const struct command commands[];
extern const size_t command_count;

/* Those that every command knows. */
extern const struct option_spec common_options[];
extern const size_t common_option_count;

/* Both together; returns how many. */
size_t command_options(const struct command *command, struct option_spec out[static OPTIONS_MAX]);

/* The table for people, and one of its rows with all options. */
void commands_print(void);
void command_print_help(const struct command *command);
/* The command that argv names, and how many words that took. ERR_INVALID with a suggestion. */
MUST_CHECK enum err command_find(int argc, char **argv, const struct command **out, int *words,
                                 struct error *e);

/* METHOD PREFIX/ID/SUFFIX for every positional argument; done is printed behind each that worked.
 */
MUST_CHECK enum err each_argument(struct cli *c, const char *method, const char *prefix,
                                  const char *suffix, const char *done, struct error *e);

enum err login_run(struct cli *c, struct error *e);
enum err status_run(struct cli *c, struct error *e);
enum err targets_ls_run(struct cli *c, struct error *e);
enum err targets_show_run(struct cli *c, struct error *e);
enum err targets_set_run(struct cli *c, struct error *e);
enum err targets_rm_run(struct cli *c, struct error *e);
enum err tokens_create_run(struct cli *c, struct error *e);
enum err tokens_ls_run(struct cli *c, struct error *e);
enum err tokens_rm_run(struct cli *c, struct error *e);
enum err deploy_run(struct cli *c, struct error *e);
enum err tasks_ls_run(struct cli *c, struct error *e);
enum err tasks_show_run(struct cli *c, struct error *e);
enum err tasks_stop_run(struct cli *c, struct error *e);
enum err tasks_rm_run(struct cli *c, struct error *e);
enum err logs_run(struct cli *c, struct error *e);
enum err exec_run(struct cli *c, struct error *e);
enum err stop_run(struct cli *c, struct error *e);
enum err completion_run(struct cli *c, struct error *e);

#endif
