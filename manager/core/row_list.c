/* SPDX-License-Identifier: Apache-2.0 */
#include "row_list.h"

#include "task_state.h"

enum { PAGE_SIZE = 256, ROWS_MAX = 1000000 };

void row_list_clear(struct row_list *l)
{
    free(l->items);
    *l = (struct row_list){0};
}

static bool add(void *arg, const struct task_target *row)
{
    struct row_list *l = arg;
    if (l->count == l->capacity) {
        size_t capacity = l->capacity == 0 ? 16 : l->capacity * 2;
        struct task_target *items = reallocarray(l->items, capacity, sizeof(*items));
        if (items == NULL) {
            l->is_short = true;
            return false;
        }
        l->items = items;
        l->capacity = capacity;
    }
    l->items[l->count++] = *row;
    return true;
}

static bool add_stoppable(void *arg, const struct task_target *row)
{
    return !task_state_is_stoppable(row) || add(arg, row);
}

static void start(struct row_list *l)
{
    l->count = 0;
    l->is_short = false;
}

static enum err finish(const struct row_list *l, enum err err, struct error *e)
{
    if (err == ERR_OK && l->is_short)
        return error_set(e, ERR_NO_MEMORY, "no memory for the rows of a task");
    return err;
}

enum err row_list_outstanding(struct row_list *l, struct store *store, const char *target_id,
                              struct error *e)
{
    start(l);
    return finish(l, store_row_outstanding(store, target_id, add, l, e), e);
}

enum err row_list_stoppable(struct row_list *l, struct store *store, const char *target_id,
                            struct error *e)
{
    start(l);
    return finish(l, store_row_of_target(store, target_id, ROWS_MAX, add_stoppable, l, e), e);
}

enum err row_list_page(struct row_list *l, struct store *store, const char *task_id, uint32_t page,
                       bool *more, struct error *e)
{
    start(l);
    const struct row_query q = {.task_id = task_id, .page = {page, PAGE_SIZE}};
    uint64_t total;
    enum err err = finish(l, store_row_list(store, &q, &total, add, l, e), e);
    *more = err == ERR_OK && l->count == PAGE_SIZE;
    return err;
}
