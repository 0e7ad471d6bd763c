/* SPDX-License-Identifier: Apache-2.0 */
/* store_sqlite_tables: the operations of store.h on SQLite, one file per group of tables
 * (store_sqlite_targets.c, ...); store_sqlite.c puts them into the table of operations. */
#ifndef STORE_SQLITE_TABLES_H
#define STORE_SQLITE_TABLES_H

#include "store_sqlite_query.h"

enum err sqlite_target_put(struct store *, const struct target *, struct error *);
enum err sqlite_target_delete(struct store *, const char *id, struct error *);
enum err sqlite_target_each(struct store *, store_target_fn *, void *arg, struct error *);
enum err sqlite_target_set_stored(struct store *, const char *id, uint64_t stream_id, uint64_t seq,
                                  struct error *);

enum err sqlite_task_insert(struct store *, const struct task *, struct error *);
enum err sqlite_task_set_stopped(struct store *, const char *id, struct error *);
enum err sqlite_task_delete(struct store *, const char *id, struct error *);
enum err sqlite_task_get(struct store *, const char *id, struct task *out, struct error *);
enum err sqlite_task_list(struct store *, const struct task_query *, uint64_t *total,
                          store_task_fn *, void *arg, struct error *);
enum err sqlite_task_last_version(struct store *, uint64_t *out, struct error *);

enum err sqlite_row_put(struct store *, const struct task_target *, struct error *);
enum err sqlite_row_get(struct store *, const char *task_id, const char *target_id,
                        struct task_target *out, struct error *);
enum err sqlite_row_list(struct store *, const struct row_query *, uint64_t *total, store_row_fn *,
                         void *arg, struct error *);
enum err sqlite_row_outstanding(struct store *, const char *target_id, store_row_fn *, void *arg,
                                struct error *);
enum err sqlite_row_of_target(struct store *, const char *target_id, size_t max, store_row_fn *,
                              void *arg, struct error *);
enum err sqlite_row_counts(struct store *, const char *task_id, struct task_counts *out,
                           struct error *);

enum err sqlite_log_append(struct store *, const struct log_batch *, struct error *);
enum err sqlite_log_query(struct store *, const struct log_query *, uint64_t *total, store_log_fn *,
                          void *arg, struct error *);
/* Part of sqlite_task_delete. */
enum err sqlite_log_delete_task(struct sqlite_store *s, const char *task_id, struct error *e);

enum err sqlite_token_set_insert(struct store *, const struct token_set *, const uint8_t *hashes,
                                 size_t count, struct error *);
enum err sqlite_token_set_get(struct store *, const char *name, struct token_set *out,
                              struct error *);
enum err sqlite_token_set_list(struct store *, struct page page, uint64_t *total,
                               store_token_set_fn *, void *arg, struct error *);
enum err sqlite_token_set_delete(struct store *, const char *name, struct error *);
enum err sqlite_token_redeem(struct store *, const uint8_t hash[DIGEST_BYTES], int64_t now_ms,
                             char set_name[ID_SIZE], struct error *);

enum err sqlite_package_insert(struct store *, const char *id, const struct package_info *,
                               const struct strlist *packs, struct error *);
enum err sqlite_chunk_insert(struct store *, const uint8_t name[DIGEST_BYTES],
                             const struct chunk_place *, struct error *);
enum err sqlite_chunk_find(struct store *, const uint8_t name[DIGEST_BYTES],
                           struct chunk_place *out, bool *found, struct error *);
enum err sqlite_package_collect(struct store *, store_name_fn *package, store_name_fn *pack,
                                void *arg, struct error *);
enum err sqlite_package_each(struct store *, store_name_fn *, void *arg, struct error *);
enum err sqlite_pack_each(struct store *, store_name_fn *, void *arg, struct error *);

/* The first row of a page, and its length; pages count from 1. */
static inline int64_t page_offset(struct page page)
{
    return page.number <= 1 ? 0 : (int64_t)(page.number - 1) * (int64_t)page.size;
}

/* ERR_NOT_FOUND unless the statement that ran last changed a row. */
MUST_CHECK enum err sqlite_check_changed(struct sqlite_store *s, const char *what, const char *name,
                                         struct error *e);
/* The one number that a SELECT with at most one text parameter (NULL: none) gives. */
MUST_CHECK enum err sqlite_number(struct sqlite_store *s, const char *sql, const char *parameter,
                                  int64_t *out, struct error *e);

#endif
