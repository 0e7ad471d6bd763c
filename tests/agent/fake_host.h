/* SPDX-License-Identifier: Apache-2.0 */
/* fake_host: stands in for everything task_processor has done: writes down what it was asked for
 * and answers when the test says so; dies at a chosen call. */
#ifndef FAKE_HOST_H
#define FAKE_HOST_H

#include "task_processor.h"

enum { FAKE_LOG_SIZE = 16384 };

struct fake_host {
    struct task_host ops;
    struct task_processor *tasks;
    char dir[64];
    char log[FAKE_LOG_SIZE]; /* "fetch a;transfer a;..." acknowledgements as "a=accepted" */
    char pending[8][96];     /* calls without answer, oldest first: "fetch a" */
    size_t pending_count;
    bool is_offline;
    bool has_package;
    bool has_run;
    const char *failing; /* the call, as in log, that fails */
    int calls_left;      /* ends the process at this call; -1: never */
};

/* With a fresh directory; or (dir not NULL) with that of another. */
void fake_host_init(struct fake_host *f, const char *dir);
/* Makes and boots the processor. */
void fake_host_start(struct fake_host *f);
/* Frees the processor without any goodbye. */
void fake_host_stop(struct fake_host *f);
void fake_host_clear(struct fake_host *f);
void fake_host_announce(struct fake_host *f, const char *task_id, const char *app,
                        uint64_t version);
/* Answers the oldest call; false when there is none. */
bool fake_host_answer(struct fake_host *f);
void fake_host_answer_all(struct fake_host *f);
bool fake_host_saw(const struct fake_host *f, const char *entry);
/* The state the processor lists; TASK_NONE when it knows none. */
struct task_status fake_host_status(const struct fake_host *f, const char *task_id);

#endif
