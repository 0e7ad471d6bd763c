/* SPDX-License-Identifier: Apache-2.0 */
#include "store_memory.h"

#include "store_memory_tables.h"

static struct memory_store *of(struct store *s)
{
    return (struct memory_store *)s;
}

static enum err begin_turn(struct store *s, struct error *e)
{
    return memory_begin(of(s), e);
}

static enum err commit_turn(struct store *s, struct error *e)
{
    return memory_commit(of(s), e);
}

static void rollback_turn(struct store *s)
{
    memory_rollback(of(s));
}

static enum err mark(struct store *s, struct error *e)
{
    return memory_mark(of(s), e);
}

static enum err keep(struct store *s, struct error *e)
{
    return memory_keep(of(s), e);
}

static void undo(struct store *s)
{
    memory_undo(of(s));
}

static void close_store(struct store *s)
{
    struct memory_store *m = of(s);
    memory_rollback(m);
    memory_db_close(m->db, m->is_reader);
    free(m);
}

static const struct store_ops ops = {
    .begin = begin_turn,
    .commit = commit_turn,
    .rollback = rollback_turn,
    .mark = mark,
    .keep = keep,
    .undo = undo,
    .target_put = memory_target_put,
    .target_delete = memory_target_delete,
    .target_each = memory_target_each,
    .target_set_stored = memory_target_set_stored,
    .task_insert = memory_task_insert,
    .task_set_stopped = memory_task_set_stopped,
    .task_delete = memory_task_delete,
    .task_get = memory_task_get,
    .task_list = memory_task_list,
    .task_last_version = memory_task_last_version,
    .row_put = memory_row_put,
    .row_get = memory_row_get,
    .row_list = memory_row_list,
    .row_outstanding = memory_row_outstanding,
    .row_of_target = memory_row_of_target,
    .row_counts = memory_row_counts,
    .log_append = memory_log_append,
    .log_query = memory_log_query,
    .token_set_insert = memory_token_set_insert,
    .token_set_get = memory_token_set_get,
    .token_set_list = memory_token_set_list,
    .token_set_delete = memory_token_set_delete,
    .token_redeem = memory_token_redeem,
    .package_insert = memory_package_insert,
    .chunk_insert = memory_chunk_insert,
    .chunk_find = memory_chunk_find,
    .package_collect = memory_package_collect,
    .package_each = memory_package_each,
    .pack_each = memory_pack_each,
    .close = close_store,
};

static enum err open_handle(const char *path, bool is_reader, struct store **out, struct error *e)
{
    AUTO_FREE struct memory_store *m = calloc(1, sizeof(*m));
    if (m == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for a store handle");
    m->store.ops = &ops;
    m->is_reader = is_reader;
    enum err err = memory_db_open(path, is_reader, &m->db, e);
    if (err == ERR_OK)
        *out = &TAKE(m)->store;
    return err;
}

enum err store_memory_open(const char *path, struct store **out, struct error *e)
{
    return open_handle(path, false, out, e);
}

enum err store_memory_open_reader(const char *path, struct store **out, struct error *e)
{
    return open_handle(path, true, out, e);
}
