/* SPDX-License-Identifier: Apache-2.0 */
#include "task_steps.h"

#include <stdio.h>
#include <string.h>

#include "layout.h"
#include "log.h"
#include "task_tidy.h"
#include "task_work.h"

/* announced ─► accepted ─► transferring ─► installing ─► activating ─► succeeded
 *     │           │             │  ▲            │             │
 *     ▼           │             │  └─ (boot) ───┤             ▼
 *  rejected       └─────────────┴───────────────┴──────► failed, stopped (not when activating)
 * A pair that is not listed is refused and changes nothing. */
static const struct transition {
    enum task_state state;
    enum job_event event;
    enum task_state next;
} transitions[] = {
    {TASK_ANNOUNCED, JOB_SUITABLE, TASK_ACCEPTED},
    {TASK_ANNOUNCED, JOB_UNSUITABLE, TASK_REJECTED},
    {TASK_ANNOUNCED, JOB_STOPPED, TASK_STOPPED},
    {TASK_ACCEPTED, JOB_FETCHED, TASK_TRANSFERRING},
    {TASK_ACCEPTED, JOB_FAILED, TASK_FAILED},
    {TASK_ACCEPTED, JOB_STOPPED, TASK_STOPPED},
    {TASK_TRANSFERRING, JOB_COMPLETE, TASK_INSTALLING},
    {TASK_TRANSFERRING, JOB_FAILED, TASK_FAILED},
    {TASK_TRANSFERRING, JOB_STOPPED, TASK_STOPPED},
    {TASK_INSTALLING, JOB_INSTALLED, TASK_ACTIVATING},
    {TASK_INSTALLING, JOB_FAILED, TASK_FAILED},
    {TASK_INSTALLING, JOB_STOPPED, TASK_STOPPED},
    /* Interrupted commands may have changed files: the tree is verified again. */
    {TASK_INSTALLING, JOB_RESUMED, TASK_TRANSFERRING},
    {TASK_ACTIVATING, JOB_STARTED, TASK_SUCCEEDED},
    {TASK_ACTIVATING, JOB_FAILED, TASK_FAILED},
};

static bool has_package(const struct job *j)
{
    return j->has_package;
}

static bool has_install(const struct job *j)
{
    return j->has_package || j->task.install_commands.count > 0;
}

/* What is done in a state. Where nothing is to be done, the event comes at once. Only what would be
 * lost is written down first: a task that is not fetched yet is announced again. */
static const struct work {
    enum task_state state;
    bool is_kept;
    bool is_exclusive; /* one at a time of an app */
    bool (*is_needed)(const struct job *j);
    enum job_event otherwise;
    void (*start)(struct task_processor *p, struct job *j);
} works[] = {
    {.state = TASK_ACCEPTED, .start = task_work_fetch},
    {TASK_TRANSFERRING, true, false, has_package, JOB_COMPLETE, task_work_transfer},
    {TASK_INSTALLING, true, true, has_install, JOB_INSTALLED, task_work_install},
    {.state = TASK_ACTIVATING, .is_kept = true, .is_exclusive = true, .start = task_work_activate},
};

struct job *task_steps_find(const struct task_processor *p, const char *task_id)
{
    for (struct job *j = p->jobs; j != NULL; j = j->next) {
        if (strcmp(j->id, task_id) == 0)
            return j;
    }
    return NULL;
}

void task_steps_insert(struct task_processor *p, struct job *j)
{
    struct job **place = &p->jobs;
    while (*place != NULL && (*place)->version <= j->version)
        place = &(*place)->next;
    j->next = *place;
    *place = j;
}

void task_steps_forget(struct task_processor *p, struct job *j)
{
    struct job **place = &p->jobs;
    while (*place != j)
        place = &(*place)->next;
    *place = j->next;
    job_free(j);
}

void task_steps_acknowledge(const struct task_processor *p, const struct job *j)
{
    struct acknowledgement a = {.state = j->state,
                                .run_state = j->run_state,
                                .exit_status = j->exit_status,
                                .code = j->code,
                                .has_digest = j->state == TASK_SUCCEEDED && j->has_package};
    memcpy(a.task_id, j->id, sizeof(a.task_id));
    memcpy(a.message, j->message, sizeof(a.message));
    memcpy(a.digest, j->package.digest, sizeof(a.digest));
    p->host->acknowledge(p->host->arg, &a);
}

