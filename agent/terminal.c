/* SPDX-License-Identifier: Apache-2.0 */
#include "terminal.h"

#include <string.h>

#include "fs.h"

struct terminal {
    char *directory;
    struct process_table *processes;
    struct response_collector *collector;
    struct process *process; /* NULL: nothing runs */
    char *command;
};

enum err terminal_new(const char *directory, struct process_table *processes,
                      struct response_collector *collector, struct terminal **out, struct error *e)
{
    AUTO(terminal_free) struct terminal *t = calloc(1, sizeof(*t));
    if (t == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for the terminal");
    t->processes = processes;
    t->collector = collector;
    t->directory = strdup(directory);
    if (t->directory == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for the terminal");
    enum err err = fs_mkdirs(directory, 0700, e);
    if (err != ERR_OK)
        return err;
    *out = TAKE(t);
    return ERR_OK;
}

void terminal_free(struct terminal *t)
{
    if (t == NULL)
        return;
    process_kill(t->process);
    free(t->command);
    free(t->directory);
    free(t);
}

static struct log_source source_of(const struct terminal *t)
{
    return (struct log_source){.task_id = "", .stage = STAGE_TERMINAL, .command = t->command};
}

static void on_line(void *arg, const char *text, size_t size, bool is_error)
{
    const struct terminal *t = arg;
    struct log_source source = source_of(t);
    response_collector_output(t->collector, &source, text, size, is_error);
}

static void on_ended(void *arg, int exit_status)
{
    struct terminal *t = arg;
    t->process = NULL;
    struct log_source source = source_of(t);
    response_collector_event(t->collector, &source, exit_status != 0, "exited with status %d",
                             exit_status);
}

static enum err keep_command(struct terminal *t, const char *command, struct error *e)
{
    if (t->process != NULL)
        return error_set(e, ERR_CONFLICT, "a command is running in the terminal; stop it first");
    if (command[0] == '\0')
        return error_set(e, ERR_INVALID, "the command is empty");
    if (strlen(command) > COMMAND_MAX)
        return error_set(e, ERR_TOO_LARGE, "the command is longer than %d bytes", COMMAND_MAX);
    char *copy = strdup(command);
    if (copy == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for a command");
    free(t->command);
    t->command = copy;
    return ERR_OK;
}

enum err terminal_run(struct terminal *t, const char *command, struct error *e)
{
    static const struct process_events events = {.line = on_line, .ended = on_ended};
    const struct process_place place = {.directory = t->directory};
    enum err err = keep_command(t, command, e);
    if (err == ERR_OK) /* an earlier command may have removed it */
        err = fs_mkdirs(t->directory, 0700, e);
    if (err != ERR_OK)
        return err;
    return process_start(t->processes, t->command, &place, &events, t, &t->process, e);
}

void terminal_stop(struct terminal *t)
{
    if (t->process != NULL)
        process_stop(t->process, -1);
}

bool terminal_is_busy(const struct terminal *t)
{
    return t->process != NULL;
}
