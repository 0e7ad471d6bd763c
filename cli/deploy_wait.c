/* SPDX-License-Identifier: Apache-2.0 */
/* deploy_wait: see deploy_wait.h. */
#include "deploy_wait.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "event_stream.h"
#include "interrupt.h"
#include "print.h"
#include "task_view.h"

/* Without events one looks again after LOOK_MS; with them, not sooner than PAUSE_MS after the last
 * look, since ten thousand targets tell ten thousand times. */
enum { LOOK_MS = 2000, PAUSE_MS = 100, AWAY_MS = 500 };

struct watch {
    const struct deploy_wait *wait;
    struct client *client;
    struct event_stream *events; /* NULL while there are none */
    struct bytes path;           /* of the task */
    struct bytes shown;          /* last summary */
    size_t lines;                /* on the terminal, to be overwritten */
    int64_t deadline_ms;         /* -1: none */
    int64_t settled_ms;          /* since when nothing but a crash would change it; -1: it would */
};

static void erase(struct watch *w)
{
    if (w->lines > 0)
        printf("\033[%zuA\033[J", w->lines);
    w->lines = 0;
}

/* One line per state that has targets. */
static void draw(struct watch *w, const json_t *counts)
{
    erase(w);
    for (size_t i = 0; task_view_states[i] != NULL; i++) {
        json_int_t count = task_view_count(counts, task_view_states[i]);
        if (count == 0)
            continue;
        char text[64];
        snprintf(text, sizeof(text), "  %-13s", task_view_states[i]);
        print_state(stdout, task_view_states[i], text);
        printf(" %lld\n", (long long)count);
        w->lines++;
    }
    fflush(stdout);
}

static enum err show(struct watch *w, const json_t *counts, struct error *e)
{
    struct bytes summary = {0};
    enum err err = task_view_summary(counts, &summary, e);
    bool is_new = err == ERR_OK && (w->shown.data == NULL ||
                                    strcmp((char *)summary.data, (char *)w->shown.data) != 0);
    if (is_new && !w->wait->is_json && print_is_terminal(stdout))
        draw(w, counts);
    else if (is_new && !w->wait->is_json)
        printf("%s\n", (char *)summary.data);
    if (is_new && fflush(stdout) != 0)
        err = error_set(e, ERR_IO, "cannot write to standard output");
    bytes_clear(&w->shown);
    w->shown = summary;
    return err;
}

static bool is_about(const json_t *event, const char *task)
{
    const char *about = json_string_value(json_object_get(json_object_get(event, "data"), "task"));
    const char *topic = json_string_value(json_object_get(event, "topic"));
    return (about != NULL && strcmp(about, task) == 0) ||
           (topic != NULL && strcmp(topic, "gap") == 0);
}

/* A stream that cannot be had is no failure: one looks from time to time instead. */
static enum err open_events(struct watch *w, struct error *e)
{
    struct error why = {0};
    if (w->events != NULL)
        return ERR_OK;
    enum err err = event_stream_open(w->client, "/events?topics=taskUpdated", &w->events, &why);
    if (err != ERR_STOPPED && err != ERR_UNAUTHENTICATED)
        return ERR_OK;
    if (e != NULL)
        *e = why;
    return err;
}

/* Returns after timeout_ms, or with is_news when the task has changed before. */
static enum err next_news(struct watch *w, int64_t timeout_ms, bool *is_news, struct error *e)
{
    int64_t until_ms = clock_monotonic_ms() + timeout_ms;
    *is_news = false;
    while (!*is_news) {
        json_t *event = NULL;
        int64_t left_ms = until_ms - clock_monotonic_ms();
        enum err err = event_stream_next(w->events, left_ms > 0 ? left_ms : 0, &event, e);
        if (err != ERR_OK || event == NULL)
            return err;
        *is_news = is_about(event, w->wait->task);
        json_decref(event);
    }
    return ERR_OK;
}

/* Until the task has changed, or may have. */
static enum err wait_for_change(struct watch *w, int64_t timeout_ms, struct error *e)
{
    bool is_news = false;
    enum err err = open_events(w, e);
    if (err != ERR_OK)
        return err;
    if (w->events == NULL) {
        interrupt_pause((int)timeout_ms);
        return ERR_OK;
    }
    err = next_news(w, timeout_ms, &is_news, e);
    /* What follows at once belongs to the same look. */
    int64_t until_ms = clock_monotonic_ms() + PAUSE_MS;
    while (err == ERR_OK && is_news && clock_monotonic_ms() < until_ms)
        err = next_news(w, until_ms - clock_monotonic_ms(), &is_news, e);
    if (err == ERR_UNAVAILABLE || err == ERR_CORRUPT) {
        event_stream_close(w->events);
        w->events = NULL;
        return ERR_OK;
    }
    return err;
}

