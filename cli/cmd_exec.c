/* SPDX-License-Identifier: Apache-2.0 */
/* hivecast exec: one command in the terminal of a target, as if it ran here: its output on standard
 * output and error, its exit status, Ctrl-C ends it there. */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "event_stream.h"
#include "interrupt.h"
#include "log_view.h"
#include "print.h"

struct execution {
    struct cli *cli;
    const char *target;
    struct bytes command;
    struct bytes path; /* /targets/ID/command */
    struct event_stream *stream;
    bool is_over;
    bool was_stopped;
};

static enum err join_words(const struct options *o, struct bytes *out, struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = 1; err == ERR_OK && i < options_positional_count(o); i++) {
        const char *word = options_positional(o, i);
        if (i > 1)
            err = bytes_append(out, " ", 1, e);
        if (err == ERR_OK)
            err = bytes_append(out, word, strlen(word), e);
    }
    return err;
}

static enum err open_events(struct execution *x, struct error *e)
{
    struct bytes path = {0};
    enum err err = bytes_append(&path, "/events?topics=logs,targetUpdated", 33, e);
    if (err == ERR_OK)
        err = client_query(&path, "target", x->target, e);
    if (err == ERR_OK)
        err = event_stream_open(x->cli->client, (const char *)path.data, &x->stream, e);
    bytes_clear(&path);
    return err;
}

static enum err start(struct execution *x, struct error *e)
{
    json_t *body = json_pack("{s:s}", "command", (const char *)x->command.data);
    if (body == NULL)
        return error_set(e, ERR_INVALID, "the command is not UTF-8");
    enum err err = client_call(x->cli->client, "PUT", (const char *)x->path.data, body, NULL, e);
    json_decref(body);
    return err;
}

static enum err show_line(struct execution *x, const json_t *line, struct error *e)
{
    const char *output = json_string_value(json_object_get(line, "output"));
    bool is_event = json_is_true(json_object_get(line, "event"));
    int status = 0;
    output = output != NULL ? output : "";
    if (x->cli->is_json) {
        enum err err = print_json(line, e);
        if (err != ERR_OK)
            return err;
    }
    if (is_event && log_view_exit_status(output, &status)) {
        x->is_over = true;
        x->cli->status = status;
    }
    if (is_event || x->cli->is_json)
        return ERR_OK;
    FILE *f = json_is_true(json_object_get(line, "error")) ? stderr : stdout;
    print_text(f, output);
    fputc('\n', f);
    return fflush(f) == 0 ? ERR_OK : error_set(e, ERR_IO, "cannot write the output");
}

static void tell_connection(const struct execution *x, const json_t *event)
{
    const json_t *data = json_object_get(event, "data");
    const char *id = json_string_value(json_object_get(data, "id"));
    if (id != NULL && strcmp(id, x->target) == 0 && json_is_false(json_object_get(data, "online")))
        fprintf(stderr, "hivecast: %s went offline; its output comes when it is back\n", x->target);
}

static enum err take_event(struct execution *x, const json_t *event, struct error *e)
{
    const struct log_filter filter = {.target = x->target, .stage = "terminal"};
    const char *topic = json_string_value(json_object_get(event, "topic"));
    enum err err = ERR_OK;
    size_t i = 0;
    json_t *line = NULL;
    if (topic != NULL && strcmp(topic, "targetUpdated") == 0) {
        tell_connection(x, event);
        return ERR_OK;
    }
    json_t *lines = log_view_lines(event);
    json_array_foreach(lines, i, line)
    {
        const char *command = json_string_value(json_object_get(line, "command"));
        bool is_ours = command != NULL && strcmp(command, (const char *)x->command.data) == 0;
        if (err == ERR_OK && !x->is_over && is_ours && log_view_matches(&filter, line))
            err = show_line(x, line, e);
    }
    json_decref(lines);
    return err;
}

/* The first Ctrl-C ends the command there; the second one only this program. */
static enum err stop(struct execution *x, struct error *e)
{
    interrupt_clear();
    x->was_stopped = true;
    return client_call(x->cli->client, "DELETE", (const char *)x->path.data, NULL, NULL, e);
}

static enum err follow(struct execution *x, struct error *e)
{
    enum err err = ERR_OK;
    while (err == ERR_OK && !x->is_over) {
        json_t *event = NULL;
        err = event_stream_next(x->stream, -1, &event, e);
        if (err == ERR_OK && event != NULL)
            err = take_event(x, event, e);
        json_decref(event);
        if (err == ERR_STOPPED && !x->was_stopped)
            err = stop(x, e);
    }
    if (err == ERR_OK && x->was_stopped)
        x->cli->status = STATUS_INTERRUPTED;
    return err;
}

enum err exec_run(struct cli *c, struct error *e)
{
    struct execution x = {.cli = c, .target = options_positional(c->options, 0)};
    enum err err = join_words(c->options, &x.command, e);
    if (err == ERR_OK)
        err = client_path(&x.path, "/targets/", x.target, "/command", e);
    /* Listening begins before the command does, so that nothing is missed. */
    if (err == ERR_OK)
        err = open_events(&x, e);
    if (err == ERR_OK)
        err = start(&x, e);
    if (err == ERR_OK)
        err = follow(&x, e);
    event_stream_close(x.stream);
    bytes_clear(&x.command);
    bytes_clear(&x.path);
    return err;
}
