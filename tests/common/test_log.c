/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "log.h"

static int saved_stderr;
static int pipe_ends[2];

/* Standard error goes to a pipe while a test runs. */
static int enter(void **state)
{
    (void)state;
    saved_stderr = dup(STDERR_FILENO);
    if (saved_stderr < 0 || pipe2(pipe_ends, O_NONBLOCK) != 0)
        return 1;
    return dup2(pipe_ends[1], STDERR_FILENO) < 0;
}

static int leave(void **state)
{
    (void)state;
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    log_init(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    return 0;
}

/* What was logged, behind the time; "" for nothing. */
static const char *logged(size_t time_length)
{
    static char text[4096];
    ssize_t got = read(pipe_ends[0], text, sizeof(text) - 1);
    text[got > 0 ? got : 0] = '\0';
    return got > (ssize_t)time_length ? text + time_length : text;
}

enum { TEXT_TIME = 25, JSON_TIME = 34 };

static void a_fact_is_one_line_with_its_level(void **state)
{
    (void)state;
    log_info("task %s on %d targets", "otter", 3);
    assert_string_equal(logged(TEXT_TIME), "info task otter on 3 targets\n");
}

static void less_important_facts_are_left_out(void **state)
{
    (void)state;
    log_init(LOG_LEVEL_WARN, LOG_FORMAT_TEXT);
    log_info("x");
    log_debug("x");
    assert_string_equal(logged(0), "");
    log_warn("y");
    assert_string_equal(logged(TEXT_TIME), "warn y\n");
}

static void a_hostile_name_cannot_forge_a_line(void **state)
{
    (void)state;
    log_error("target %s", "a\n2026 info all is well\033[0m");
    assert_string_equal(logged(TEXT_TIME),
                        "error target a\\u000a2026 info all is well\\u001b[0m\n");
}

static void json_is_escaped(void **state)
{
    (void)state;
    log_init(LOG_LEVEL_DEBUG, LOG_FORMAT_JSON);
    log_debug("a \"quote\" and a \\");
    assert_string_equal(logged(JSON_TIME),
                        ",\"level\":\"debug\",\"message\":\"a \\\"quote\\\" and a \\\\\"}\n");
}

static void levels_and_formats_are_parsed(void **state)
{
    (void)state;
    enum log_level level = LOG_LEVEL_INFO;
    enum log_format format = LOG_FORMAT_TEXT;
    struct error e;
    assert_int_equal(log_level_parse("debug", &level, NULL), ERR_OK);
    assert_int_equal(level, LOG_LEVEL_DEBUG);
    assert_int_equal(log_format_parse("json", &format, NULL), ERR_OK);
    assert_int_equal(format, LOG_FORMAT_JSON);
    assert_int_equal(log_level_parse("loud", &level, &e), ERR_INVALID);
    assert_string_equal(e.text, "log level 'loud' is not one of error, warn, info, debug");
    assert_int_equal(log_format_parse("xml", &format, NULL), ERR_INVALID);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(a_fact_is_one_line_with_its_level),  IN_DIR(less_important_facts_are_left_out),
        IN_DIR(a_hostile_name_cannot_forge_a_line), IN_DIR(json_is_escaped),
        IN_DIR(levels_and_formats_are_parsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
