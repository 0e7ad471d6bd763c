/* SPDX-License-Identifier: Apache-2.0 */
#include "task_check.h"

#include <stdio.h>
#include <string.h>

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

static enum err check_commands(const char *field, const struct strlist *commands, struct error *e)
{
    if (commands->count > COMMANDS_MAX)
        return error_set(e, ERR_TOO_LARGE, "%s: %zu commands, at most %d", field, commands->count,
                         COMMANDS_MAX);
    for (size_t i = 0; i < commands->count; i++) {
        if (is_blank(commands->items[i]))
            return error_set(e, ERR_INVALID, "%s[%zu]: empty", field, i);
        if (strlen(commands->items[i]) > COMMAND_MAX)
            return error_set(e, ERR_TOO_LARGE, "%s[%zu]: longer than %d bytes", field, i,
                             COMMAND_MAX);
    }
    return ERR_OK;
}

static enum err check_ids(const struct strlist *ids, struct error *e)
{
    if (ids->count > SELECTOR_IDS_MAX)
        return error_set(e, ERR_TOO_LARGE, "deploy.target.ids: %zu ids, at most %d", ids->count,
                         SELECTOR_IDS_MAX);
    for (size_t i = 0; i < ids->count; i++) {
        char field[48];
        (void)snprintf(field, sizeof(field), "deploy.target.ids[%zu]", i);
        enum err err = names_check_id(field, ids->items[i], e);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

static enum err check_deploy(const struct task *draft, struct error *e)
{
    enum err err = names_check_id("deploy.app", draft->app, e);
    if (err != ERR_OK)
        return err;
    err = check_commands("deploy.install.commands", &draft->install_commands, e);
    if (err != ERR_OK)
        return err;
    err = check_commands("deploy.run.commands", &draft->run_commands, e);
    if (err != ERR_OK)
        return err;
    size_t commands = draft->install_commands.count + draft->run_commands.count;
    if (commands == 0 && !draft->has_package && !draft->has_build)
        return error_set(e, ERR_INVALID, "deploy: nothing to do, neither files nor commands");
    if (draft->selector.ids.count == 0 && tags_count(&draft->selector.tags) == 0)
        return error_set(e, ERR_INVALID, "deploy.target: names neither ids nor tags");
    return check_ids(&draft->selector.ids, e);
}

static enum err check_build(const struct task *draft, struct error *e)
{
    enum err err = names_check_id("build.host", draft->build_host, e);
    if (err != ERR_OK)
        return err;
    if (draft->build_commands.count == 0)
        return error_set(e, ERR_INVALID, "build.commands: at least one is needed");
    err = check_commands("build.commands", &draft->build_commands, e);
    if (err != ERR_OK)
        return err;
    if (draft->build_artifacts.count == 0)
        return error_set(e, ERR_INVALID, "build.artifacts: at least one is needed");
    if (draft->build_artifacts.count > COMMANDS_MAX)
        return error_set(e, ERR_TOO_LARGE, "build.artifacts: at most %d", COMMANDS_MAX);
    for (size_t i = 0; i < draft->build_artifacts.count; i++) {
        err = manifest_check_path(draft->build_artifacts.items[i], e);
        if (err != ERR_OK)
            return error_wrap(e, err, "build.artifacts[%zu]", i);
    }
    return ERR_OK;
}

enum err task_check(const struct task *draft, struct error *e)
{
    if (!draft->has_build && !draft->has_deploy)
        return error_set(e, ERR_INVALID, "build, deploy: one of them is needed");
    if (draft->has_build) {
        enum err err = check_build(draft, e);
        if (err != ERR_OK)
            return err;
    }
    return draft->has_deploy ? check_deploy(draft, e) : ERR_OK;
}
