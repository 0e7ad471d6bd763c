/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_outbox.h"

#include <stdio.h>
#include <string.h>

static enum err put(struct outbox *o, enum sent_kind kind, const char *target_id, const char *text,
                    struct error *e)
{
    struct fake_outbox *f = (struct fake_outbox *)o;
    if (f->is_deaf)
        return error_set(e, ERR_UNAVAILABLE, "%s is not connected", target_id);
    if (f->count < FAKE_OUTBOX_MAX) {
        struct sent *sent = &f->items[f->count];
        sent->kind = kind;
        (void)snprintf(sent->target_id, sizeof(sent->target_id), "%s", target_id);
        (void)snprintf(sent->text, sizeof(sent->text), "%s", text);
    }
    f->count++;
    return ERR_OK;
}

static enum err announce(struct outbox *o, const char *target_id, const struct task *task,
                         struct error *e)
{
    return put(o, SENT_ANNOUNCE, target_id, task->id, e);
}

static enum err stop(struct outbox *o, const char *target_id, const char *task_id, struct error *e)
{
    return put(o, SENT_STOP, target_id, task_id, e);
}

static enum err send_logs(struct outbox *o, const char *target_id, const char *task_id,
                          struct error *e)
{
    return put(o, SENT_LOGS, target_id, task_id, e);
}

static enum err run_command(struct outbox *o, const char *target_id, const char *command,
                            struct error *e)
{
    return put(o, SENT_COMMAND, target_id, command, e);
}

static enum err stop_command(struct outbox *o, const char *target_id, struct error *e)
{
    return put(o, SENT_STOP_COMMAND, target_id, "", e);
}

static void cut(struct outbox *o, const char *target_id)
{
    (void)target_id;
    ((struct fake_outbox *)o)->cuts++;
}

static const struct outbox_ops ops = {
    .announce = announce,
    .stop = stop,
    .send_logs = send_logs,
    .run_command = run_command,
    .stop_command = stop_command,
    .cut = cut,
};

void fake_outbox_init(struct fake_outbox *f)
{
    memset(f, 0, sizeof(*f));
    f->outbox.ops = &ops;
}

size_t fake_outbox_sent(const struct fake_outbox *f, enum sent_kind kind, const char *target_id,
                        const char *text)
{
    size_t count = 0;
    for (size_t i = 0; i < f->count && i < FAKE_OUTBOX_MAX; i++) {
        const struct sent *sent = &f->items[i];
        count += sent->kind == kind && strcmp(sent->target_id, target_id) == 0 &&
                 (text == NULL || strcmp(sent->text, text) == 0);
    }
    return count;
}

void fake_outbox_forget(struct fake_outbox *f)
{
    f->count = 0;
}
