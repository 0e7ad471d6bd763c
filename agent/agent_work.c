/* SPDX-License-Identifier: Apache-2.0 */
/* agent_work: does what task_processor decides: fetches, transfers, installs, runs and removes,
 * each with the part that knows how. Thread: the loop's. */
#include <stdio.h>
#include <string.h>

#include "agent_parts.h"
#include "fs.h"
#include "layout.h"
#include "log.h"

enum { FETCH_TIMEOUT_MS = 30 * 1000 };

static struct unit *unit_new(struct agent *a, const char *task_id, struct error *e)
{
    struct unit *u = calloc(1, sizeof(*u));
    if (u == NULL) {
        error_set(e, ERR_NO_MEMORY, "no memory");
        return NULL;
    }
    u->agent = a;
    snprintf(u->task_id, sizeof(u->task_id), "%s", task_id);
    u->next = a->units;
    a->units = u;
    return u;
}

static void unit_end(struct unit *u)
{
    struct unit **place = &u->agent->units;
    while (*place != u)
        place = &(*place)->next;
    *place = u->next;
    free(u->tree_path);
    free(u);
}

static struct unit *find_unit(const struct agent *a, const char *task_id)
{
    for (struct unit *u = a->units; u != NULL; u = u->next) {
        if (strcmp(u->task_id, task_id) == 0)
            return u;
    }
    return NULL;
}

static void work_acknowledge(void *arg, const struct acknowledgement *a)
{
    const struct agent *agent = arg;
    response_collector_acknowledge(agent->collector, a);
}

static void work_event(void *arg, const char *task_id, bool is_error, const char *text)
{
    const struct agent *a = arg;
    struct log_source source = {.task_id = task_id, .stage = STAGE_AGENT, .command = ""};
    response_collector_event(a->collector, &source, is_error, "%s", text);
}

static void fetched(void *arg, const struct error *failure, const ProtobufCMessage *body)
{
    struct unit *u = arg;
    struct agent *a = u->agent;
    char task_id[TASK_ID_SIZE];
    memcpy(task_id, u->task_id, sizeof(task_id));
    unit_end(u);
    const Hivecast__V1__FetchTaskResponse *response = (const Hivecast__V1__FetchTaskResponse *)body;
    struct error e;
    if (failure == NULL && response->signed_task == NULL) {
        error_set(&e, ERR_CORRUPT, "the manager answers without the task");
        failure = &e;
    }
    if (failure != NULL) {
        task_processor_fetched(a->tasks, task_id, failure, NULL, 0);
        return;
    }
    size_t size = protobuf_c_message_get_packed_size(&response->signed_task->base);
    AUTO_FREE uint8_t *data = malloc(size);
    if (data == NULL) {
        error_set(&e, ERR_NO_MEMORY, "no memory for the task");
        task_processor_fetched(a->tasks, task_id, &e, NULL, 0);
        return;
    }
    protobuf_c_message_pack(&response->signed_task->base, data);
    task_processor_fetched(a->tasks, task_id, NULL, data, size);
}

static enum err work_fetch_task(void *arg, const char *task_id, struct error *e)
{
    struct agent *a = arg;
    struct unit *u = unit_new(a, task_id, e);
    if (u == NULL)
        return ERR_NO_MEMORY;
    Hivecast__V1__FetchTaskRequest request = HIVECAST__V1__FETCH_TASK_REQUEST__INIT;
    request.task_id = u->task_id;
    enum err err = transport_client_call(a->transport, "FetchTask", &request.base, FETCH_TIMEOUT_MS,
                                         fetched, u, e);
    if (err != ERR_OK)
        unit_end(u);
    return err;
}

static void transfer_moved(void *arg, const struct transfer_progress *progress)
{
    const struct unit *u = arg;
    task_processor_progress(u->agent->tasks, u->task_id, progress->content_done);
}

static void transferred(void *arg, const struct error *failure)
{
    struct unit *u = arg;
    struct agent *a = u->agent;
    char task_id[TASK_ID_SIZE];
    memcpy(task_id, u->task_id, sizeof(task_id));
    unit_end(u);
    task_processor_transferred(a->tasks, task_id, failure);
}

static enum err work_transfer(void *arg, const struct transfer_order *order, struct error *e)
{
    struct agent *a = arg;
    struct unit *u = unit_new(a, order->task->id, e);
    if (u == NULL)
        return ERR_NO_MEMORY;
    struct transfer_request r = {
        .task_id = u->task_id,
        .package = order->task->package,
        .manifest_path = order->manifest_path,
        .tree_path = order->tree_path,
        .progress = transfer_moved,
        .done = transferred,
        .arg = u,
    };
    if (order->old_task != NULL) {
        r.old_manifest_path = order->old_manifest_path;
        r.old_tree_path = order->old_tree_path;
        r.old_package = order->old_task->package;
    }
    enum err err = transfer_add(a->transfer, &r, e);
    if (err != ERR_OK)
        unit_end(u);
    return err;
}

static void work_cancel_transfer(void *arg, const char *task_id)
{
    struct agent *a = arg;
    transfer_cancel(a->transfer, task_id);
    struct unit *u = find_unit(a, task_id);
    if (u != NULL)
        unit_end(u);
}

/* Ends u. What an ending agent broke off is no failure: it goes on with the next run. */
static void installed(struct unit *u, const struct error *failure)
{
    struct agent *a = u->agent;
    char task_id[TASK_ID_SIZE];
    memcpy(task_id, u->task_id, sizeof(task_id));
    unit_end(u);
    if (a->is_ending)
        agent_check_end(a);
    else
        task_processor_installed(a->tasks, task_id, failure);
}

