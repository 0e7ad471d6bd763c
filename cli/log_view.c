/* SPDX-License-Identifier: Apache-2.0 */
/* log_view: see log_view.h. */
#include "log_view.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "print.h"

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static int64_t unit_ms(const char *unit)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(units[i].unit, unit) == 0)
            return units[i].ms;
    }
    return 0;
}

enum err log_view_time(const char *text, int64_t now_ms, char out[static TIME_TEXT_SIZE],
                       struct error *e)
{
    char *end = NULL;
    long count = strtol(text, &end, 10);
    int64_t ms = unit_ms(end);
    if (end != text && count >= 0 && count < 1000000 && ms > 0) {
        clock_format(now_ms - count * ms, out);
        return ERR_OK;
    }
    if (strlen(text) >= 20 && strlen(text) < TIME_TEXT_SIZE && text[4] == '-' &&
        (text[10] == 'T' || text[10] == 't')) {
        memcpy(out, text, strlen(text) + 1);
        return ERR_OK;
    }
    return error_set(e, ERR_INVALID,
                     "a time is 90s, 10m, 2h, 3d (ago) or 2026-11-22T10:00:00Z, not '%.40s'", text);
}

static bool is_word_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c & 0x80) != 0;
}

/* Whether wanted stands in text with a border of a word at both ends, or only before it. */
static bool has_words(const char *text, const char *wanted, size_t length, bool is_prefix)
{
    for (const char *at = text; *at != '\0'; at++) {
        bool begins = at == text || !is_word_byte(at[-1]) || !is_word_byte(wanted[0]);
        if (!begins || strncasecmp(at, wanted, length) != 0)
            continue;
        if (is_prefix || !is_word_byte(at[length]) || !is_word_byte(wanted[length - 1]))
            return true;
    }
    return false;
}

static bool matches_words(const char *text, const char *words)
{
    while (*(words += strspn(words, " \t")) != '\0') {
        bool is_quoted = *words == '"';
        words += is_quoted;
        size_t length = strcspn(words, is_quoted ? "\"" : " \t\"");
        bool is_prefix = !is_quoted && length > 1 && words[length - 1] == '*';
        if (length > 0 && !has_words(text, words, length - is_prefix, is_prefix))
            return false;
        words += length;
        words += is_quoted && *words == '"';
    }
    return true;
}

static bool is_wanted(const char *wanted, const char *found)
{
    return wanted == NULL || strcmp(wanted, found) == 0;
}

bool log_view_matches(const struct log_filter *filter, const json_t *line)
{
    return is_wanted(filter->target, text_of(line, "target")) &&
           is_wanted(filter->task, text_of(line, "task")) &&
           is_wanted(filter->stage, text_of(line, "stage")) &&
           (!filter->is_errors || json_is_true(json_object_get(line, "error"))) &&
           (filter->words == NULL || matches_words(text_of(line, "output"), filter->words));
}

void log_view_print(FILE *f, const json_t *line)
{
    char time[20];
    bool is_error = json_is_true(json_object_get(line, "error"));
    bool is_event = json_is_true(json_object_get(line, "event"));
    const char *task = text_of(line, "task");
    snprintf(time, sizeof(time), "%s", text_of(line, "time"));
    if (strlen(time) > 10)
        time[10] = ' ';
    fprintf(f, "%s ", time);
    print_text(f, text_of(line, "target"));
    fprintf(f, " %s%s", task, *task != '\0' ? " " : "");
    fprintf(f, "%s%s ", text_of(line, "stage"), is_event ? " --" : ":");
    print_state(f, is_error ? "failed" : is_event ? "pending" : "", text_of(line, "output"));
    fputc('\n', f);
}

json_t *log_view_lines(const json_t *event)
{
    json_t *lines = json_array();
    const json_t *data = json_object_get(event, "data");
    size_t i = 0;
    json_t *from = NULL;
    json_array_foreach(json_object_get(data, "lines"), i, from)
    {
        json_t *line = json_pack(
            "{s:O*, s:O*, s:O*, s:O*, s:O*, s:O*, s:O*, s:O*}", "time",
            json_object_get(from, "time"), "target", json_object_get(data, "target"), "task",
            json_object_get(data, "task"), "stage", json_object_get(data, "stage"), "command",
            json_object_get(data, "command"), "output", json_object_get(from, "output"), "error",
            json_object_get(from, "error"), "event", json_object_get(from, "event"));
        if (line != NULL)
            json_array_append_new(lines, line);
    }
    return lines;
}

/* The number behind words in text. */
static bool number_behind(const char *text, const char *words, int *out)
{
    const char *at = strstr(text, words);
    if (at == NULL)
        return false;
    at += strlen(words);
    char *end = NULL;
    long value = strtol(at, &end, 10);
    if (end == at || value < 0 || value > 255)
        return false;
    *out = (int)value;
    return true;
}

bool log_view_exit_status(const char *text, int *status)
{
    if (number_behind(text, "exited with status ", status))
        return true;
    if (!number_behind(text, "signal ", status))
        return false;
    *status += 128;
    return true;
}
