/* SPDX-License-Identifier: Apache-2.0 */
/* control_fixture: a transport client and a fake manager over real CURVE sockets, both on one loop;
 * the rest of the agent is an Announce handler and a journal of empty reports. */
#ifndef CONTROL_FIXTURE_H
#define CONTROL_FIXTURE_H

#include "fake_manager.h"
#include "transport_client.h"

struct control_fixture {
    char dir[64];
    void *zmq;
    struct loop *loop;
    struct fake_manager manager;
    struct key_pair keys;
    struct transport_options options;
    struct transport_client *client;
    int ups;
    int downs;
    char announced[65];
    enum err answer; /* of the Announce handler */
    uint64_t confirmed;
    uint64_t written; /* reports */
    int replies;
    void *zap; /* only where a test opened it */
    struct loop_watch zap_watch;
    const char *zap_status;
    int zap_requests;
    struct error failure; /* of the last reply */
};
extern struct control_fixture f;

int control_fixture_setup(void **state);
int control_fixture_teardown(void **state);
void control_fixture_turn_until(bool (*is_true)(void));
bool control_fixture_is_online(void);
/* Starts the client and waits for it. */
void control_fixture_go_online(void);
/* The manager heard one heartbeat. */
bool control_fixture_has_beaten(void);

#endif
