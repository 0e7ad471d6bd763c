/* SPDX-License-Identifier: Apache-2.0 */
/* deploy_wait: follows one task until every target is done. Events say when to look again; what is
 * shown are the counts of the task. */
#ifndef DEPLOY_WAIT_H
#define DEPLOY_WAIT_H

#include <stdbool.h>

#include "client.h"

struct deploy_wait {
    const char *task;
    bool is_json;   /* print nothing on the way */
    long timeout_s; /* 0: none */
    long settle_s;  /* run commands that are up are watched for so long: most crash at once */
};

/* *result is {task, counts, failures, ok} (caller releases). ERR_TIMEOUT, or ERR_STOPPED after
 * Ctrl-C; the deployment goes on then. */
MUST_CHECK enum err deploy_wait(struct client *client, const struct deploy_wait *wait,
                                json_t **result, struct error *e);

#endif
