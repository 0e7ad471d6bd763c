/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fs.h"
#include "hivecast/v1/task.pb-c.h"

PRINTF_LIKE(2, 3)
static void note(struct fake_host *f, const char *fmt, ...)
{
    if (f->calls_left == 0)
        _exit(0); /* as SIGKILL: nothing is flushed or freed */
    if (f->calls_left > 0)
        f->calls_left--;
    size_t used = strlen(f->log);
    va_list args;
    va_start(args, fmt);
    int length = vsnprintf(f->log + used, sizeof(f->log) - used, fmt, args);
    va_end(args);
    assert_in_range(length, 1, (int)(sizeof(f->log) - used) - 2);
    used += (size_t)length;
    snprintf(f->log + used, sizeof(f->log) - used, ";");
}

static enum err ask(struct fake_host *f, const char *what, const char *task_id, struct error *e)
{
    char call[96];
    snprintf(call, sizeof(call), "%s %s", what, task_id);
    note(f, "%s", call);
    if (f->failing != NULL && strcmp(f->failing, call) == 0)
        return error_set(e, ERR_IO, "%s was told to fail", call);
    assert_true(f->pending_count < 8);
    memcpy(f->pending[f->pending_count++], call, sizeof(call));
    return ERR_OK;
}

static void host_acknowledge(void *arg, const struct acknowledgement *a)
{
    struct fake_host *f = arg;
    if (a->state == TASK_SUCCEEDED)
        note(f, "%s=%s/%s", a->task_id, task_state_name(a->state), run_state_name(a->run_state));
    else if (a->code != ERR_OK)
        note(f, "%s=%s:%s", a->task_id, task_state_name(a->state), err_name(a->code));
    else
        note(f, "%s=%s", a->task_id, task_state_name(a->state));
}

static void host_event(void *arg, const char *task_id, bool is_error, const char *text)
{
    (void)arg;
    (void)task_id;
    (void)is_error;
    assert_true(strlen(text) > 0);
}

static enum err host_fetch(void *arg, const char *task_id, struct error *e)
{
    struct fake_host *f = arg;
    if (f->is_offline)
        return error_set(e, ERR_UNAVAILABLE, "offline");
    return ask(f, "fetch", task_id, e);
}

static enum err host_transfer(void *arg, const struct transfer_order *order, struct error *e)
{
    enum err err = ask(arg, "transfer", order->task->id, e);
    return err == ERR_OK ? fs_mkdirs(order->tree_path, 0755, e) : err;
}

static void drop_pending(struct fake_host *f, size_t i)
{
    f->pending_count--;
    memmove(f->pending[i], f->pending[i + 1], (f->pending_count - i) * sizeof(f->pending[0]));
}

static void host_cancel_transfer(void *arg, const char *task_id)
{
    struct fake_host *f = arg;
    char call[96];
    snprintf(call, sizeof(call), "transfer %s", task_id);
    note(f, "cancel-%s", call);
    for (size_t i = 0; i < f->pending_count; i++) {
        if (strcmp(f->pending[i], call) == 0)
            drop_pending(f, i);
    }
}

static enum err host_install(void *arg, const struct task *task, const char *tree, struct error *e)
{
    assert_int_equal(access(tree, X_OK), 0);
    return ask(arg, "install", task->id, e);
}

static void host_cancel_install(void *arg, const char *task_id)
{
    note(arg, "cancel-install %s", task_id);
}

static enum err host_run(void *arg, const struct task *task, const char *tree, struct error *e)
{
    struct fake_host *f = arg;
    assert_int_equal(access(tree, X_OK), 0);
    char call[96];
    snprintf(call, sizeof(call), "run %s", task->id);
    note(f, "%s", call);
    if (f->failing != NULL && strcmp(f->failing, call) == 0)
        return error_set(e, ERR_IO, "%s was told to fail", call);
    return ERR_OK;
}

static void host_stop_run(void *arg, const char *task_id)
{
    struct error e;
    assert_int_equal(ask(arg, "stop", task_id, &e), ERR_OK);
}

static void host_remove_tree(void *arg, const char *path)
{
    struct fake_host *f = arg;
    note(f, "remove %s", strrchr(path, '/') + 1);
    assert_int_equal(fs_remove(path, NULL), ERR_OK);
}

