/* SPDX-License-Identifier: Apache-2.0 */
#include "status_print.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"

enum { TASK_FIELDS = 5 };
struct task_line {
    const char *fields[TASK_FIELDS]; /* id, app, state, run state, "active" or "-" */
};

struct view {
    const char *pid, *version, *connection, *since_ms, *why, *processes, *unsent;
    char *tasks; /* first line of them, each with a NUL at its end */
    char *end;
};

static void read_line(struct view *v, char *line)
{
    struct {
        const char *key;
        const char **value;
    } rows[] = {{"pid ", &v->pid},
                {"version ", &v->version},
                {"connection ", &v->connection},
                {"since-ms ", &v->since_ms},
                {"why ", &v->why},
                {"processes ", &v->processes},
                {"unsent-bytes ", &v->unsent}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strncmp(line, rows[i].key, strlen(rows[i].key)) == 0)
            *rows[i].value = line + strlen(rows[i].key);
    }
}

static struct view read_answer(struct bytes *answer)
{
    struct view v = {.pid = "0",
                     .version = "",
                     .connection = "",
                     .since_ms = "0",
                     .why = "",
                     .processes = "0",
                     .unsent = "0"};
    char *rest = (char *)answer->data;
    v.end = rest + answer->size;
    v.tasks = v.end;
    char *line;
    while (rest != NULL && rest < v.end && (line = strsep(&rest, "\n")) != NULL) {
        if (strncmp(line, "task ", 5) != 0)
            read_line(&v, line);
        else if (v.tasks == v.end)
            v.tasks = line;
    }
    return v;
}

/* Splits the next task line; false at the end. */
static bool next_task(char **at, const char *end, struct task_line *out)
{
    if (*at >= end || strncmp(*at, "task ", 5) != 0)
        return false;
    char *line = *at;
    *at += strlen(line) + 1;
    char *rest = line + 5;
    for (int i = 0; i < TASK_FIELDS; i++) {
        const char *field = strsep(&rest, " ");
        out->fields[i] = field == NULL ? "" : field;
    }
    return true;
}

static void print_json_text(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < 0x20)
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

static void print_tags(const struct identity *id, const char *open, const char *between,
                       const char *close)
{
    struct tags tags = id->tags;
    char tag[TAG_MAX + 1];
    if (identity_advertised_tags(id, &tags, NULL) != ERR_OK)
        tags = id->tags;
    for (size_t i = 0; tags_at(&tags, i, tag); i++)
        printf("%s%s%s%s", i == 0 ? "" : between, open, tag, close);
}

static void print_json(const struct identity *id, struct bytes *answer)
{
    printf("{\"id\":\"%s\",\"manager\":", id->id);
    print_json_text(id->manager_url);
    printf(",\"control\":\"%s\",\"bulk\":\"%s\",\"tags\":[", id->control, id->bulk);
    print_tags(id, "\"", ",", "\"");
    printf("],\"isRunning\":%s", answer == NULL ? "false" : "true");
    if (answer != NULL) {
        struct view v = read_answer(answer);
        printf(",\"pid\":%s,\"version\":\"%s\",\"connection\":\"%s\",\"sinceMs\":%s,\"why\":",
               v.pid, v.version, v.connection, v.since_ms);
        print_json_text(v.why);
        printf(",\"processes\":%s,\"unsentBytes\":%s,\"tasks\":[", v.processes, v.unsent);
        struct task_line t;
        for (bool first = true; next_task(&v.tasks, v.end, &t); first = false)
            printf(
                "%s{\"id\":\"%s\",\"app\":\"%s\",\"state\":\"%s\",\"run\":\"%s\",\"isActive\":%s}",
                first ? "" : ",", t.fields[0], t.fields[1], t.fields[2], t.fields[3],
                strcmp(t.fields[4], "active") == 0 ? "true" : "false");
        putchar(']');
    }
    puts("}");
}

void status_print(const struct identity *id, struct bytes *answer, bool is_json)
{
    if (is_json) {
        print_json(id, answer);
        return;
    }
    printf("target      %s\ntags        ", id->id);
    print_tags(id, "", ", ", "");
    printf("\nmanager     %s\n", id->manager_url);
    if (answer == NULL) {
        puts("agent       not running");
        return;
    }
    struct view v = read_answer(answer);
    char since[TIME_TEXT_SIZE];
    clock_format(strtoll(v.since_ms, NULL, 10), since);
    printf("agent       %s, pid %s, processes of tasks: %s\nconnection  %s, %s, since %s%s%s\n",
           v.version, v.pid, v.processes, v.connection, id->control, since,
           *v.why == '\0' ? "" : ": ", v.why);
    if (strcmp(v.unsent, "0") != 0)
        printf("unsent      %s bytes of reports\n", v.unsent);
    struct task_line t;
    for (bool first = true; next_task(&v.tasks, v.end, &t); first = false)
        printf("%-11s %s  app %s  %s, commands %s%s\n", first ? "tasks" : "", t.fields[0],
               t.fields[1], t.fields[2], t.fields[3],
               strcmp(t.fields[4], "active") == 0 ? "  (active)" : "");
}
