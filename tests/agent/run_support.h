/* SPDX-License-Identifier: Apache-2.0 */
/* run_support: what tests with real processes share: an own directory, turning the loop until
 * something is so, looking into /proc. */
#ifndef RUN_SUPPORT_H
#define RUN_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "fs.h"
#include "loop.h"

#define ASSERT_OK(call)                                                                            \
    do {                                                                                           \
        struct error failure_ = {.code = ERR_OK};                                                  \
        struct error *e = &failure_;                                                               \
        (void)e;                                                                                   \
        enum err code_ = (call);                                                                   \
        if (code_ != ERR_OK)                                                                       \
            fail_msg("%s: %s: %s", #call, err_name(code_), failure_.text);                         \
    } while (0)

enum { RUN_PATIENCE_MS = 60000 };

/* A fresh directory; removed by run_support_remove_dir. */
static inline void run_support_make_dir(char out[static 64])
{
    snprintf(out, 64, "/tmp/hivecast-run-XXXXXX");
    assert_non_null(mkdtemp(out));
}

static inline void run_support_remove_dir(const char *dir)
{
    ASSERT_OK(fs_remove(dir, e));
}

/* Turns the loop until *flag is at least wanted. */
static inline void run_support_turn_until(struct loop *l, const int *flag, int wanted)
{
    int64_t deadline_ms = clock_monotonic_ms() + RUN_PATIENCE_MS;
    while (*flag < wanted) {
        assert_true(clock_monotonic_ms() < deadline_ms);
        ASSERT_OK(loop_turn(l, 1000, e));
    }
}

/* The same until is_so says true; looks every few milliseconds, for things nobody tells of. */
static inline void run_support_turn_while(struct loop *l, bool (*is_so)(void *arg), void *arg)
{
    int64_t deadline_ms = clock_monotonic_ms() + RUN_PATIENCE_MS;
    while (is_so(arg)) {
        assert_true(clock_monotonic_ms() < deadline_ms);
        ASSERT_OK(loop_turn(l, 5, e));
    }
}

#endif
