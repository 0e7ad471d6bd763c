/* SPDX-License-Identifier: Apache-2.0 */
/* log_batch: lines of one command on their way into one Log report, serialized as they come. Used
 * by response_collector.c. Thread: the loop's. */
#ifndef LOG_BATCH_H
#define LOG_BATCH_H

#include "response_collector.h"

enum { LOG_BATCH_BYTES = 16 * 1024, LOG_COMMAND_MAX = 511 };

struct log_batch {
    struct log_batch *next;
    char task_id[TASK_ID_SIZE];
    enum stage stage;
    char command[LOG_COMMAND_MAX + 1];
    bool is_sent; /* or kept until asked for */
    struct bytes lines;
    struct spool_weight weight;
};

struct log_batch *log_batch_new(const struct log_source *source,
                                bool is_sent); /* NULL: no memory */
void log_batch_free(struct log_batch *b);
bool log_batch_is_of(const struct log_batch *b, const struct log_source *source, bool is_sent);
bool log_batch_has_room(const struct log_batch *b, size_t size);
/* text is NUL-terminated. */
struct log_text {
    int64_t time_ms;
    const char *text;
    bool is_error;
    bool is_event;
};
MUST_CHECK enum err log_batch_add(struct log_batch *b, const struct log_text *line,
                                  struct error *e);
/* The serialized Report; appends to out. */
MUST_CHECK enum err log_batch_pack(const struct log_batch *b, struct bytes *out, struct error *e);

#endif
