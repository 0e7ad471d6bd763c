/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines in memory. Searching looks at each of them and sorts what matches. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "log_text.h"
#include "store_memory_tables.h"

struct stored_line {
    struct log_row row; /* its texts are the line's own */
};

static struct memory_store *of(struct store *s)
{
    return (struct memory_store *)s;
}

static void clear_line(void *payload)
{
    struct stored_line *line = payload;
    free((void *)(uintptr_t)line->row.target_id); /* one allocation holds all four texts */
}

/* Behind each other in one allocation, NUL after each. */
static char *join_texts(const char *const texts[4])
{
    size_t size = 0;
    for (size_t i = 0; i < 4; i++)
        size += strlen(texts[i]) + 1;
    char *all = malloc(size);
    if (all == NULL)
        return NULL;
    char *at = all;
    for (size_t i = 0; i < 4; i++)
        at = stpcpy(at, texts[i]) + 1;
    return all;
}

static enum err append_line(struct memory_store *m, const struct log_batch *batch, size_t i,
                            struct error *e)
{
    const char *const texts[4] = {batch->target_id, batch->task_id, batch->command,
                                  batch->lines[i].output};
    const char *at = join_texts(texts);
    if (at == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for a log line");
    struct stored_line line = {.row = {.stage = batch->stage, .line = batch->lines[i]}};
    line.row.target_id = at;
    line.row.task_id = at += strlen(at) + 1;
    line.row.command = at += strlen(at) + 1;
    line.row.line.output = at + strlen(at) + 1;
    line.row.id = memory_number(m, "log id") + 1;
    char key[MEMORY_KEY_SIZE];
    snprintf(key, sizeof(key), "%020" PRIu64, line.row.id);
    enum err err = memory_put(m, MEMORY_LOGS, key, &line, sizeof(line), clear_line, e);
    return err == ERR_OK ? memory_set_number(m, "log id", line.row.id, e) : err;
}

enum err memory_log_append(struct store *s, const struct log_batch *batch, struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < batch->count; i++)
        err = append_line(of(s), batch, i, e);
    return err;
}

enum err memory_log_delete_task(struct memory_store *m, const char *task_id, struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = memory_count(m, MEMORY_LOGS); err == ERR_OK && i-- > 0;) {
        const struct stored_line *line = memory_at(m, MEMORY_LOGS, i);
        if (strcmp(line->row.task_id, task_id) == 0)
            err = memory_remove(m, MEMORY_LOGS, memory_key_at(m, MEMORY_LOGS, i), e);
    }
    return err;
}

/* Whether the words of the term stand one after the other from here on. */
static bool term_starts_at(const struct log_term *term, const char *output)
{
    size_t wanted_length = 0;
    size_t length = 0;
    const char *wanted = log_text_next_word(term->text, &wanted_length);
    while (wanted != NULL) {
        const char *word = log_text_next_word(output, &length);
        size_t next_length = 0;
        const char *next = log_text_next_word(wanted + wanted_length, &next_length);
        bool may_go_on = next == NULL && term->is_prefix;
        if (word == NULL || length < wanted_length || (length > wanted_length && !may_go_on) ||
            strncasecmp(word, wanted, wanted_length) != 0)
            return false;
        output = word + length;
        wanted = next;
        wanted_length = next_length;
    }
    return true;
}

static bool has_term(const char *output, const struct log_term *term)
{
    size_t length = 0;
    for (const char *word = log_text_next_word(output, &length); word != NULL;
         word = log_text_next_word(word + length, &length)) {
        if (term_starts_at(term, word))
            return true;
    }
    return false;
}

static bool has_all_terms(const char *output, const struct log_text *text)
{
    for (size_t i = 0; i < text->count; i++) {
        if (!has_term(output, &text->terms[i]))
            return false;
    }
    return true;
}

static bool is_wanted(const char *wanted, const char *text)
{
    return wanted == NULL || strcmp(wanted, text) == 0;
}

static bool matches(const struct log_row *row, const struct log_query *q,
                    const struct log_text *text)
{
    return is_wanted(q->target_id, row->target_id) && is_wanted(q->task_id, row->task_id) &&
           is_wanted(q->command, row->command) &&
           (q->stage == STAGE_NONE || q->stage == row->stage) &&
           (!q->has_error || q->is_error == row->line.is_error) &&
           (q->from_ms == 0 || row->line.time_ms >= q->from_ms) &&
           (q->to_ms == 0 || row->line.time_ms < q->to_ms) && has_all_terms(row->line.output, text);
}

static int compare(const void *a, const void *b, void *arg)
{
    const struct log_row *left = *(const struct log_row *const *)a;
    const struct log_row *right = *(const struct log_row *const *)b;
    const struct log_query *q = arg;
    int order = 0;
    if (q->sort == LOG_SORT_TIME)
        order =
            (left->line.time_ms > right->line.time_ms) - (left->line.time_ms < right->line.time_ms);
    else if (q->sort == LOG_SORT_TARGET)
        order = strcmp(left->target_id, right->target_id);
    else if (q->sort == LOG_SORT_TASK)
        order = strcmp(left->task_id, right->task_id);
    if (order == 0)
        order = (left->id > right->id) - (left->id < right->id);
    return q->is_ascending ? order : -order;
}

enum err memory_log_query(struct store *s, const struct log_query *query, uint64_t *total,
                          store_log_fn *fn, void *arg, struct error *e)
{
    struct log_text text = {.count = 0};
    enum err err = query->text == NULL ? ERR_OK : log_text_parse(query->text, &text, e);
    if (err != ERR_OK)
        return err;
    AUTO(memory_unlock) struct memory_store *m = memory_lock(of(s));
    size_t count = memory_count(m, MEMORY_LOGS);
    AUTO_FREE const struct log_row **found = calloc(count + 1, sizeof(const struct log_row *));
    if (found == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for a list of log lines");
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        const struct stored_line *line = memory_at(m, MEMORY_LOGS, i);
        if (matches(&line->row, query, &text))
            found[n++] = &line->row;
    }
    struct log_query order = *query;
    qsort_r(found, n, sizeof(const struct log_row *), compare, &order);
    *total = n;
    for (size_t i = 0; i < n; i++) {
        if (page_has(query->page, i) && !fn(arg, found[i]))
            break;
    }
    return ERR_OK;
}
