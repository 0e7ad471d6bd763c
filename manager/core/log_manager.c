/* SPDX-License-Identifier: Apache-2.0 */
#include "log_manager.h"

#include <stdio.h>
#include <string.h>

#include "log.h"
#include "text.h"

struct log_manager {
    struct store *store;
    struct registry *registry;
    struct event_hub *events;
    struct task_manager *tasks;
};

struct log_manager *log_manager_new(struct store *store, struct registry *registry,
                                    struct event_hub *events, struct task_manager *tasks)
{
    struct log_manager *m = malloc(sizeof(*m));
    if (m != NULL)
        *m = (struct log_manager){store, registry, events, tasks};
    return m;
}

void log_manager_free(struct log_manager *m)
{
    free(m);
}

static enum err append(struct log_manager *m, const struct log_batch *batch, struct error *e)
{
    enum err err = store_log_append(m->store, batch, e);
    if (err != ERR_OK)
        return error_wrap(e, err, "store output of %s", batch->target_id);
    event_hub_log(m->events, batch);
    return ERR_OK;
}

static bool batch_is_clean(const struct log_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (!text_is_clean(batch->lines[i].output, LINE_MAX_BYTES + 1))
            return false;
    }
    return text_is_clean(batch->command, COMMAND_TEXT_SIZE);
}

/* Cleaning makes no line longer. */
static size_t texts_size(const struct log_batch *batch)
{
    size_t size = 1;
    for (size_t i = 0; i < batch->count; i++)
        size += strnlen(batch->lines[i].output, LINE_MAX_BYTES) + 1;
    return size;
}

/* Agents promise clean lines; what one sends all the same must not reach a terminal or a JSON
 * document as it is. */
static enum err append_cleaned(struct log_manager *m, const struct log_batch *batch,
                               struct error *e)
{
    AUTO_FREE struct log_line *lines = calloc(batch->count + 1, sizeof(*lines));
    AUTO_FREE char *texts = malloc(texts_size(batch));
    if (lines == NULL || texts == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for output of %s", batch->target_id);
    char *text = texts;
    for (size_t i = 0; i < batch->count; i++) {
        text_clean(batch->lines[i].output, text, LINE_MAX_BYTES + 1);
        lines[i] = batch->lines[i];
        lines[i].output = text;
        text += strlen(text) + 1;
    }
    char command[COMMAND_TEXT_SIZE];
    text_clean(batch->command, command, sizeof(command));
    struct log_batch cleaned = *batch;
    cleaned.lines = lines;
    cleaned.command = command;
    return append(m, &cleaned, e);
}

static enum err store_log(struct log_manager *m, const char *target_id, const struct log_batch *log,
                          struct error *e)
{
    if (stage_name(log->stage) == NULL)
        return error_set(e, ERR_INVALID, "output of an unknown stage");
    if (log->task_id[0] != '\0') {
        struct task_target row;
        enum err err = store_row_get(m->store, log->task_id, target_id, &row, e);
        if (err != ERR_OK)
            return err;
    }
    if (log->count == 0)
        return ERR_OK;
    struct log_batch batch = *log;
    batch.target_id = target_id;
    return batch_is_clean(&batch) ? append(m, &batch, e) : append_cleaned(m, &batch, e);
}

static enum err store_loss(struct log_manager *m, const char *target_id, const struct report *r,
                           struct error *e)
{
    char output[96];
    (void)snprintf(output, sizeof(output), "%llu lines were lost: the store of the agent was full",
                   (unsigned long long)r->lost_lines);
    const struct log_line line = {r->lost_last_ms, output, true, true};
    const struct log_batch batch = {target_id, "", STAGE_AGENT, "", &line, 1};
    return append(m, &batch, e);
}

static enum err carry_out(struct log_manager *m, const char *target_id, const struct report *r,
                          struct error *e)
{
    switch (r->kind) {
    case REPORT_ACKNOWLEDGEMENT:
        return task_manager_acknowledge(m->tasks, target_id, &r->acknowledgement, r->time_ms, e);
    case REPORT_LOG:
        return store_log(m, target_id, &r->log, e);
    case REPORT_LOST:
        return store_loss(m, target_id, r, e);
    default:
        return error_set(e, ERR_UNSUPPORTED, "a report of an unknown kind");
    }
}

/* These say that the report is of no use; anything else, that it could not be stored now. */
static bool is_senseless(enum err err)
{
    return err == ERR_NOT_FOUND || err == ERR_CONFLICT || err == ERR_INVALID ||
           err == ERR_UNSUPPORTED;
}

static enum err carry_out_all(struct log_manager *m, const char *target_id,
                              const struct report *reports, size_t count, struct error *e)
{
    for (size_t i = 0; i < count; i++) {
        struct error why;
        enum err err = carry_out(m, target_id, &reports[i], &why);
        if (is_senseless(err))
            log_debug("target %s: a report is skipped: %s", target_id, why.text);
        else if (err != ERR_OK)
            return error_set(e, err, "%s", why.text);
    }
    return ERR_OK;
}

enum err log_manager_report(struct log_manager *m, const char *target_id,
                            const struct report_batch *batch, uint64_t *stored_seq, struct error *e)
{
    const struct target *target = registry_find(m->registry, target_id);
    if (target == NULL)
        return error_set(e, ERR_NOT_FOUND, "target %s is not registered", target_id);
    if (batch->stream_id != target->stream_id)
        return error_set(e, ERR_CONFLICT, "reports of another stream than the Hello told");
    uint64_t stored = target->stored_seq;
    if (batch->first_seq == 0 || batch->first_seq > stored + 1)
        return error_set(e, ERR_CONFLICT, "reports from %llu on, but %llu is the last stored",
                         (unsigned long long)batch->first_seq, (unsigned long long)stored);
    uint64_t known = stored + 1 - batch->first_seq;
    if (known < batch->count) {
        enum err err =
            carry_out_all(m, target_id, batch->reports + known, (size_t)(batch->count - known), e);
        if (err != ERR_OK)
            return err;
        stored = batch->first_seq + batch->count - 1;
        err = registry_set_stored(m->registry, target_id, batch->stream_id, stored, e);
        if (err != ERR_OK)
            return err;
    }
    *stored_seq = stored;
    return ERR_OK;
}
