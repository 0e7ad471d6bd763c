/* SPDX-License-Identifier: Apache-2.0 */
#include "err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    enum err code;
    const char *name;
} names[] = {
#define X(name, value, text) {ERR_##name, text},
    ERR_LIST(X)
#undef X
};

enum { NAME_COUNT = sizeof(names) / sizeof(names[0]) };

const char *err_name(enum err code)
{
    for (size_t i = 0; i < NAME_COUNT; i++) {
        if (names[i].code == code)
            return names[i].name;
    }
    return "unknown";
}

enum err err_from_name(const char *name)
{
    for (size_t i = 0; i < NAME_COUNT; i++) {
        if (strcmp(names[i].name, name) == 0)
            return names[i].code;
    }
    return ERR_INTERNAL;
}

enum err error_set(struct error *e, enum err code, const char *fmt, ...)
{
    if (e == NULL)
        return code;
    e->code = code;
    va_list args;
    va_start(args, fmt);
    vsnprintf(e->text, sizeof(e->text), fmt, args);
    va_end(args);
    return code;
}

/* Puts ": text" behind the first used characters, cut where the room ends. */
static void append(struct error *e, int used, const char *text)
{
    if (used < 0 || (size_t)used + 3 > sizeof(e->text))
        return;
    size_t room = sizeof(e->text) - (size_t)used - 3;
    size_t length = strnlen(text, room);
    memcpy(e->text + used, ": ", 2);
    memcpy(e->text + used + 2, text, length);
    e->text[(size_t)used + 2 + length] = '\0';
}

enum err error_wrap(struct error *e, enum err code, const char *fmt, ...)
{
    if (e == NULL)
        return code;
    char inner[ERROR_TEXT_SIZE];
    memcpy(inner, e->text, sizeof(inner));
    e->code = code;
    va_list args;
    va_start(args, fmt);
    int used = vsnprintf(e->text, sizeof(e->text), fmt, args);
    va_end(args);
    append(e, used, inner);
    return code;
}

static enum err code_of_errno(int number)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT:
        return ERR_NO_SPACE;
    case ENOENT:
        return ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
        return ERR_FORBIDDEN;
    case ENOMEM:
        return ERR_NO_MEMORY;
    default:
        return ERR_IO;
    }
}

enum err error_errno(struct error *e, const char *fmt, ...)
{
    int number = errno;
    enum err code = code_of_errno(number);
    if (e == NULL)
        return code;
    e->code = code;
    va_list args;
    va_start(args, fmt);
    int used = vsnprintf(e->text, sizeof(e->text), fmt, args);
    va_end(args);
    char reason[64];
    append(e, used, strerror_r(number, reason, sizeof(reason)));
    return code;
}