static void synced(void *arg, int exit_status)
{
    struct unit *u = arg;
    u->sync = NULL;
    struct error e;
    if (exit_status != 0)
        error_set(&e, ERR_IO, "the release could not be written to disk (status %d)", exit_status);
    installed(u, exit_status == 0 ? NULL : &e);
}

static const struct process_events sync_events = {.line = agent_children_log, .ended = synced};

/* Puts the release on disk for good, in a child where there is something to wait for. True when the
 * child will tell. */
static bool sync_release(struct unit *u, struct error *e, enum err *err)
{
    if (!layout_is_empty(u->tree_path)) {
        *err = agent_children_start(u->agent, "internal-sync", u->tree_path, &sync_events, u,
                                    &u->sync, e);
        return *err == ERR_OK;
    }
    AUTO_FREE char *parent = NULL;
    *err = fs_join(u->tree_path, "..", &parent, e);
    if (*err == ERR_OK)
        *err = fs_sync_dir(parent, e);
    return false;
}

static void commands_done(void *arg, const struct error *failure)
{
    struct unit *u = arg;
    u->installer = NULL;
    struct error e;
    if (failure == NULL && !u->agent->is_ending) {
        enum err err;
        if (sync_release(u, &e, &err))
            return;
        failure = err == ERR_OK ? NULL : &e;
    }
    installed(u, failure);
}

static enum err work_install(void *arg, const struct task *task, const char *tree_path,
                             struct error *e)
{
    struct agent *a = arg;
    struct unit *u = unit_new(a, task->id, e);
    if (u == NULL)
        return ERR_NO_MEMORY;
    AUTO_FREE char *app_data = NULL;
    enum err err = layout_app(a->config->data_dir, task->app, "data", &app_data, e);
    u->tree_path = strdup(tree_path);
    if (err == ERR_OK && u->tree_path == NULL)
        err = error_set(e, ERR_NO_MEMORY, "no memory");
    if (err == ERR_OK && task->install_commands.count == 0) {
        err = agent_children_start(a, "internal-sync", tree_path, &sync_events, u, &u->sync, e);
    } else if (err == ERR_OK) {
        struct package_installer_order order = {
            .task = task,
            .directory = tree_path,
            .app_data = app_data,
            .grace_ms = a->config->grace_ms,
            .done = commands_done,
            .arg = u,
        };
        err =
            package_installer_start(a->loop, a->processes, a->collector, &order, &u->installer, e);
    }
    if (err != ERR_OK)
        unit_end(u);
    return err;
}

static void work_cancel_install(void *arg, const char *task_id)
{
    const struct agent *a = arg;
    const struct unit *u = find_unit(a, task_id);
    if (u != NULL && u->installer != NULL)
        package_installer_stop(u->installer);
}

static void run_changed(void *arg, enum run_state state, int32_t exit_status)
{
    const struct unit *u = arg;
    task_processor_run_changed(u->agent->tasks, u->task_id, state, exit_status);
}

static void run_stopped(void *arg)
{
    struct unit *u = arg;
    struct agent *a = u->agent;
    char task_id[TASK_ID_SIZE];
    memcpy(task_id, u->task_id, sizeof(task_id));
    unit_end(u);
    task_processor_run_ended(a->tasks, task_id);
    if (a->is_ending)
        agent_check_end(a);
}

static enum err work_run(void *arg, const struct task *task, const char *tree_path, struct error *e)
{
    struct agent *a = arg;
    struct unit *u = unit_new(a, task->id, e);
    if (u == NULL)
        return ERR_NO_MEMORY;
    AUTO_FREE char *app_data = NULL;
    enum err err = layout_app(a->config->data_dir, task->app, "data", &app_data, e);
    struct package_runner_order order = {
        .task = task,
        .directory = tree_path,
        .app_data = app_data,
        .timing = {.grace_ms = a->config->grace_ms},
        .changed = run_changed,
        .stopped = run_stopped,
        .arg = u,
    };
    if (err == ERR_OK)
        err = package_runner_start(a->loop, a->processes, a->collector, &order, &u->runner, e);
    if (err != ERR_OK)
        unit_end(u);
    return err;
}

static void work_stop_run(void *arg, const char *task_id)
{
    const struct agent *a = arg;
    const struct unit *u = find_unit(a, task_id);
    if (u != NULL && u->runner != NULL)
        package_runner_stop(u->runner);
}

const struct task_host agent_work_host = {
    .acknowledge = work_acknowledge,
    .event = work_event,
    .fetch_task = work_fetch_task,
    .transfer = work_transfer,
    .cancel_transfer = work_cancel_transfer,
    .install = work_install,
    .cancel_install = work_cancel_install,
    .run = work_run,
    .stop_run = work_stop_run,
    .remove_tree = agent_children_remove,
};

bool agent_work_is_done(const struct agent *a)
{
    for (const struct unit *u = a->units; u != NULL; u = u->next) {
        if (u->installer != NULL || u->runner != NULL || u->sync != NULL)
            return false;
    }
    return true;
}

void agent_work_stop(struct agent *a)
{
    for (const struct unit *u = a->units; u != NULL; u = u->next) {
        if (u->installer != NULL)
            package_installer_stop(u->installer);
        if (u->runner != NULL)
            package_runner_stop(u->runner);
    }
}

void agent_work_free(struct agent *a)
{
    while (a->units != NULL) {
        struct unit *u = a->units;
        package_installer_free(u->installer);
        package_runner_free(u->runner);
        process_kill(u->sync);
        unit_end(u);
    }
}
