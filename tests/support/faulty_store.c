/* SPDX-License-Identifier: Apache-2.0 */
#include "faulty_store.h"

static enum err trip(struct store *s, struct error *e)
{
    struct faulty_store *f = (struct faulty_store *)s;
    f->calls++;
    if (f->calls != f->fail_at)
        return ERR_OK;
    return error_set(e, f->code, "call %zu was made to fail", f->calls);
}

static struct store *inner(struct store *s)
{
    return ((struct faulty_store *)s)->inner;
}

#define PARAMS(...) (struct store * s, ##__VA_ARGS__, struct error * e)
#define ARGS(...) (inner(s), ##__VA_ARGS__, e)
/* One function of the table: fails when it is its turn, or passes the call on. */
#define PASS_ON(name, params, args)                                                                \
    static enum err faulty_##name params                                                           \
    {                                                                                              \
        enum err err = trip(s, e);                                                                 \
        return err != ERR_OK ? err : store_##name args;                                            \
    }

/* clang-format off */
PASS_ON(begin, PARAMS(), ARGS())
PASS_ON(mark, PARAMS(), ARGS())
PASS_ON(keep, PARAMS(), ARGS())
PASS_ON(target_put, PARAMS(const struct target *t), ARGS(t))
PASS_ON(target_delete, PARAMS(const char *id), ARGS(id))
PASS_ON(target_each, PARAMS(store_target_fn *fn, void *arg), ARGS(fn, arg))
PASS_ON(target_set_stored, PARAMS(const char *id, uint64_t stream, uint64_t seq), ARGS(id, stream, seq))
PASS_ON(task_insert, PARAMS(const struct task *t), ARGS(t))
PASS_ON(task_set_stopped, PARAMS(const char *id), ARGS(id))
PASS_ON(task_delete, PARAMS(const char *id), ARGS(id))
PASS_ON(task_get, PARAMS(const char *id, struct task *out), ARGS(id, out))
PASS_ON(task_list, PARAMS(const struct task_query *q, uint64_t *total, store_task_fn *fn, void *arg), ARGS(q, total, fn, arg))
PASS_ON(task_last_version, PARAMS(uint64_t *out), ARGS(out))
PASS_ON(row_put, PARAMS(const struct task_target *row), ARGS(row))
PASS_ON(row_get, PARAMS(const char *task, const char *target, struct task_target *out), ARGS(task, target, out))
PASS_ON(row_list, PARAMS(const struct row_query *q, uint64_t *total, store_row_fn *fn, void *arg), ARGS(q, total, fn, arg))
PASS_ON(row_outstanding, PARAMS(const char *target, store_row_fn *fn, void *arg), ARGS(target, fn, arg))
PASS_ON(row_of_target, PARAMS(const char *target, size_t max, store_row_fn *fn, void *arg), ARGS(target, max, fn, arg))
PASS_ON(row_counts, PARAMS(const char *task, struct task_counts *out), ARGS(task, out))
PASS_ON(log_append, PARAMS(const struct log_batch *batch), ARGS(batch))
PASS_ON(log_query, PARAMS(const struct log_query *q, uint64_t *total, store_log_fn *fn, void *arg), ARGS(q, total, fn, arg))
PASS_ON(token_set_insert, PARAMS(const struct token_set *set, const uint8_t *hashes, size_t count), ARGS(set, hashes, count))
PASS_ON(token_set_get, PARAMS(const char *name, struct token_set *out), ARGS(name, out))
PASS_ON(token_set_list, PARAMS(struct page page, uint64_t *total, store_token_set_fn *fn, void *arg), ARGS(page, total, fn, arg))
PASS_ON(token_set_delete, PARAMS(const char *name), ARGS(name))
PASS_ON(token_redeem, PARAMS(const uint8_t *hash, int64_t now_ms, char *set_name), ARGS(hash, now_ms, set_name))
/* clang-format on */

/* A commit that fails has not happened. */
static enum err commit(struct store *s, struct error *e)
{
    struct faulty_store *f = (struct faulty_store *)s;
    enum err err = trip(s, e);
    if (err == ERR_OK && f->fails_commits)
        err = error_set(e, f->code, "the disk is full");
    return err != ERR_OK ? err : store_commit(f->inner, e);
}

static void rollback(struct store *s)
{
    store_rollback(inner(s));
}

static void undo(struct store *s)
{
    store_undo(inner(s));
}

static void close_both(struct store *s)
{
    store_close(inner(s));
}

/* Packages are not core's: their functions are absent. */
static const struct store_ops ops = {
    .begin = faulty_begin,
    .commit = commit,
    .rollback = rollback,
    .mark = faulty_mark,
    .keep = faulty_keep,
    .undo = undo,
    .target_put = faulty_target_put,
    .target_delete = faulty_target_delete,
    .target_each = faulty_target_each,
    .target_set_stored = faulty_target_set_stored,
    .task_insert = faulty_task_insert,
    .task_set_stopped = faulty_task_set_stopped,
    .task_delete = faulty_task_delete,
    .task_get = faulty_task_get,
    .task_list = faulty_task_list,
    .task_last_version = faulty_task_last_version,
    .row_put = faulty_row_put,
    .row_get = faulty_row_get,
    .row_list = faulty_row_list,
    .row_outstanding = faulty_row_outstanding,
    .row_of_target = faulty_row_of_target,
    .row_counts = faulty_row_counts,
    .log_append = faulty_log_append,
    .log_query = faulty_log_query,
    .token_set_insert = faulty_token_set_insert,
    .token_set_get = faulty_token_set_get,
    .token_set_list = faulty_token_set_list,
    .token_set_delete = faulty_token_set_delete,
    .token_redeem = faulty_token_redeem,
    .close = close_both,
};

void faulty_store_init(struct faulty_store *f, struct store *take_inner)
{
    *f = (struct faulty_store){.store = {&ops}, .inner = take_inner, .code = ERR_NO_SPACE};
}