static enum err check_deadline(const struct watch *w, struct error *e)
{
    if (w->deadline_ms < 0 || clock_monotonic_ms() < w->deadline_ms)
        return ERR_OK;
    return error_set(e, ERR_TIMEOUT,
                     "not every target was done in %ld s: %s; the task goes on, "
                     "see 'hivecast tasks show %s'",
                     w->wait->timeout_s, (char *)w->shown.data, w->wait->task);
}

/* How long to wait for the next change; 0 when the task is over. */
static int64_t time_to_wait(struct watch *w, const json_t *counts)
{
    int64_t now_ms = clock_monotonic_ms();
    if (!task_view_is_settled(counts)) {
        w->settled_ms = -1;
        return LOOK_MS;
    }
    if (json_integer_value(json_object_get(json_object_get(counts, "runs"), "up")) == 0)
        return 0;
    if (w->settled_ms < 0)
        w->settled_ms = now_ms;
    int64_t left_ms = w->settled_ms + (int64_t)w->wait->settle_s * 1000 - now_ms;
    return left_ms < 0 ? 0 : left_ms < LOOK_MS ? left_ms : LOOK_MS;
}

/* GET, again and again while the manager is away: it comes back with everything it knew. */
static enum err look(struct watch *w, json_t **task, struct error *e)
{
    bool was_told = false;
    for (;;) {
        enum err err = client_call(w->client, "GET", (const char *)w->path.data, NULL, task, e);
        if (err == ERR_OK)
            err = show(w, json_object_get(*task, "counts"), e);
        if (err == ERR_UNAVAILABLE && w->shown.data != NULL)
            err = check_deadline(w, e);
        else
            return err;
        if (err != ERR_OK)
            return err;
        if (!was_told)
            fprintf(stderr, "hivecast: the manager is away, trying again\n");
        was_told = true;
        interrupt_pause(AWAY_MS);
    }
}

static enum err watch_task(struct watch *w, json_t **task, struct error *e)
{
    /* Events are there before the first look, so that no change is between. */
    enum err err = open_events(w, e);
    while (err == ERR_OK) {
        err = look(w, task, e);
        int64_t timeout_ms = err == ERR_OK ? time_to_wait(w, json_object_get(*task, "counts")) : 0;
        if (timeout_ms == 0)
            return err;
        err = check_deadline(w, e);
        if (err == ERR_OK)
            err = wait_for_change(w, timeout_ms, e);
        if (err == ERR_OK) {
            json_decref(*task);
            *task = NULL;
        }
    }
    return err;
}

static bool may_have_failures(const json_t *counts)
{
    const json_t *runs = json_object_get(counts, "runs");
    return task_view_count(counts, "failed") + task_view_count(counts, "rejected") +
               task_view_count(counts, "timed-out") +
               json_integer_value(json_object_get(runs, "exited")) +
               json_integer_value(json_object_get(runs, "backing-off")) >
           0;
}

static enum err make_result(struct watch *w, const json_t *task, json_t **result, struct error *e)
{
    struct bytes path = {0};
    json_t *rows = NULL;
    const json_t *counts = json_object_get(task, "counts");
    enum err err = client_path(&path, "/tasks/", w->wait->task, "/targets", e);
    if (err == ERR_OK && may_have_failures(counts))
        err = client_list(w->client, (const char *)path.data, 0, &rows, e);
    bytes_clear(&path);
    if (err != ERR_OK)
        return err;
    json_t *failures = task_view_failures(json_object_get(rows, "items"));
    *result = json_pack("{s:O, s:O, s:o, s:b}", "task", json_object_get(task, "id"), "counts",
                        json_object_get(task, "counts"), "failures", failures, "ok",
                        json_array_size(failures) == 0);
    json_decref(rows);
    return *result != NULL ? ERR_OK : error_set(e, ERR_NO_MEMORY, "no memory");
}

enum err deploy_wait(struct client *client, const struct deploy_wait *wait, json_t **result,
                     struct error *e)
{
    struct watch w = {.wait = wait, .client = client, .deadline_ms = -1, .settled_ms = -1};
    json_t *task = NULL;
    if (wait->timeout_s > 0)
        w.deadline_ms = clock_monotonic_ms() + (int64_t)wait->timeout_s * 1000;
    enum err err = client_path(&w.path, "/tasks/", wait->task, "", e);
    if (err == ERR_OK)
        err = watch_task(&w, &task, e);
    if (err == ERR_OK)
        err = make_result(&w, task, result, e);
    json_decref(task);
    event_stream_close(w.events);
    bytes_clear(&w.path);
    bytes_clear(&w.shown);
    return err;
}
