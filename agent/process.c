/* SPDX-License-Identifier: Apache-2.0 */
/* Life of a process: running; ended (the shell is reaped) while others of its group are asked to
 * end; gone (the group is empty). The agent is the subreaper of its descendants, so each of their
 * deaths is told by SIGCHLD and no zombie is left, whatever init is there.
 * A whole group ends with its shell: what a command left in the background has no owner. */
#include "process.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>

#include "log.h"
#include "process_spawn.h"
#include "process_stream.h"
#include "process_sweep.h"

enum {
    SWEEP_DELAY_MS = 1000,
    KILL_AGAIN_MS = 1000,
};

struct process {
    struct process_table *table;
    struct process *next;
    pid_t pid;
    char id[PROCESS_ID_SIZE];
    const struct process_events *events;
    void *arg;
    struct process_stream output;
    struct process_stream errors;
    struct loop_timer grace;
    int exit_status;
    bool has_ended;    /* the shell is reaped */
    bool is_stopping;  /* its group was sent SIGTERM */
    bool was_asked;    /* by process_stop */
    bool was_reminded; /* its group was asked again after the end of the shell */
    bool was_killed;   /* its group was sent SIGKILL */
    bool wants_review; /* something changed since it was last looked at */
};

struct process_table {
    struct loop *loop;
    struct loop_signal child_signal;
    struct loop_timer sweep_timer;
    int sweep_signal;
    struct process *processes;
    char agent[PROCESS_MARK_SIZE];
    char target_id[ID_SIZE];
    bool is_paused;
};

void process_table_pause_output(struct process_table *t, bool is_paused)
{
    t->is_paused = is_paused;
    for (struct process *p = t->processes; p != NULL; p = p->next) {
        process_stream_pause(&p->output, is_paused);
        process_stream_pause(&p->errors, is_paused);
    }
}

/* The end of a process */

static void unlink_process(struct process *p)
{
    struct process **place = &p->table->processes;
    while (*place != p)
        place = &(*place)->next;
    *place = p->next;
}

static void process_free(struct process *p)
{
    unlink_process(p);
    loop_timer_stop(&p->grace);
    process_stream_close(&p->output);
    process_stream_close(&p->errors);
    free(p);
}

static bool group_is_empty(const struct process *p)
{
    return kill(-p->pid, 0) != 0 && errno == ESRCH;
}

static bool has_id(void *arg, const char *process_id)
{
    return strcmp(process_id, arg) == 0;
}

static bool is_unowned(void *arg, const char *process_id)
{
    const struct process_table *t = arg;
    for (const struct process *p = t->processes; p != NULL; p = p->next) {
        if (strcmp(p->id, process_id) == 0)
            return false;
    }
    return true;
}