void task_steps_save(const struct task_processor *p, const struct job *j)
{
    struct error e;
    if (job_save(p->data_dir, j, &e) != ERR_OK)
        log_error("task %s: its state is not on disk: %s", j->id, e.text);
}

/* Final states: written down, told, tidied. A disk that is full must not keep us from that. */
static void finish(struct task_processor *p, struct job *j)
{
    j->is_busy = false;
    task_steps_save(p, j);
    task_steps_acknowledge(p, j);
    if (j->state == TASK_SUCCEEDED) {
        log_info("task %s: release is active in app %s", j->id, j->app);
        p->host->event(p->host->arg, j->id, false, "the release is active");
    } else {
        log_info("task %s: %s: %s", j->id, task_state_name(j->state), j->message);
        p->host->event(p->host->arg, j->id, j->state != TASK_STOPPED, j->message);
        task_tidy_job(p, j);
    }
    task_tidy_app(p, j->app);
}

void task_steps_move(struct task_processor *p, struct job *j, enum job_event event)
{
    for (size_t i = 0; i < sizeof(transitions) / sizeof(transitions[0]); i++) {
        const struct transition *t = &transitions[i];
        if (t->state != j->state || t->event != event)
            continue;
        j->state = t->next;
        j->is_busy = false;
        if (j->state == TASK_ACTIVATING)
            layout_current(p->data_dir, j->app, j->previous);
        if (task_state_is_final(j->state))
            finish(p, j);
        else if (event != JOB_RESUMED)
            task_steps_acknowledge(p, j);
        return;
    }
    log_warn("task %s: event %d does not fit state %s", j->id, (int)event,
             task_state_name(j->state));
}

void task_steps_fail(struct task_processor *p, struct job *j, const struct error *why)
{
    j->code = why->code;
    snprintf(j->message, sizeof(j->message), "%.*s", MESSAGE_TEXT_SIZE - 1, why->text);
    if (j->state == TASK_ACTIVATING)
        task_work_roll_back(p, j);
    task_steps_move(p, j, JOB_FAILED);
}

static bool is_blocked(const struct task_processor *p, const struct job *j)
{
    for (const struct job *other = p->jobs; other != NULL; other = other->next) {
        if (other != j && other->is_busy && strcmp(other->app, j->app) == 0 &&
            (other->state == TASK_INSTALLING || other->state == TASK_ACTIVATING))
            return true;
    }
    return false;
}

static const struct work *work_of(enum task_state state)
{
    for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
        if (works[i].state == state)
            return &works[i];
    }
    return NULL;
}

/* True when the job moved or began to work. */
static bool begin(struct task_processor *p, struct job *j)
{
    const struct work *w = work_of(j->state);
    if (w == NULL || j->is_busy || j->is_waiting || (w->is_exclusive && is_blocked(p, j)))
        return false;
    if (w->is_needed != NULL && !w->is_needed(j)) {
        task_steps_move(p, j, w->otherwise);
        return true;
    }
    struct error e;
    enum err err = w->is_kept ? job_save(p->data_dir, j, &e) : ERR_OK;
    if (err != ERR_OK) {
        error_wrap(&e, err, "the agent cannot keep the state of the task");
        task_steps_fail(p, j, &e);
        return true;
    }
    j->is_busy = true;
    w->start(p, j);
    return true;
}

/* Does everything that can be done now. Starting work may end other work, hence the rounds. */
void task_steps_turn(struct task_processor *p)
{
    if (p->is_turning || !p->is_open)
        return;
    p->is_turning = true;
    bool is_moving = true;
    while (is_moving) {
        is_moving = false;
        struct job *next;
        for (struct job *j = p->jobs; j != NULL; j = next) {
            next = j->next;
            is_moving |= begin(p, j);
        }
    }
    task_tidy_old(p);
    p->is_turning = false;
}
