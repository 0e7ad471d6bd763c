/* SPDX-License-Identifier: Apache-2.0 */
#include "model.h"

#include <string.h>

static const char *const task_state_names[TASK_STATE_COUNT] = {
    [TASK_PENDING] = "pending",       [TASK_ANNOUNCED] = "announced",
    [TASK_ACCEPTED] = "accepted",     [TASK_TRANSFERRING] = "transferring",
    [TASK_INSTALLING] = "installing", [TASK_ACTIVATING] = "activating",
    [TASK_SUCCEEDED] = "succeeded",   [TASK_BUILDING] = "building",
    [TASK_COLLECTING] = "collecting", [TASK_REJECTED] = "rejected",
    [TASK_FAILED] = "failed",         [TASK_STOPPED] = "stopped",
    [TASK_TIMED_OUT] = "timed-out",
};

static const char *const run_state_names[RUN_STATE_COUNT] = {
    [RUN_UNKNOWN] = "unknown", [RUN_NONE] = "none",     [RUN_STARTING] = "starting",
    [RUN_UP] = "up",           [RUN_EXITED] = "exited", [RUN_BACKING_OFF] = "backing-off",
    [RUN_STOPPED] = "stopped",
};

enum { STAGE_COUNT = STAGE_AGENT + 1 };
static const char *const stage_names[STAGE_COUNT] = {
    [STAGE_BUILD] = "build",       [STAGE_INSTALL] = "install", [STAGE_RUN] = "run",
    [STAGE_TERMINAL] = "terminal", [STAGE_AGENT] = "agent",
};

static const char *name_at(const char *const *names, size_t count, size_t i)
{
    return i < count ? names[i] : NULL;
}

/* 0, which no list gives a name worth finding, when there is none. */
static unsigned place_of(const char *const *names, unsigned count, const char *name)
{
    for (unsigned i = 0; i < count; i++) {
        if (names[i] != NULL && strcmp(names[i], name) == 0)
            return i;
    }
    return 0;
}

const char *task_state_name(enum task_state s)
{
    return name_at(task_state_names, TASK_STATE_COUNT, s);
}

enum task_state task_state_from_name(const char *name)
{
    return (enum task_state)place_of(task_state_names, TASK_STATE_COUNT, name);
}

const char *run_state_name(enum run_state s)
{
    return name_at(run_state_names, RUN_STATE_COUNT, s);
}

const char *stage_name(enum stage s)
{
    return name_at(stage_names, STAGE_COUNT, s);
}

enum stage stage_from_name(const char *name)
{
    return (enum stage)place_of(stage_names, STAGE_COUNT, name);
}

bool task_state_is_final(enum task_state s)
{
    switch (s) {
    case TASK_SUCCEEDED:
    case TASK_REJECTED:
    case TASK_FAILED:
    case TASK_STOPPED:
    case TASK_TIMED_OUT:
        return true;
    default:
        return false;
    }
}

void task_clear(struct task *t)
{
    strlist_clear(&t->install_commands);
    strlist_clear(&t->run_commands);
    strlist_clear(&t->selector.ids);
    strlist_clear(&t->build_commands);
    strlist_clear(&t->build_artifacts);
    free(t->document);
    bytes_clear(&t->signed_task);
    *t = (struct task){0};
}
