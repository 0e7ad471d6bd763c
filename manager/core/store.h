/* SPDX-License-Identifier: Apache-2.0 */
/* store: what the manager must not forget, behind one table of functions.
 * The writing handle belongs to the core thread and works in turns: store_begin, any number of
 * operations, store_commit: durable when it returns ERR_OK. A handle opened with store_open_reader
 * sees committed facts only, refuses writes (ERR_FORBIDDEN), and belongs to one thread at a time.
 * Functions passed in may read the store, but not write to it. Backends embed struct store first;
 * one test suite runs on each. All functions fill e on failure.
 */
#ifndef STORE_H
#define STORE_H

#include "model.h"

struct store;

typedef bool store_target_fn(void *arg, const struct target *t); /* false stops, in all of these */
typedef bool store_task_fn(void *arg, const struct task *t);
typedef bool store_row_fn(void *arg, const struct task_target *row);
typedef bool store_log_fn(void *arg, const struct log_row *row);
typedef bool store_token_set_fn(void *arg, const struct token_set *set);
typedef bool store_name_fn(void *arg, const char *name);

struct task_query {
    const char *description; /* part of it, case-insensitive; NULL: any */
    bool has_state;
    enum task_state state; /* tasks with at least one row in it */
    struct page page;
};

struct row_query {
    const char *task_id;
    bool has_state;
    enum task_state state;
    struct page page;
};

enum log_sort { LOG_SORT_RECEIVED, LOG_SORT_TIME, LOG_SORT_TARGET, LOG_SORT_TASK };

/* Unset texts are NULL and match everything. */
struct log_query {
    const char *target_id;
    const char *task_id;
    enum stage stage;    /* STAGE_NONE: any */
    const char *command; /* equal */
    bool has_error;
    bool is_error;
    int64_t from_ms;  /* inclusive; 0: open */
    int64_t to_ms;    /* exclusive; 0: open */
    const char *text; /* words, all of which occur in output; "two words" in quotes is a phrase;
                         word* a prefix */
    enum log_sort sort;
    bool is_ascending; /* default is newest first */
    struct page page;
};

struct store_ops {
    enum err (*begin)(struct store *, struct error *);
    enum err (*commit)(struct store *, struct error *);
    void (*rollback)(struct store *);
    /* Nested, inside a turn: what came after mark is undone by undo and kept by keep. */
    enum err (*mark)(struct store *, struct error *);
    enum err (*keep)(struct store *, struct error *);
    void (*undo)(struct store *);

    /* Insert or replace by id. ERR_CONFLICT when another id has the public key. */
    enum err (*target_put)(struct store *, const struct target *, struct error *);
    /* With its rows and logs' ownership untouched: rows of the target are removed, logs stay. */
    enum err (*target_delete)(struct store *, const char *id, struct error *);
    /* Ordered by id. */
    enum err (*target_each)(struct store *, store_target_fn *, void *arg, struct error *);
    /* Only stream_id, stored_seq. */
    enum err (*target_set_stored)(struct store *, const char *id, uint64_t stream_id, uint64_t seq,
                                  struct error *);

    /* ERR_CONFLICT when the id is taken. */
    enum err (*task_insert)(struct store *, const struct task *, struct error *);
    enum err (*task_set_stopped)(struct store *, const char *id, struct error *);
    /* With its rows, its logs and its package reference. */
    enum err (*task_delete)(struct store *, const char *id, struct error *);
    /* Fills out (task_clear); ERR_NOT_FOUND. */
    enum err (*task_get)(struct store *, const char *id, struct task *out, struct error *);
    /* Newest first; without signed_task. */
    enum err (*task_list)(struct store *, const struct task_query *, uint64_t *total,
                          store_task_fn *, void *arg, struct error *);
    enum err (*task_last_version)(struct store *, uint64_t *out, struct error *);

    enum err (*row_put)(struct store *, const struct task_target *, struct error *);
    /* ERR_NOT_FOUND. */
    enum err (*row_get)(struct store *, const char *task_id, const char *target_id,
                        struct task_target *out, struct error *);
    /* Ordered by target id. */
    enum err (*row_list)(struct store *, const struct row_query *, uint64_t *total, store_row_fn *,
                         void *arg, struct error *);
    /* Rows of a target that are not final or have stop_wanted, by version. Indexed: called per
     * heartbeat. */
    enum err (*row_outstanding)(struct store *, const char *target_id, store_row_fn *, void *arg,
                                struct error *);
    /* All rows of a target, newest version first, at most max. */
    enum err (*row_of_target)(struct store *, const char *target_id, size_t max, store_row_fn *,
                              void *arg, struct error *);
    enum err (*row_counts)(struct store *, const char *task_id, struct task_counts *out,
                           struct error *);

    /* Adds the lines of a batch as rows. */
    enum err (*log_append)(struct store *, const struct log_batch *, struct error *);
    /* ERR_INVALID for a text that cannot be searched for. */
    enum err (*log_query)(struct store *, const struct log_query *, uint64_t *total, store_log_fn *,
                          void *arg, struct error *);

    /* ERR_CONFLICT when the name is taken. hashes: count of DIGEST_BYTES each. */
    enum err (*token_set_insert)(struct store *, const struct token_set *, const uint8_t *hashes,
                                 size_t count, struct error *);
    enum err (*token_set_get)(struct store *, const char *name, struct token_set *out,
                              struct error *);
    enum err (*token_set_list)(struct store *, struct page page, uint64_t *total,
                               store_token_set_fn *, void *arg, struct error *);
    enum err (*token_set_delete)(struct store *, const char *name, struct error *);
    /* Marks the token used and names its set; ERR_NOT_FOUND when unknown, used or expired at
     * now_ms. */
    enum err (*token_redeem)(struct store *, const uint8_t hash[DIGEST_BYTES], int64_t now_ms,
                             char set_name[ID_SIZE], struct error *);

    /* A package and the chunks that are new with it; places of chunks already known are kept as
     * they are. packs: the packs its index refers to; its own, of the same id, becomes known with
     * it, another that is not known is ERR_UNAVAILABLE. */
    enum err (*package_insert)(struct store *, const char *id, const struct package_info *,
                               const struct strlist *packs, struct error *);
    enum err (*chunk_insert)(struct store *, const uint8_t name[DIGEST_BYTES],
                             const struct chunk_place *, struct error *);
    /* *found tells whether it is known. */
    enum err (*chunk_find)(struct store *, const uint8_t name[DIGEST_BYTES],
                           struct chunk_place *out, bool *found, struct error *);
    /* Removes packages that no task uses, and packs that no package refers to with their chunks;
     * names both kinds of files the caller may then delete: package(arg, id), pack(arg, id). */
    enum err (*package_collect)(struct store *, store_name_fn *package, store_name_fn *pack,
                                void *arg, struct error *);
    enum err (*package_each)(struct store *, store_name_fn *, void *arg, struct error *);
    enum err (*pack_each)(struct store *, store_name_fn *, void *arg, struct error *);

    void (*close)(struct store *);
};

struct store {
    const struct store_ops *ops;
};

/* Thin wrappers: store_target_put(s, ...) calls s->ops->target_put(s, ...). */
#include "store_wrappers.h"

#endif
