/* SPDX-License-Identifier: Apache-2.0 */
/* server_fixture: a transport with real sockets over a core with a store in memory, served by a
 * thread of its own; tests reach core as HTTP does. */
#ifndef SERVER_FIXTURE_H
#define SERVER_FIXTURE_H

/* cmocka.h wants these first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "faulty_store.h"
#include "hivecast/v1/agent.pb-c.h"
#include "hivecast/v1/manager.pb-c.h"
#include "transport.h"
#include "wire_client.h"

struct fixture {
    void *context; /* of the clients */
    struct key_pair server_keys;
    struct faulty_store faulty;
    struct core core;
    struct transport *transport;
    int stop_fd;
    pthread_t thread;
    const char *control;
    const char *bulk;
};

/* An agent: a registered key. */
struct device {
    char id[ID_SIZE];
    struct key_pair keys;
};

int fixture_set_up(void **state);
int fixture_tear_down(void **state);

/* Registers a new key for id. */
struct device fixture_register(struct fixture *f, const char *id);
/* Makes a key that nobody knows. */
struct device fixture_stranger(const char *id);
/* Removes the target as the API does. */
void fixture_remove(struct fixture *f, const char *id);
/* Creates a task for one target, with the fake package of that id unless it is NULL; its id stays
 * in task_id. */
void fixture_deploy(struct fixture *f, const char *target_id, const char *package_id,
                    char task_id[static TASK_ID_SIZE]);
void fixture_stop_task(struct fixture *f, const char *task_id);
bool fixture_is_online(struct fixture *f, const char *id);
/* Waits until that is so; false when it does not come about for WIRE_WAIT_MS. */
bool fixture_wait_online(struct fixture *f, const char *id, bool is_online);
struct task_target fixture_row(struct fixture *f, const char *task_id, const char *target_id);
/* From this very call on, nothing can be committed, or everything again. */
void fixture_break_commits(struct fixture *f, bool broken);
uint64_t fixture_log_count(struct fixture *f);

void fixture_connect(struct fixture *f, const struct device *d, struct wire_client *control);
void fixture_connect_bulk(struct fixture *f, const struct device *d, struct wire_client *bulk);
/* Says Hello as id, with stream 1. */
enum err fixture_hello(struct wire_client *c, const char *id,
                       Hivecast__V1__HelloResponse **response);
/* Connects and says Hello. */
void fixture_join(struct fixture *f, const struct device *d, struct wire_client *control);

#endif
