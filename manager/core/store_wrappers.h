/* SPDX-License-Identifier: Apache-2.0 */
/* store_wrappers: store_NAME(s, ...) for every member of struct store_ops. Part of store.h, which
 * includes it. */
#ifndef STORE_WRAPPERS_H
#define STORE_WRAPPERS_H

MUST_CHECK static inline enum err store_begin(struct store *s, struct error *e)
{
    return s->ops->begin(s, e);
}

MUST_CHECK static inline enum err store_commit(struct store *s, struct error *e)
{
    return s->ops->commit(s, e);
}

static inline void store_rollback(struct store *s)
{
    s->ops->rollback(s);
}

MUST_CHECK static inline enum err store_mark(struct store *s, struct error *e)
{
    return s->ops->mark(s, e);
}

MUST_CHECK static inline enum err store_keep(struct store *s, struct error *e)
{
    return s->ops->keep(s, e);
}

static inline void store_undo(struct store *s)
{
    s->ops->undo(s);
}

MUST_CHECK static inline enum err store_target_put(struct store *s, const struct target *target,
                                                   struct error *e)
{
    return s->ops->target_put(s, target, e);
}

MUST_CHECK static inline enum err store_target_delete(struct store *s, const char *id,
                                                      struct error *e)
{
    return s->ops->target_delete(s, id, e);
}

MUST_CHECK static inline enum err store_target_each(struct store *s, store_target_fn *fn, void *arg,
                                                    struct error *e)
{
    return s->ops->target_each(s, fn, arg, e);
}

MUST_CHECK static inline enum err store_target_set_stored(struct store *s, const char *id,
                                                          uint64_t stream_id, uint64_t seq,
                                                          struct error *e)
{
    return s->ops->target_set_stored(s, id, stream_id, seq, e);
}

MUST_CHECK static inline enum err store_task_insert(struct store *s, const struct task *task,
                                                    struct error *e)
{
    return s->ops->task_insert(s, task, e);
}

MUST_CHECK static inline enum err store_task_set_stopped(struct store *s, const char *id,
                                                         struct error *e)
{
    return s->ops->task_set_stopped(s, id, e);
}

MUST_CHECK static inline enum err store_task_delete(struct store *s, const char *id,
                                                    struct error *e)
{
    return s->ops->task_delete(s, id, e);
}

MUST_CHECK static inline enum err store_task_get(struct store *s, const char *id, struct task *out,
                                                 struct error *e)
{
    return s->ops->task_get(s, id, out, e);
}

MUST_CHECK static inline enum err store_task_list(struct store *s, const struct task_query *q,
                                                  uint64_t *total, store_task_fn *fn, void *arg,
                                                  struct error *e)
{
    return s->ops->task_list(s, q, total, fn, arg, e);
}

MUST_CHECK static inline enum err store_task_last_version(struct store *s, uint64_t *out,
                                                          struct error *e)
{
    return s->ops->task_last_version(s, out, e);
}

MUST_CHECK static inline enum err store_row_put(struct store *s, const struct task_target *row,
                                                struct error *e)
{
    return s->ops->row_put(s, row, e);
}

MUST_CHECK static inline enum err store_row_get(struct store *s, const char *task_id,
                                                const char *target_id, struct task_target *out,
                                                struct error *e)
{
    return s->ops->row_get(s, task_id, target_id, out, e);
}

MUST_CHECK static inline enum err store_row_list(struct store *s, const struct row_query *q,
                                                 uint64_t *total, store_row_fn *fn, void *arg,
                                                 struct error *e)
{
    return s->ops->row_list(s, q, total, fn, arg, e);
}

MUST_CHECK static inline enum err store_row_outstanding(struct store *s, const char *target_id,
                                                        store_row_fn *fn, void *arg,
                                                        struct error *e)
{
    return s->ops->row_outstanding(s, target_id, fn, arg, e);
}

MUST_CHECK static inline enum err store_row_of_target(struct store *s, const char *target_id,
                                                      size_t max, store_row_fn *fn, void *arg,
                                                      struct error *e)
{
    return s->ops->row_of_target(s, target_id, max, fn, arg, e);
}

MUST_CHECK static inline enum err store_row_counts(struct store *s, const char *task_id,
                                                   struct task_counts *out, struct error *e)
{
    return s->ops->row_counts(s, task_id, out, e);
}

MUST_CHECK static inline enum err store_log_append(struct store *s, const struct log_batch *batch,
                                                   struct error *e)
{
    return s->ops->log_append(s, batch, e);
}

MUST_CHECK static inline enum err store_log_query(struct store *s, const struct log_query *q,
                                                  uint64_t *total, store_log_fn *fn, void *arg,
                                                  struct error *e)
{
    return s->ops->log_query(s, q, total, fn, arg, e);
}

MUST_CHECK static inline enum err store_token_set_insert(struct store *s,
                                                         const struct token_set *set,
                                                         const uint8_t *hashes, size_t count,
                                                         struct error *e)
{
    return s->ops->token_set_insert(s, set, hashes, count, e);
}

MUST_CHECK static inline enum err store_token_set_get(struct store *s, const char *name,
                                                      struct token_set *out, struct error *e)
{
    return s->ops->token_set_get(s, name, out, e);
}

MUST_CHECK static inline enum err store_token_set_list(struct store *s, struct page page,
                                                       uint64_t *total, store_token_set_fn *fn,
                                                       void *arg, struct error *e)
{
    return s->ops->token_set_list(s, page, total, fn, arg, e);
}

MUST_CHECK static inline enum err store_token_set_delete(struct store *s, const char *name,
                                                         struct error *e)
{
    return s->ops->token_set_delete(s, name, e);
}

MUST_CHECK static inline enum err store_token_redeem(struct store *s,
                                                     const uint8_t hash[DIGEST_BYTES],
                                                     int64_t now_ms, char set_name[ID_SIZE],
                                                     struct error *e)
{
    return s->ops->token_redeem(s, hash, now_ms, set_name, e);
}

MUST_CHECK static inline enum err store_package_insert(struct store *s, const char *id,
                                                       const struct package_info *info,
                                                       const struct strlist *packs, struct error *e)
{
    return s->ops->package_insert(s, id, info, packs, e);
}

MUST_CHECK static inline enum err store_chunk_insert(struct store *s,
                                                     const uint8_t name[DIGEST_BYTES],
                                                     const struct chunk_place *place,
                                                     struct error *e)
{
    return s->ops->chunk_insert(s, name, place, e);
}

MUST_CHECK static inline enum err store_chunk_find(struct store *s,
                                                   const uint8_t name[DIGEST_BYTES],
                                                   struct chunk_place *out, bool *found,
                                                   struct error *e)
{
    return s->ops->chunk_find(s, name, out, found, e);
}

MUST_CHECK static inline enum err store_package_collect(struct store *s, store_name_fn *package,
                                                        store_name_fn *pack, void *arg,
                                                        struct error *e)
{
    return s->ops->package_collect(s, package, pack, arg, e);
}

MUST_CHECK static inline enum err store_package_each(struct store *s, store_name_fn *fn, void *arg,
                                                     struct error *e)
{
    return s->ops->package_each(s, fn, arg, e);
}

MUST_CHECK static inline enum err store_pack_each(struct store *s, store_name_fn *fn, void *arg,
                                                  struct error *e)
{
    return s->ops->pack_each(s, fn, arg, e);
}

static inline void store_close(struct store *s)
{
    s->ops->close(s);
}

#endif
