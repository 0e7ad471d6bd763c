/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MESSAGE_SIZE = 1024, LINE_SIZE = 2 * MESSAGE_SIZE + 128 };

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static const char *const format_names[] = {"text", "json"};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static enum log_level threshold = LOG_LEVEL_INFO;
static enum log_format format = LOG_FORMAT_TEXT;

void log_init(enum log_level level, enum log_format form)
{
    threshold = level;
    format = form;
}

enum err log_level_parse(const char *text, enum log_level *out, struct error *e)
{
    for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
        if (strcmp(text, level_names[i]) == 0) {
            *out = (enum log_level)i;
            return ERR_OK;
        }
    }
    return error_set(e, ERR_INVALID, "log level '%.32s' is not one of error, warn, info, debug",
                     text);
}

enum err log_format_parse(const char *text, enum log_format *out, struct error *e)
{
    for (size_t i = 0; i < sizeof(format_names) / sizeof(format_names[0]); i++) {
        if (strcmp(text, format_names[i]) == 0) {
            *out = (enum log_format)i;
            return ERR_OK;
        }
    }
    return error_set(e, ERR_INVALID, "log format '%.32s' is not one of text, json", text);
}

/* Control characters never reach the terminal: a hostile name cannot forge a line. */
static void escape(const char *in, char *out, size_t size, bool json)
{
    size_t used = 0;
    for (; *in != '\0' && used + 7 < size; in++) {
        unsigned char c = (unsigned char)*in;
        if (json && (c == '"' || c == '\\')) {
            out[used++] = '\\';
            out[used++] = (char)c;
        } else if (c < 0x20 || c == 0x7f) {
            used += (size_t)snprintf(out + used, size - used, "\\u%04x", c);
        } else {
            out[used++] = (char)c;
        }
    }
    out[used] = '\0';
}

void log_write(enum log_level level, const char *fmt, ...)
{
    if (level > threshold)
        return;
    char message[MESSAGE_SIZE];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);

    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct tm utc;
    gmtime_r(&now.tv_sec, &utc);
    char time[32];
    strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%S", &utc);

    bool json = format == LOG_FORMAT_JSON;
    char escaped[2 * MESSAGE_SIZE];
    escape(message, escaped, sizeof(escaped), json);
    char line[LINE_SIZE];
    int length = snprintf(line, sizeof(line),
                          json ? "{\"time\":\"%s.%03ldZ\",\"level\":\"%s\",\"message\":\"%s\"}\n"
                               : "%s.%03ldZ %s %s\n",
                          time, now.tv_nsec / 1000000, level_names[level], escaped);
    if (length < 0)
        return;
    pthread_mutex_lock(&lock);
    /* There is nobody left to tell when standard error is gone. */
    (void)!write(STDERR_FILENO, line, (size_t)length);
    pthread_mutex_unlock(&lock);
}
