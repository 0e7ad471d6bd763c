/* SPDX-License-Identifier: Apache-2.0 */
/* mailbox: how other threads reach core: a function to run on the core thread, and the wait for it.
 * The caller is woken when the turn in which it ran is committed, so what it is told is durable.
 * One leaf lock. Never call mailbox_call from the core thread. */
#ifndef MAILBOX_H
#define MAILBOX_H

#include "err.h"

struct mailbox;
typedef enum err mailbox_fn(void *arg, struct error *e);

struct mailbox *mailbox_new(void); /* NULL: no memory or descriptors */
void mailbox_free(struct mailbox *m);
AUTO_DEFINE(struct mailbox *, mailbox_free)

/* Any thread but core: runs fn(arg, e) there and returns what it returned, or the error of the
 * commit. ERR_UNAVAILABLE once the mailbox is closed. */
MUST_CHECK enum err mailbox_call(struct mailbox *m, mailbox_fn *fn, void *arg, struct error *e);

/* Core: readable when a call waits. */
int mailbox_fd(const struct mailbox *m);
/* Core, inside a turn: runs at most max waiting calls, each between store marks given by around.
 * Returns how many ran; their callers still wait. */
typedef enum err mailbox_around_fn(void *arg, mailbox_fn *fn, void *fn_arg, struct error *e);
size_t mailbox_run(struct mailbox *m, size_t max, mailbox_around_fn *around, void *arg);
/* Core, after the turn: wakes the callers of mailbox_run; code other than ERR_OK replaces what
 * their functions returned. */
void mailbox_finish(struct mailbox *m, enum err code, const struct error *why);
/* Core, at the end: refuses new calls and fails waiting ones with ERR_UNAVAILABLE. */
void mailbox_close(struct mailbox *m);

#endif
