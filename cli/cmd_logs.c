/* SPDX-License-Identifier: Apache-2.0 */
/* hivecast logs: a search in what is stored, and with --follow what comes after it. */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "command.h"
#include "event_stream.h"
#include "interrupt.h"
#include "log_view.h"
#include "print.h"

enum { FOLLOW_FIRST = 10, RECONNECT_MS = 1000 };

static enum err add_time(struct bytes *path, const char *key, const char *text, struct error *e)
{
    char time[TIME_TEXT_SIZE];
    if (text == NULL)
        return ERR_OK;
    enum err err = log_view_time(text, clock_wall_ms(), time, e);
    return err == ERR_OK ? client_query(path, key, time, e) : err;
}

static enum err search_path(const struct cli *c, struct bytes *path, struct error *e)
{
    const struct options *o = c->options;
    const char *errors = options_is_set(o, "errors") ? "true" : NULL;
    enum err err = bytes_append(path, "/logs", 5, e);
    if (err == ERR_OK)
        err = client_query(path, "target", options_get(o, "target"), e);
    if (err == ERR_OK)
        err = client_query(path, "task", options_get(o, "task"), e);
    if (err == ERR_OK)
        err = client_query(path, "stage", options_get(o, "stage"), e);
    if (err == ERR_OK)
        err = client_query(path, "text", options_get(o, "grep"), e);
    if (err == ERR_OK)
        err = client_query(path, "error", errors, e);
    if (err == ERR_OK)
        err = add_time(path, "from", options_get(o, "since"), e);
    return err == ERR_OK ? add_time(path, "to", options_get(o, "until"), e) : err;
}

/* The newest limit lines, oldest first. */
static enum err search(struct cli *c, size_t limit, json_t **list, struct error *e)
{
    struct bytes path = {0};
    enum err err = search_path(c, &path, e);
    if (err == ERR_OK)
        err = client_list(c->client, (const char *)path.data, limit, list, e);
    bytes_clear(&path);
    if (err != ERR_OK)
        return err;
    json_t *items = json_object_get(*list, "items");
    json_t *turned = json_array();
    for (size_t i = json_array_size(items); i-- > 0;)
        json_array_append(turned, json_array_get(items, i));
    return json_object_set_new(*list, "items", turned) == 0
               ? ERR_OK
               : error_set(e, ERR_NO_MEMORY, "no memory");
}

static enum err show_line(const struct cli *c, const json_t *line, struct error *e)
{
    if (c->is_json)
        return print_json(line, e);
    log_view_print(stdout, line);
    return fflush(stdout) == 0 ? ERR_OK : error_set(e, ERR_IO, "cannot write to standard output");
}

/* Whether line is among those that the search gave: it may come again as an event. */
static bool is_shown(const json_t *shown, const json_t *line)
{
    static const char *const keys[] = {"time", "target", "task", "command", "output"};
    size_t i = 0;
    json_t *other = NULL;
    json_array_foreach(shown, i, other)
    {
        size_t same = 0;
        for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
            same +=
                (size_t)json_equal(json_object_get(line, keys[k]), json_object_get(other, keys[k]));
        if (same == sizeof(keys) / sizeof(keys[0]))
            return true;
    }
    return false;
}

static enum err show_event(const struct cli *c, const json_t *event, const json_t *shown,
                           struct error *e)
{
    const struct options *o = c->options;
    const struct log_filter filter = {.target = options_get(o, "target"),
                                      .task = options_get(o, "task"),
                                      .stage = options_get(o, "stage"),
                                      .words = options_get(o, "grep"),
                                      .is_errors = options_is_set(o, "errors")};
    const char *topic = json_string_value(json_object_get(event, "topic"));
    if (topic != NULL && strcmp(topic, "gap") == 0)
        fprintf(stderr, "hivecast: lines are missing here; 'hivecast logs' finds them\n");
    json_t *lines = log_view_lines(event);
    size_t i = 0;
    json_t *line = NULL;
    enum err err = ERR_OK;
    json_array_foreach(lines, i, line)
    {
        if (err == ERR_OK && log_view_matches(&filter, line) && !is_shown(shown, line))
            err = show_line(c, line, e);
    }
    json_decref(lines);
    return err;
}

static enum err open_stream(struct cli *c, json_int_t since, struct event_stream **out,
                            struct error *e)
{
    struct bytes path = {0};
    char number[32];
    snprintf(number, sizeof(number), "%lld", (long long)since);
    enum err err = bytes_append(&path, "/events?topics=logs", 19, e);
    if (err == ERR_OK)
        err = client_query(&path, "target", options_get(c->options, "target"), e);
    if (err == ERR_OK)
        err = client_query(&path, "task", options_get(c->options, "task"), e);
    if (err == ERR_OK)
        err = client_query(&path, "since", since >= 0 ? number : NULL, e);
    if (err == ERR_OK)
        err = event_stream_open(c->client, (const char *)path.data, out, e);
    bytes_clear(&path);
    return err;
}

/* A new stream that goes on where the last one ended, as soon as the manager is there. */
static enum err reopen(struct cli *c, struct event_stream **stream, struct error *e)
{
    json_int_t since = event_stream_last(*stream);
    event_stream_close(*stream);
    *stream = NULL;
    enum err err = ERR_UNAVAILABLE;
    while (err == ERR_UNAVAILABLE && !interrupt_happened()) {
        interrupt_pause(RECONNECT_MS);
        err = open_stream(c, since, stream, e);
    }
    return err;
}

static enum err follow(struct cli *c, struct error *e)
{
    AUTO(event_stream_close) struct event_stream *stream = NULL;
    json_t *list = NULL;
    enum err err = open_stream(c, -1, &stream, e);
    if (err == ERR_OK)
        err = search(c, FOLLOW_FIRST, &list, e);
    const json_t *shown = json_object_get(list, "items");
    for (size_t i = 0; err == ERR_OK && i < json_array_size(shown); i++)
        err = show_line(c, json_array_get(shown, i), e);
    while (err == ERR_OK) {
        json_t *event = NULL;
        err = event_stream_next(stream, -1, &event, e);
        if (err == ERR_OK && event != NULL)
            err = show_event(c, event, shown, e);
        json_decref(event);
        if (err == ERR_UNAVAILABLE) {
            fprintf(stderr, "hivecast: the connection ended, trying again\n");
            err = reopen(c, &stream, e);
        }
    }
    json_decref(list);
    return err;
}

enum err logs_run(struct cli *c, struct error *e)
{
    long limit = 0;
    json_t *list = NULL;
    if (options_is_set(c->options, "follow"))
        return follow(c, e);
    enum err err = options_integer(c->options, "limit", 1, 10000000, &limit, e);
    if (err == ERR_OK)
        err = search(c, (size_t)limit, &list, e);
    if (err == ERR_OK && c->is_json)
        err = print_json(list, e);
    const json_t *items = json_object_get(list, "items");
    for (size_t i = 0; err == ERR_OK && !c->is_json && i < json_array_size(items); i++)
        log_view_print(stdout, json_array_get(items, i));
    json_decref(list);
    return err;
}
