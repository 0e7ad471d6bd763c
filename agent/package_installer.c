/* SPDX-License-Identifier: Apache-2.0 */
#include "package_installer.h"

#include <stdio.h>
#include <string.h>

/* Of the output of a command that failed, as many lines are sent as errors. */
enum { TAIL_LINES = 20, COMMAND_SHOWN = 100 };

struct package_installer {
    struct loop *loop;
    struct process_table *processes;
    struct response_collector *collector;
    struct package_installer_order order;
    char *directory;
    char *app_data;
    size_t next; /* command; the one before it runs when process is not NULL */
    struct process *process;
    struct loop_timer timeout;
    struct loop_timer step; /* after 0 ms: callbacks come from the loop only */
    char *tail[TAIL_LINES]; /* a ring, the oldest at tail_count % TAIL_LINES */
    size_t tail_count;
    bool is_stopped;
    bool is_late;
};

static const char *current_command(const struct package_installer *i)
{
    return i->order.task->install_commands.items[i->next - 1];
}

static struct log_source source_of(const struct package_installer *i)
{
    return (struct log_source){
        .task_id = i->order.task->id,
        .stage = STAGE_INSTALL,
        .command = current_command(i),
        .is_debug = i->order.task->debug,
    };
}

/* The last lines of output */

static void tail_clear(struct package_installer *i)
{
    for (size_t n = 0; n < TAIL_LINES; n++) {
        free(i->tail[n]);
        i->tail[n] = NULL;
    }
    i->tail_count = 0;
}

static void tail_add(struct package_installer *i, const char *text)
{
    char **place = &i->tail[i->tail_count++ % TAIL_LINES];
    free(*place);
    *place = strdup(text);
}

/* With debug every line is sent anyway, errors always. */
static void tail_send(struct package_installer *i)
{
    struct log_source source = source_of(i);
    for (size_t n = 0; n < TAIL_LINES && !source.is_debug; n++) {
        const char *text = i->tail[(i->tail_count + n) % TAIL_LINES];
        if (text != NULL)
            response_collector_output(i->collector, &source, text, strlen(text), true);
    }
}

/* The end */

void package_installer_free(struct package_installer *i)
{
    if (i == NULL)
        return;
    process_kill(i->process);
    loop_timer_stop(&i->timeout);
    loop_timer_stop(&i->step);
    tail_clear(i);
    free(i->directory);
    free(i->app_data);
    free(i);
}

static void finish(struct package_installer *i, const struct error *failure)
{
    struct package_installer_order order = i->order;
    package_installer_free(i);
    order.done(order.arg, failure);
}

static void fail(struct package_installer *i, enum err code, const char *how)
{
    struct error e;
    const char *command = current_command(i);
    int shown = (int)strnlen(command, COMMAND_SHOWN);
    const char *more = strlen(command) > COMMAND_SHOWN ? "..." : "";
    error_set(&e, code, "install command %zu of %zu, '%.*s%s', %s", i->next,
              i->order.task->install_commands.count, shown, command, more, how);
    finish(i, &e);
}

/* Commands */

static void on_line(void *arg, const char *text, size_t size, bool is_error)
{
    struct package_installer *i = arg;
    struct log_source source = source_of(i);
    response_collector_output(i->collector, &source, text, size, is_error);
    if (!is_error)
        tail_add(i, text);
}

static void on_step(void *arg);

static void on_ended(void *arg, int exit_status)
{
    struct package_installer *i = arg;
    i->process = NULL;
    loop_timer_stop(&i->timeout);
    struct log_source source = source_of(i);
    bool is_good = exit_status == 0 && !i->is_stopped && !i->is_late;
    if (!is_good)
        tail_send(i);
    response_collector_event(i->collector, &source, !is_good, "exited with status %d", exit_status);
    char how[64];
    snprintf(how, sizeof(how), "exited with status %d", exit_status);
    if (i->is_stopped)
        fail(i, ERR_STOPPED, "was stopped");
    else if (i->is_late)
        fail(i, ERR_TIMEOUT, "took too long");
    else if (!is_good)
        fail(i, ERR_COMMAND_FAILED, how);
    else
        loop_timer_start(i->loop, &i->step, 0, on_step, i);
}

static void on_timeout(void *arg)
{
    struct package_installer *i = arg;
    i->is_late = true;
    process_stop(i->process, i->order.grace_ms > 0 ? i->order.grace_ms : -1);
}

static void start_command(struct package_installer *i)
{
    static const struct process_events events = {.line = on_line, .ended = on_ended};
    const struct process_place place = {
        .directory = i->directory,
        .task_id = i->order.task->id,
        .app = i->order.task->app,
        .app_data = i->app_data,
    };
    i->next++;
    tail_clear(i);
    struct log_source source = source_of(i);
    struct error e;
    enum err err = process_start(i->processes, source.command, &place, &events, i, &i->process, &e);
    if (err != ERR_OK) {
        response_collector_event(i->collector, &source, true, "not started: %s", e.text);
        error_wrap(&e, err, "install command %zu of %zu", i->next,
                   i->order.task->install_commands.count);
        finish(i, &e);
        return;
    }
    response_collector_event(i->collector, &source, false, "started");
    if (i->order.timeout_ms > 0)
        loop_timer_start(i->loop, &i->timeout, i->order.timeout_ms, on_timeout, i);
}

static void on_step(void *arg)
{
    struct package_installer *i = arg;
    if (i->is_stopped) {
        struct error e;
        error_set(&e, ERR_STOPPED, "the installation was stopped");
        finish(i, &e);
    } else if (i->next == i->order.task->install_commands.count) {
        finish(i, NULL);
    } else {
        start_command(i);
    }
}

enum err package_installer_start(struct loop *loop, struct process_table *processes,
                                 struct response_collector *collector,
                                 const struct package_installer_order *order,
                                 struct package_installer **out, struct error *e)
{
    struct package_installer *i = calloc(1, sizeof(*i));
    if (i == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for an installation");
    i->loop = loop;
    i->processes = processes;
    i->collector = collector;
    i->order = *order;
    i->directory = strdup(order->directory);
    i->app_data = strdup(order->app_data);
    if (i->directory == NULL || i->app_data == NULL) {
        package_installer_free(i);
        return error_set(e, ERR_NO_MEMORY, "no memory for an installation");
    }
    loop_timer_start(loop, &i->step, 0, on_step, i);
    *out = i;
    return ERR_OK;
}

void package_installer_stop(struct package_installer *i)
{
    i->is_stopped = true;
    if (i->process != NULL)
        process_stop(i->process, i->order.grace_ms > 0 ? i->order.grace_ms : -1);
}