static bool has_children(void)
{
    siginfo_t info;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static void on_sweep(void *arg)
{
    struct process_table *t = arg;
    size_t found = has_children() ? process_sweep(t->agent, t->sweep_signal, is_unowned, t) : 0;
    if (found == 0) {
        t->sweep_signal = SIGTERM;
        return;
    }
    log_info("%zu processes outlived the command that started them: signal %d", found,
             t->sweep_signal);
    t->sweep_signal = SIGKILL;
    loop_timer_start(t->loop, &t->sweep_timer, PROCESS_GRACE_MS, on_sweep, t);
}

/* Descendants may have left the group. Who was stopped must be gone now; after an end of its own
 * accord one later scan for all is enough. */
static void sweep_after(struct process *p)
{
    struct process_table *t = p->table;
    if (p->was_asked) {
        if (has_children())
            process_sweep_kill(t->agent, has_id, p->id);
    } else if (!loop_timer_is_started(&t->sweep_timer)) {
        loop_timer_start(t->loop, &t->sweep_timer, SWEEP_DELAY_MS, on_sweep, t);
    }
}

static void finish(struct process *p)
{
    sweep_after(p);
    process_stream_drain(&p->output);
    process_stream_drain(&p->errors);
    const struct process_events *events = p->events;
    void *arg = p->arg;
    int exit_status = p->exit_status;
    process_free(p);
    if (events->ended != NULL)
        events->ended(arg, exit_status);
}

/* After SIGKILL a group is empty within moments. A member that stays is a zombie whose own parent
 * left the group and does not reap: that is nothing to wait for. */
static void on_grace(void *arg)
{
    struct process *p = arg;
    if (p->was_killed && p->has_ended) {
        finish(p);
        return;
    }
    p->was_killed = true;
    kill(-p->pid, SIGKILL);
    loop_timer_start(p->table->loop, &p->grace, KILL_AGAIN_MS, on_grace, p);
}

static void group_ask(const struct process *p)
{
    kill(-p->pid, SIGTERM);
    kill(-p->pid, SIGCONT); /* a stopped process would not see it */
}

static void group_terminate(struct process *p, int64_t grace_ms)
{
    p->is_stopping = true;
    group_ask(p);
    loop_timer_start(p->table->loop, &p->grace, grace_ms, on_grace, p);
}

/* A child that a shell was just forking may have taken the first request for its parent's trap, so
 * whoever is left behind by the shell is asked again. */
static void review(struct process *p)
{
    if (!p->has_ended)
        return;
    if (group_is_empty(p)) {
        finish(p);
        return;
    }
    if (!p->is_stopping)
        group_terminate(p, PROCESS_GRACE_MS);
    else if (!p->was_reminded)
        group_ask(p);
    p->was_reminded = true;
}

void process_stop(struct process *p, int64_t grace_ms)
{
    if (grace_ms < 0)
        grace_ms = PROCESS_GRACE_MS;
    p->was_asked = true;
    if (p->was_killed)
        return;
    bool is_sooner = p->is_stopping && p->grace.due_ms > loop_now_ms(p->table->loop) + grace_ms;
    if (!p->is_stopping || is_sooner)
        group_terminate(p, grace_ms);
}

void process_kill(struct process *p)
{
    if (p == NULL)
        return;
    kill(-p->pid, SIGKILL);
    if (has_children())
        process_sweep_kill(p->table->agent, has_id, p->id);
    process_free(p);
}

/* SIGCHLD */

static int status_of(int wait_status)
{
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

static void note_end(struct process_table *t, pid_t pid, int wait_status)
{
    for (struct process *p = t->processes; p != NULL; p = p->next) {
        if (p->pid == pid && !p->has_ended) {
            p->has_ended = true;
            p->exit_status = status_of(wait_status);
        }
        p->wants_review = true;
    }
}

static struct process *next_to_review(const struct process_table *t)
{
    struct process *p = t->processes;
    while (p != NULL && !p->wants_review)
        p = p->next;
    return p;
}

/* A review may start and free processes, so each one is looked up anew. */
static void on_child(void *arg)
{
    struct process_table *t = arg;
    int wait_status;
    pid_t pid;
    while ((pid = waitpid(-1, &wait_status, WNOHANG)) > 0)
        note_end(t, pid, wait_status);
    struct process *p;
    while ((p = next_to_review(t)) != NULL) {
        p->wants_review = false;
        review(p);
    }
}

/* Start */

static void make_id(char out[static PROCESS_ID_SIZE])
{
    uint8_t random[(PROCESS_ID_SIZE - 1) / 2];
    /* Up to 256 bytes come whole once the kernel has entropy; it waits for that. */
    while (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        ;
    for (size_t i = 0; i < sizeof(random); i++)
        snprintf(out + 2 * i, 3, "%02x", random[i]);
}

static enum err open_streams(struct process *p, const struct process_child *child, struct error *e)
{
    struct process_table *t = p->table;
    p->output = (struct process_stream){.fn = p->events->line, .arg = p->arg};
    p->errors = (struct process_stream){.fn = p->events->line, .arg = p->arg, .is_error = true};
    enum err err = process_stream_open(&p->output, t->loop, child->output, t->is_paused, e);
    enum err second = process_stream_open(&p->errors, t->loop, child->errors, t->is_paused, e);
    return err != ERR_OK ? err : second;
}

enum err process_start_program(struct process_table *t, const char *const *argv,
                               const struct process_place *place,
                               const struct process_events *events, void *arg, struct process **out,
                               struct error *e)
{
    struct process *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for a process");
    make_id(p->id);
    struct process_marks marks = {
        .agent = t->agent, .target_id = t->target_id, .process_id = p->id};
    struct process_child child;
    enum err err = process_spawn(argv, place, &marks, &child, e);
    if (err != ERR_OK) {
        free(p);
        return err;
    }
    p->table = t;
    p->pid = child.pid;
    p->events = events;
    p->arg = arg;
    p->next = t->processes;
    t->processes = p;
    err = open_streams(p, &child, e);
    if (err != ERR_OK) {
        process_kill(p);
        return err;
    }
    *out = p;
    return ERR_OK;
}

enum err process_start(struct process_table *t, const char *command,
                       const struct process_place *place, const struct process_events *events,
                       void *arg, struct process **out, struct error *e)
{
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};
    return process_start_program(t, argv, place, events, arg, out, e);
}

/* The table */

enum err process_table_new(struct loop *loop, const char *data_dir, const char *target_id,
                           struct process_table **out, struct error *e)
{
    AUTO(process_table_free) struct process_table *t = calloc(1, sizeof(*t));
    if (t == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for processes");
    t->loop = loop;
    t->sweep_signal = SIGTERM;
    snprintf(t->target_id, sizeof(t->target_id), "%s", target_id);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
        return error_errno(e, "become the reaper of orphans");
    enum err err = process_sweep_mark(data_dir, t->agent, e);
    if (err == ERR_OK)
        err = loop_signal_start(loop, &t->child_signal, SIGCHLD, on_child, t, e);
    if (err != ERR_OK)
        return err;
    *out = TAKE(t);
    return ERR_OK;
}

void process_table_free(struct process_table *t)
{
    if (t == NULL)
        return;
    while (t->processes != NULL) {
        pid_t pid = t->processes->pid;
        bool has_ended = t->processes->has_ended;
        process_kill(t->processes);
        if (!has_ended)
            (void)waitpid(pid, NULL, 0);
    }
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    if (has_children()) {
        process_sweep_kill(t->agent, NULL, NULL);
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
    }
    loop_timer_stop(&t->sweep_timer);
    loop_signal_stop(&t->child_signal);
    free(t);
}

size_t process_table_count(const struct process_table *t)
{
    size_t count = 0;
    for (const struct process *p = t->processes; p != NULL; p = p->next)
        count++;
    return count;
}

size_t process_table_kill_leftovers(struct process_table *t)
{
    return process_sweep_leftovers(t->agent);
}
