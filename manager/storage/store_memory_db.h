/* SPDX-License-Identifier: Apache-2.0 */
/* store_memory_db: what the memory backend is made of: tables of immutable records, ordered by a
 * text key, and a journal of changes. The writer works on the current tables; undoing runs the
 * journal backwards, committing runs it forwards on the committed tables, which readers see under a
 * lock. Records are shared by tables and journal and counted. */
#ifndef STORE_MEMORY_DB_H
#define STORE_MEMORY_DB_H

#include "store.h"

enum { MEMORY_KEY_SIZE = 136 };

enum memory_kind {
    MEMORY_TARGETS,
    MEMORY_TASKS,
    MEMORY_ROWS,
    MEMORY_LOGS,
    MEMORY_TOKEN_SETS,
    MEMORY_TOKENS,
    MEMORY_PACKAGES,
    MEMORY_PACKS,
    MEMORY_CHUNKS,
    MEMORY_NUMBERS,
    MEMORY_KIND_COUNT
};

struct memory_db;
struct memory_store {
    struct store store; /* first */
    struct memory_db *db;
    bool is_reader;
};

/* Finds or makes what path names; private when path is "". A reader finds only. */
MUST_CHECK enum err memory_db_open(const char *path, bool is_reader, struct memory_db **out,
                                   struct error *e);
void memory_db_close(struct memory_db *db, bool is_reader);

MUST_CHECK enum err memory_begin(struct memory_store *m, struct error *e);
MUST_CHECK enum err memory_commit(struct memory_store *m, struct error *e);
void memory_rollback(struct memory_store *m);
MUST_CHECK enum err memory_mark(struct memory_store *m, struct error *e);
MUST_CHECK enum err memory_keep(struct memory_store *m, struct error *e);
void memory_undo(struct memory_store *m);

/* Moves size bytes of payload under key, in place of what was there; clear (may be NULL) frees what
 * they own, also when this fails. */
typedef void memory_clear_fn(void *payload);
MUST_CHECK enum err memory_put(struct memory_store *m, enum memory_kind kind, const char *key,
                               void *payload, size_t size, memory_clear_fn *clear, struct error *e);
/* Nothing there is fine. */
MUST_CHECK enum err memory_remove(struct memory_store *m, enum memory_kind kind, const char *key,
                                  struct error *e);

/* Readers hold the lock while they look; the writer needs none. */
struct memory_store *memory_lock(struct memory_store *m);
void memory_unlock(struct memory_store *m);
AUTO_DEFINE(struct memory_store *, memory_unlock)
/* NULL when there is none. What these return stays valid until the turn ends. */
const void *memory_find(const struct memory_store *m, enum memory_kind kind, const char *key);
size_t memory_count(const struct memory_store *m, enum memory_kind kind);
const void *memory_at(const struct memory_store *m, enum memory_kind kind, size_t i);
const char *memory_key_at(const struct memory_store *m, enum memory_kind kind, size_t i);
/* The place of the first record whose key is not before key. */
size_t memory_seek(const struct memory_store *m, enum memory_kind kind, const char *key);

/* A number by name; 0 while it was never set. */
uint64_t memory_number(const struct memory_store *m, const char *name);
MUST_CHECK enum err memory_set_number(struct memory_store *m, const char *name, uint64_t value,
                                      struct error *e);

#endif
