/* SPDX-License-Identifier: Apache-2.0 */
/* store_suite: runs the same tests on every store backend, each with a store of its own in a
 * directory of its own, and makes the facts they store. */
#ifndef STORE_SUITE_H
#define STORE_SUITE_H

/* cmocka.h wants these first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store_backends.h"

struct fixture {
    const struct store_backend *backend;
    char dir[64];
    char path[96];
    struct store *store;
};

/* Runs all tests once per backend; returns how many failed. The state of a test is a fixture with
 * an empty store. */
int suite_run(const char *name, const struct CMUnitTest *tests, size_t count);
#define SUITE_RUN(name, tests) suite_run(name, tests, sizeof(tests) / sizeof((tests)[0]))

/* The same on one backend only. */
int suite_run_on(const char *kind, const char *name, const struct CMUnitTest *tests, size_t count);

/* Asserts ERR_OK and prints the sentence otherwise. */
void suite_ok(enum err err, const struct error *e);
#define OK(call)                                                                                   \
    do {                                                                                           \
        struct error e_ = {.code = ERR_OK};                                                        \
        struct error *const e = &e_;                                                               \
        suite_ok(call, e);                                                                         \
    } while (0)

void suite_begin(struct fixture *f);
void suite_commit(struct fixture *f);
/* Closes the store and opens it again, where facts outlive that. */
void suite_reopen(struct fixture *f);

/* Facts with every field set; the key follows from the id. */
struct target suite_target(const char *id);
void suite_put_target(struct fixture *f, const char *id);
/* The caller clears. */
struct task suite_task(const char *id, uint64_t version);
void suite_put_task(struct fixture *f, const char *id, uint64_t version);
struct task_target suite_row(const char *task_id, const char *target_id, enum task_state state);
void suite_put_row(struct fixture *f, const char *task_id, const char *target_id,
                   enum task_state state);
/* One line of a run command. */
void suite_log(struct fixture *f, const char *target_id, const char *task_id, int64_t time_ms,
               const char *output);

/* Joins what a listing visits: "a b c". */
struct names {
    char text[1024];
    size_t count;
    size_t stop_after; /* 0: never */
};
bool suite_note(struct names *n, const char *name);

#endif
