/* SPDX-License-Identifier: Apache-2.0 */
/* Each command for itself:
 *   up -> exited                                       without auto restart
 *   up -> backing-off -> starting -> up | backing-off  with it */
#include "package_runner.h"

#include <string.h>

enum { BACKOFF_FIRST_MS = 1000, BACKOFF_MAX_MS = 60000, STEADY_MS = 10000 };

struct run_command {
    struct package_runner *runner;
    const char *command;
    enum run_state state;
    struct process *process; /* NULL while it does not run */
    struct loop_timer timer; /* until the restart, or until it is steady */
    int64_t started_ms;
    int64_t backoff_ms; /* before the next restart */
};

struct package_runner {
    struct loop *loop;
    struct process_table *processes;
    struct response_collector *collector;
    struct package_runner_order order;
    char *directory;
    char *app_data;
    struct run_command *commands;
    size_t count;
    enum run_state state; /* as told last */
    int32_t exit_status;
    struct loop_timer stop_timer; /* after 0 ms: callbacks come from the loop only */
    bool is_stopping;
};

static struct log_source source_of(const struct run_command *c)
{
    return (struct log_source){
        .task_id = c->runner->order.task->id,
        .stage = STAGE_RUN,
        .command = c->command,
        .is_debug = c->runner->order.task->debug,
    };
}

static int64_t or_default(int64_t value, int64_t fallback)
{
    return value > 0 ? value : fallback;
}

/* State of all */

static enum run_state worst_state(const struct package_runner *r)
{
    static const enum run_state order[] = {RUN_BACKING_OFF, RUN_STARTING, RUN_EXITED, RUN_UP};
    for (size_t s = 0; s < sizeof(order) / sizeof(order[0]); s++) {
        for (size_t i = 0; i < r->count; i++) {
            if (r->commands[i].state == order[s])
                return order[s];
        }
    }
    return RUN_NONE;
}

/* The owner may free the runner in the call: nothing may follow this. */
static void tell(struct package_runner *r, bool has_news)
{
    enum run_state state = worst_state(r);
    if (r->is_stopping || (state == r->state && !has_news))
        return;
    r->state = state;
    r->order.changed(r->order.arg, state, r->exit_status);
}

/* Stopping */

static bool is_any_running(const struct package_runner *r)
{
    for (size_t i = 0; i < r->count; i++) {
        if (r->commands[i].process != NULL)
            return true;
    }
    return false;
}

static void finish_stop(struct package_runner *r)
{
    struct package_runner_order order = r->order;
    package_runner_free(r);
    order.stopped(order.arg);
}

static void on_stop(void *arg)
{
    struct package_runner *r = arg;
    if (!is_any_running(r))
        finish_stop(r);
}

void package_runner_stop(struct package_runner *r)
{
    if (r->is_stopping)
        return;
    r->is_stopping = true;
    r->state = RUN_STOPPED;
    for (size_t i = 0; i < r->count; i++) {
        struct run_command *c = &r->commands[i];
        loop_timer_stop(&c->timer);
        if (c->process != NULL)
            process_stop(c->process, or_default(r->order.timing.grace_ms, -1));
    }
    loop_timer_start(r->loop, &r->stop_timer, 0, on_stop, r);
}

void package_runner_free(struct package_runner *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->count; i++) {
        loop_timer_stop(&r->commands[i].timer);
        process_kill(r->commands[i].process);
    }
    loop_timer_stop(&r->stop_timer);
    free(r->commands);
    free(r->directory);
    free(r->app_data);
    free(r);
}

/* One command */

static enum err start_command(struct run_command *c, struct error *e);

static void on_steady(void *arg)
{
    struct run_command *c = arg;
    c->state = RUN_UP;
    tell(c->runner, false);
}

static void back_off(struct run_command *c);

static void on_restart(void *arg)
{
    struct run_command *c = arg;
    struct package_runner *r = c->runner;
    struct error e;
    if (start_command(c, &e) == ERR_OK) {
        c->state = RUN_STARTING;
        loop_timer_start(r->loop, &c->timer, or_default(r->order.timing.steady_ms, STEADY_MS),
                         on_steady, c);
    } else {
        struct log_source source = source_of(c);
        response_collector_event(r->collector, &source, true, "not started: %s", e.text);
        back_off(c);
    }
    tell(r, false);
}