void fake_host_init(struct fake_host *f, const char *dir)
{
    *f = (struct fake_host){.has_run = true, .has_package = true, .calls_left = -1};
    f->ops = (struct task_host){host_acknowledge,
                                host_event,
                                host_fetch,
                                host_transfer,
                                host_cancel_transfer,
                                host_install,
                                host_cancel_install,
                                host_run,
                                host_stop_run,
                                host_remove_tree,
                                0,
                                f};
    snprintf(f->dir, sizeof(f->dir), "%s", dir == NULL ? "/tmp/hivecast-test-XXXXXX" : dir);
    if (dir == NULL)
        assert_non_null(mkdtemp(f->dir));
}

void fake_host_start(struct fake_host *f)
{
    struct error e = {0};
    if (task_processor_new(f->dir, &f->ops, &f->tasks, &e) != ERR_OK)
        fail_msg("%s", e.text);
    task_processor_boot(f->tasks);
}

void fake_host_stop(struct fake_host *f)
{
    task_processor_free(f->tasks);
    f->tasks = NULL;
    f->pending_count = 0;
    f->log[0] = '\0';
}

void fake_host_clear(struct fake_host *f)
{
    task_processor_free(f->tasks);
    assert_int_equal(fs_remove(f->dir, NULL), ERR_OK);
}

void fake_host_announce(struct fake_host *f, const char *task_id, const char *app, uint64_t version)
{
    struct announcement a = {.version = version, .has_package = f->has_package};
    snprintf(a.task_id, sizeof(a.task_id), "%s", task_id);
    snprintf(a.app, sizeof(a.app), "%s", app);
    a.package.content_size = 1000;
    task_processor_announce(f->tasks, &a);
}

/* Task ids of these tests are APP-VERSION. */
static void answer_fetch(struct fake_host *f, char *task_id)
{
    char app[64] = "";
    unsigned long long version = 0;
    assert_int_equal(sscanf(task_id, "%63[^-]-%llu", app, &version), 2);
    uint8_t digest[DIGEST_BYTES] = {7};
    char command[] = "make";
    char *commands[] = {command};
    Hivecast__V1__Package package = HIVECAST__V1__PACKAGE__INIT;
    package.digest = (ProtobufCBinaryData){sizeof(digest), digest};
    package.content_size = 1000;
    Hivecast__V1__Install install = HIVECAST__V1__INSTALL__INIT;
    install.commands = commands;
    install.n_commands = 1;
    Hivecast__V1__Run run = HIVECAST__V1__RUN__INIT;
    run.commands = commands;
    run.n_commands = f->has_run ? 1 : 0;
    Hivecast__V1__Task task = HIVECAST__V1__TASK__INIT;
    task.id = task_id;
    task.app = app;
    task.version = version;
    task.package = f->has_package ? &package : NULL;
    task.install = &install;
    task.run = &run;
    uint8_t inner[1024], outer[1100];
    Hivecast__V1__SignedTask signed_task = HIVECAST__V1__SIGNED_TASK__INIT;
    signed_task.task = (ProtobufCBinaryData){hivecast__v1__task__pack(&task, inner), inner};
    size_t size = hivecast__v1__signed_task__pack(&signed_task, outer);
    task_processor_fetched(f->tasks, task_id, NULL, outer, size);
}

bool fake_host_answer(struct fake_host *f)
{
    if (f->pending_count == 0)
        return false;
    char call[96];
    memcpy(call, f->pending[0], sizeof(call));
    drop_pending(f, 0);
    char *task_id = strchr(call, ' ');
    *task_id++ = '\0';
    if (strcmp(call, "fetch") == 0)
        answer_fetch(f, task_id);
    else if (strcmp(call, "transfer") == 0)
        task_processor_transferred(f->tasks, task_id, NULL);
    else if (strcmp(call, "install") == 0)
        task_processor_installed(f->tasks, task_id, NULL);
    else
        task_processor_run_ended(f->tasks, task_id);
    return true;
}

void fake_host_answer_all(struct fake_host *f)
{
    while (fake_host_answer(f))
        continue;
}

bool fake_host_saw(const struct fake_host *f, const char *entry)
{
    size_t length = strlen(entry);
    for (const char *at = f->log; *at != '\0'; at = strchr(at, ';') + 1) {
        if (strncmp(at, entry, length) == 0 && at[length] == ';')
            return true;
    }
    return false;
}

struct status_search {
    const char *task_id;
    struct task_status found;
};

static void match(void *arg, const struct task_status *s, const char *app, bool is_active)
{
    struct status_search *search = arg;
    (void)app;
    (void)is_active;
    if (strcmp(s->task_id, search->task_id) == 0)
        search->found = *s;
}

struct task_status fake_host_status(const struct fake_host *f, const char *task_id)
{
    struct status_search search = {.task_id = task_id};
    task_processor_each(f->tasks, match, &search);
    return search.found;
}
