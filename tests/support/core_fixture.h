/* SPDX-License-Identifier: Apache-2.0 */
/* core_fixture: a whole core over a memory store and a fake outbox, with a turn open, and the short
 * words its tests are written in. What must not fail is asserted. */
#ifndef CORE_FIXTURE_H
#define CORE_FIXTURE_H

#include "core.h"
#include "fake_outbox.h"

struct core_fixture {
    struct core core;
    struct fake_outbox outbox;
    struct event_reader *reader; /* everything */
};

/* For cmocka_unit_test_setup_teardown. */
int core_fixture_setup(void **state);
int core_fixture_teardown(void **state);
/* With a store of the caller's; NULL: memory. */
struct core_fixture *core_fixture_new(struct store *take_store);
void core_fixture_free(struct core_fixture *f);

/* Ends the turn and opens the next one. */
void core_fixture_commit(struct core_fixture *f);

/* Registers a target with a key made of its id. tags: "a,b" or "". */
void add_target(struct core_fixture *f, const char *id, const char *tags);
/* The agent says Hello with these tags. */
void connect_target(struct core_fixture *f, const char *id, const char *tags);
/* A draft with one run command for the targets: ids and tags separated by commas, or "". */
void draft_init(struct task *task, const char *ids, const char *tags);
/* Creates such a task; id gets its name. */
void create_task(struct core_fixture *f, const char *ids, char id[TASK_ID_SIZE]);
struct task_target get_row(struct core_fixture *f, const char *task_id, const char *target_id);
/* Sets a row as if the agent had come that far. */
void set_row(struct core_fixture *f, const char *task_id, const char *target_id,
             enum task_state state, enum run_state run_state);
/* How many released events of a topic wait for the reader, which takes them. */
size_t take_events(struct core_fixture *f, unsigned topic);

#endif
