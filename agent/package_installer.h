/* SPDX-License-Identifier: Apache-2.0 */
/* package_installer: the install commands of a task, one after the other in its release directory;
 * the first that fails ends it. Thread: the loop's. */
#ifndef PACKAGE_INSTALLER_H
#define PACKAGE_INSTALLER_H

#include "process.h"
#include "response_collector.h"

struct package_installer_order {
    const struct task *task; /* borrowed until the end */
    const char *directory;   /* the others are copied */
    const char *app_data;
    int64_t timeout_ms; /* of each command; 0: none */
    int64_t grace_ms;   /* of stopping; 0: PROCESS_GRACE_MS */
    /* Once, later: NULL for success; ERR_COMMAND_FAILED with command and status, ERR_TIMEOUT,
     * ERR_STOPPED, or what kept a command from starting. The installer is freed after the call. */
    void (*done)(void *arg, const struct error *failure);
    void *arg;
};

struct package_installer;
MUST_CHECK enum err package_installer_start(struct loop *loop, struct process_table *processes,
                                            struct response_collector *collector,
                                            const struct package_installer_order *order,
                                            struct package_installer **out, struct error *e);
/* done follows, with ERR_STOPPED. */
void package_installer_stop(struct package_installer *i);
/* Kills what runs; done is not called. NULL is fine. */
void package_installer_free(struct package_installer *i);

#endif
