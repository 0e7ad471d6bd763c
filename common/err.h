/* SPDX-License-Identifier: Apache-2.0 */
/* err: the one list of error codes, and the sentence that goes with one.
 * Values travel on the wire (hivecast.v1.ErrorCode) and are stored: append only. */
#ifndef ERR_H
#define ERR_H

#include "cleanup.h"

#define ERR_LIST(X)                                                                                \
    X(OK, 0, "ok")                                                                                 \
    X(INVALID, 1, "invalid")                                                                       \
    X(NOT_FOUND, 2, "not-found")                                                                   \
    X(CONFLICT, 3, "conflict")                                                                     \
    X(UNAUTHENTICATED, 4, "unauthenticated")                                                       \
    X(FORBIDDEN, 5, "forbidden")                                                                   \
    X(TOO_LARGE, 6, "too-large")                                                                   \
    X(THROTTLED, 7, "throttled")                                                                   \
    X(NO_MEMORY, 8, "no-memory")                                                                   \
    X(NO_SPACE, 9, "no-space")                                                                     \
    X(IO, 10, "io")                                                                                \
    X(CORRUPT, 11, "corrupt")                                                                      \
    X(TIMEOUT, 12, "timeout")                                                                      \
    X(UNAVAILABLE, 13, "unavailable")                                                              \
    X(UNSUPPORTED, 14, "unsupported")                                                              \
    X(INTERNAL, 15, "internal")                                                                    \
    X(UNSUITABLE, 16, "unsuitable")                                                                \
    X(COMMAND_FAILED, 17, "command-failed")                                                        \
    X(STOPPED, 18, "stopped")                                                                      \
    X(SUPERSEDED, 19, "superseded")

enum err {
#define X(name, value, text) ERR_##name = value,
    ERR_LIST(X)
#undef X
};

enum { ERROR_TEXT_SIZE = 256 };

/* What went wrong, for people. Written only on failure; no allocation. */
struct error {
    enum err code;
    char text[ERROR_TEXT_SIZE];
};

/* The stable name of a code ("not-found"); "unknown" for values this version does not know. */
const char *err_name(enum err code);

/* The code of a stable name; ERR_INTERNAL when there is none. */
enum err err_from_name(const char *name);

/* Both return code and accept e == NULL. error_wrap puts the new words before those already in e:
 * "open store: disk full". */
enum err error_set(struct error *e, enum err code, const char *fmt, ...) PRINTF_LIKE(3, 4);
enum err error_wrap(struct error *e, enum err code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* As error_set, with ": strerror" at the end and the code that fits errno (ENOSPC and EDQUOT become
 * ERR_NO_SPACE, ENOENT ERR_NOT_FOUND, EACCES and EPERM ERR_FORBIDDEN, ENOMEM ERR_NO_MEMORY, else
 * ERR_IO). Reads errno first. */
enum err error_errno(struct error *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
