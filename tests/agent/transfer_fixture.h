/* SPDX-License-Identifier: Apache-2.0 */
/* transfer_fixture: a transfer from a fake manager over real CURVE sockets, both on one loop, and a
 * package with everything a tree may hold. */
#ifndef TRANSFER_FIXTURE_H
#define TRANSFER_FIXTURE_H

#include "fake_manager.h"
#include "transfer.h"

enum { FILE_COUNT = 11 };
extern const struct sample_file transfer_fixture_files[FILE_COUNT];

struct transfer_fixture {
    char dir[64];
    char manifest_path[96];
    char tree_path[96];
    char old_manifest_path[96];
    char old_tree_path[96];
    void *zmq;
    struct loop *loop;
    struct fake_manager manager;
    struct key_pair keys;
    struct dealer_config config;
    struct transfer *transfer;
    struct sample_package package;
    struct sample_package old;
    int done;
    struct error failure;
    struct transfer_progress progress;
};
extern struct transfer_fixture f;

int transfer_fixture_setup(void **state);
int transfer_fixture_teardown(void **state);
/* Of the package to the tree. */
struct transfer_request transfer_fixture_request(const char *task_id);
/* Adds that request, with the old release if there is one. */
void transfer_fixture_add(const char *task_id);
void transfer_fixture_turn_until(bool (*is_true)(void));
bool transfer_fixture_is_done(void);
/* Turns until the transfer is done and the tree is as it was made; or has failed with code. */
void transfer_fixture_succeeds(void);
void transfer_fixture_fails(enum err code);

#endif
