/* SPDX-License-Identifier: Apache-2.0 */
/* transfer: brings packages to disk, one at a time, the others wait in order. What is staged
 * already and what the installed release has is not fetched again; the bulk connection is open only
 * while something is missing, and a broken one is resumed for as long as it takes. Thread: the
 * loop's; work is done a chunk per turn. */
#ifndef TRANSFER_H
#define TRANSFER_H

#include "dealer.h"
#include "manifest.h"

struct transfer;

struct transfer_progress {
    uint64_t content_done; /* bytes written and verified, of package.content_size */
    uint64_t reused;       /* of them: copied from the installed release */
    uint64_t resumed;      /* of them: found staged */
    uint64_t received;     /* sealed bytes that came over the wire */
    bool is_waiting;       /* the manager cannot be reached at the moment */
};

/* One package to bring. Everything is copied. */
struct transfer_request {
    const char *task_id;
    struct package_info package;
    const char *manifest_path; /* file, written by the transfer; its directory exists */
    const char *tree_path;     /* directory, made or gone on with */
    /* The release to reuse content of, or NULL. */
    const char *old_manifest_path;
    const char *old_tree_path;
    struct package_info old_package;
    /* Called at most a few times a second; may be NULL. */
    void (*progress)(void *arg, const struct transfer_progress *p);
    /* Once: failure is NULL when manifest and tree are whole and verified, but not yet synced
     * (release_tree_sync_main). After a failure what is staged stays for the next try. */
    void (*done)(void *arg, const struct error *failure);
    void *arg;
};

/* Borrows what config points to. */
MUST_CHECK enum err transfer_new(const struct dealer_config *bulk, struct transfer **out,
                                 struct error *e);
/* Ends what is under way without calling anybody. */
void transfer_free(struct transfer *t);
AUTO_DEFINE(struct transfer *, transfer_free)
/* ERR_TOO_LARGE for sizes beyond limits.h, ERR_CONFLICT when the task waits already. done is called
 * later, never from here. */
MUST_CHECK enum err transfer_add(struct transfer *t, const struct transfer_request *r,
                                 struct error *e);
/* Forgets the task, under way or waiting: no further calls. What is staged stays. */
void transfer_cancel(struct transfer *t, const char *task_id);
/* The control connection came back: do not wait out the delay before the next try. */
void transfer_hurry(struct transfer *t);

#endif
