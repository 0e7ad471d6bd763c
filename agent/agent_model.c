/* SPDX-License-Identifier: Apache-2.0 */
#include "agent_model.h"

static const char *const task_state_names[] = {
    [TASK_ANNOUNCED] = "announced",       [TASK_ACCEPTED] = "accepted",
    [TASK_TRANSFERRING] = "transferring", [TASK_INSTALLING] = "installing",
    [TASK_ACTIVATING] = "activating",     [TASK_SUCCEEDED] = "succeeded",
    [TASK_REJECTED] = "rejected",         [TASK_FAILED] = "failed",
    [TASK_STOPPED] = "stopped",
};

static const char *const run_state_names[] = {
    [RUN_NONE] = "none",     [RUN_STARTING] = "starting",       [RUN_UP] = "up",
    [RUN_EXITED] = "exited", [RUN_BACKING_OFF] = "backing-off", [RUN_STOPPED] = "stopped",
};

static const char *const stage_names[] = {
    [STAGE_BUILD] = "build",       [STAGE_INSTALL] = "install", [STAGE_RUN] = "run",
    [STAGE_TERMINAL] = "terminal", [STAGE_AGENT] = "agent",
};

static const char *name_at(const char *const *names, size_t count, size_t i)
{
    return i < count && names[i] != NULL ? names[i] : "unknown";
}

#define NAME_AT(names, i) name_at(names, sizeof(names) / sizeof((names)[0]), (size_t)(i))

const char *task_state_name(enum task_state s)
{
    return NAME_AT(task_state_names, s);
}

const char *run_state_name(enum run_state s)
{
    return NAME_AT(run_state_names, s);
}

const char *stage_name(enum stage s)
{
    return NAME_AT(stage_names, s);
}

bool task_state_is_final(enum task_state s)
{
    return s == TASK_SUCCEEDED || s == TASK_REJECTED || s == TASK_FAILED || s == TASK_STOPPED;
}

void task_clear(struct task *t)
{
    strlist_clear(&t->install_commands);
    strlist_clear(&t->run_commands);
    *t = (struct task){0};
}
