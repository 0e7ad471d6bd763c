/* SPDX-License-Identifier: Apache-2.0 */
/* task_view: see task_view.h. */
#include "task_view.h"

#include <string.h>

#include "print.h"

enum { TARGETS_SHOWN = 5 };

const char *const task_view_states[] = {
    "succeeded",  "failed",   "rejected",     "timed-out", "stopped",   "activating", "installing",
    "collecting", "building", "transferring", "accepted",  "announced", "pending",    NULL};

static const char *const final_states[] = {"succeeded", "failed", "rejected", "timed-out",
                                           "stopped"};
static const char *const settled_runs[] = {"none", "up", "exited", "backing-off", "stopped"};

json_int_t task_view_count(const json_t *counts, const char *state)
{
    return json_integer_value(json_object_get(json_object_get(counts, "states"), state));
}

enum err task_view_summary(const json_t *counts, struct bytes *out, struct error *e)
{
    char text[80];
    int length = snprintf(text, sizeof(text), "%lld of %lld succeeded",
                          (long long)task_view_count(counts, "succeeded"),
                          (long long)json_integer_value(json_object_get(counts, "total")));
    enum err err = bytes_append(out, text, (size_t)length, e);
    for (size_t i = 1; err == ERR_OK && task_view_states[i] != NULL; i++) {
        json_int_t count = task_view_count(counts, task_view_states[i]);
        if (count == 0)
            continue;
        length = snprintf(text, sizeof(text), ", %lld %s", (long long)count, task_view_states[i]);
        err = bytes_append(out, text, (size_t)length, e);
    }
    return err;
}

bool task_view_is_settled(const json_t *counts)
{
    json_int_t final = 0;
    json_int_t settled = 0;
    for (size_t i = 0; i < sizeof(final_states) / sizeof(final_states[0]); i++)
        final += task_view_count(counts, final_states[i]);
    const json_t *runs = json_object_get(counts, "runs");
    for (size_t i = 0; i < sizeof(settled_runs) / sizeof(settled_runs[0]); i++)
        settled += json_integer_value(json_object_get(runs, settled_runs[i]));
    return final == json_integer_value(json_object_get(counts, "total")) &&
           settled >= task_view_count(counts, "succeeded");
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

/* Why this row is a failure, into message; false when it is none. */
static bool row_failure(const json_t *row, const char **state, char *message, size_t size)
{
    const char *run = text_of(row, "runState");
    long long status = (long long)json_integer_value(json_object_get(row, "exitStatus"));
    *state = text_of(row, "state");
    if (strcmp(*state, "failed") == 0 || strcmp(*state, "rejected") == 0 ||
        strcmp(*state, "timed-out") == 0) {
        const char *text = text_of(row, "message");
        snprintf(message, size, "%s", *text != '\0' ? text : text_of(row, "code"));
        return true;
    }
    if (strcmp(*state, "succeeded") != 0)
        return false;
    *state = run;
    if (strcmp(run, "exited") == 0 && status != 0) {
        snprintf(message, size, "a run command exited with status %lld", status);
        return true;
    }
    snprintf(message, size, "a run command ends again and again");
    return strcmp(run, "backing-off") == 0;
}

static json_t *find_group(const json_t *groups, const char *state, const char *code,
                          const char *message)
{
    size_t i = 0;
    json_t *group = NULL;
    json_array_foreach(groups, i, group)
    {
        if (strcmp(text_of(group, "message"), message) == 0 &&
            strcmp(text_of(group, "state"), state) == 0 &&
            strcmp(text_of(group, "code"), code) == 0)
            return group;
    }
    return NULL;
}

static size_t group_size(const json_t *group)
{
    return json_array_size(json_object_get(group, "targets"));
}

/* Insertion sort; there are few different errors. */
static json_t *most_frequent_first(json_t *take_groups)
{
    json_t *sorted = json_array();
    size_t i = 0;
    json_t *group = NULL;
    json_array_foreach(take_groups, i, group)
    {
        size_t place = 0;
        while (place < json_array_size(sorted) &&
               group_size(json_array_get(sorted, place)) >= group_size(group))
            place++;
        if (json_array_insert(sorted, place, group) != 0)
            break;
    }
    json_decref(take_groups);
    return sorted;
}

json_t *task_view_failures(const json_t *rows)
{
    json_t *groups = json_array();
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach(rows, i, row)
    {
        char message[512];
        const char *state = NULL;
        if (!row_failure(row, &state, message, sizeof(message)))
            continue;
        json_t *group = find_group(groups, state, text_of(row, "code"), message);
        if (group == NULL) {
            group = json_pack("{s:s, s:s, s:s, s:[]}", "state", state, "code", text_of(row, "code"),
                              "message", message, "targets");
            if (group == NULL || json_array_append_new(groups, group) != 0)
                continue;
        }
        json_array_append(json_object_get(group, "targets"), json_object_get(row, "target"));
    }
    return most_frequent_first(groups);
}

void task_view_print_failures(FILE *f, const json_t *failures)
{
    size_t i = 0;
    json_t *group = NULL;
    json_array_foreach(failures, i, group)
    {
        const json_t *targets = json_object_get(group, "targets");
        size_t count = json_array_size(targets);
        const char *state = text_of(group, "state");
        bool is_run = strcmp(state, "exited") == 0 || strcmp(state, "backing-off") == 0;
        print_state(f, is_run ? "failed" : state, is_run ? "run failed" : state);
        fprintf(f, " on %zu target%s: ", count, count == 1 ? "" : "s");
        print_text(f, text_of(group, "message"));
        fputs(" (", f);
        for (size_t k = 0; k < count && k < TARGETS_SHOWN; k++) {
            const char *name = json_string_value(json_array_get(targets, k));
            fprintf(f, "%s%s", k > 0 ? ", " : "", name != NULL ? name : "?");
        }
        fputs(count > TARGETS_SHOWN ? ", ...)\n" : ")\n", f);
    }
}