static void back_off(struct run_command *c)
{
    struct package_runner *r = c->runner;
    const struct package_runner_timing *timing = &r->order.timing;
    int64_t max_ms = or_default(timing->backoff_max_ms, BACKOFF_MAX_MS);
    int64_t up_ms = loop_now_ms(r->loop) - c->started_ms;
    if (c->backoff_ms == 0 || up_ms >= or_default(timing->steady_ms, STEADY_MS))
        c->backoff_ms = or_default(timing->backoff_first_ms, BACKOFF_FIRST_MS);
    struct log_source source = source_of(c);
    response_collector_event(r->collector, &source, false, "restarts in %lld ms",
                             (long long)c->backoff_ms);
    c->state = RUN_BACKING_OFF;
    loop_timer_start(r->loop, &c->timer, c->backoff_ms, on_restart, c);
    c->backoff_ms = 2 * c->backoff_ms < max_ms ? 2 * c->backoff_ms : max_ms;
}

static void on_line(void *arg, const char *text, size_t size, bool is_error)
{
    const struct run_command *c = arg;
    struct log_source source = source_of(c);
    response_collector_output(c->runner->collector, &source, text, size, is_error);
}

static void on_ended(void *arg, int exit_status)
{
    struct run_command *c = arg;
    struct package_runner *r = c->runner;
    c->process = NULL;
    loop_timer_stop(&c->timer);
    struct log_source source = source_of(c);
    response_collector_event(r->collector, &source, exit_status != 0 && !r->is_stopping,
                             "exited with status %d", exit_status);
    if (r->is_stopping) {
        if (!is_any_running(r))
            finish_stop(r);
        return;
    }
    r->exit_status = exit_status;
    if (r->order.task->auto_restart)
        back_off(c);
    else
        c->state = RUN_EXITED;
    tell(r, c->state == RUN_EXITED);
}

static enum err start_command(struct run_command *c, struct error *e)
{
    static const struct process_events events = {.line = on_line, .ended = on_ended};
    struct package_runner *r = c->runner;
    const struct process_place place = {
        .directory = r->directory,
        .task_id = r->order.task->id,
        .app = r->order.task->app,
        .app_data = r->app_data,
    };
    c->started_ms = loop_now_ms(r->loop);
    enum err err = process_start(r->processes, c->command, &place, &events, c, &c->process, e);
    if (err != ERR_OK)
        return err;
    struct log_source source = source_of(c);
    response_collector_event(r->collector, &source, false, "started");
    return ERR_OK;
}

static enum err start_all(struct package_runner *r, struct error *e)
{
    const struct strlist *commands = &r->order.task->run_commands;
    for (; r->count < commands->count; r->count++) {
        struct run_command *c = &r->commands[r->count];
        *c = (struct run_command){
            .runner = r, .command = commands->items[r->count], .state = RUN_UP};
        enum err err = start_command(c, e);
        if (err != ERR_OK)
            return error_wrap(e, err, "run command %zu of %zu", r->count + 1, commands->count);
    }
    return ERR_OK;
}

enum err package_runner_start(struct loop *loop, struct process_table *processes,
                              struct response_collector *collector,
                              const struct package_runner_order *order, struct package_runner **out,
                              struct error *e)
{
    struct package_runner *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory to run a task");
    r->loop = loop;
    r->processes = processes;
    r->collector = collector;
    r->order = *order;
    r->directory = strdup(order->directory);
    r->app_data = strdup(order->app_data);
    r->commands = calloc(order->task->run_commands.count + 1, sizeof(*r->commands));
    enum err err = ERR_OK;
    if (r->directory == NULL || r->app_data == NULL || r->commands == NULL)
        err = error_set(e, ERR_NO_MEMORY, "no memory to run a task");
    else
        err = start_all(r, e);
    if (err != ERR_OK) {
        package_runner_free(r);
        return err;
    }
    r->state = worst_state(r);
    *out = r;
    return ERR_OK;
}

enum run_state package_runner_state(const struct package_runner *r, int32_t *exit_status)
{
    if (exit_status != NULL)
        *exit_status = r->exit_status;
    return r->state;
}
