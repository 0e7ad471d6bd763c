/* SPDX-License-Identifier: Apache-2.0 */
/* row_list: rows read from the store before they are changed, since a callback of the store must
 * not write. Part of task_manager. Thread: core only. */
#ifndef ROW_LIST_H
#define ROW_LIST_H

#include "store.h"

/* Zero-initialised is empty; the memory is used again by the next read. */
struct row_list {
    struct task_target *items;
    size_t count;
    size_t capacity;
    bool is_short; /* memory ran out */
};

void row_list_clear(struct row_list *l);
/* Replace the content by: rows of the target that want something; rows of the target that a stop
 * would touch; one page of the rows of a task (counted from 1, *more: there are further ones). */
MUST_CHECK enum err row_list_outstanding(struct row_list *l, struct store *store,
                                         const char *target_id, struct error *e);
MUST_CHECK enum err row_list_stoppable(struct row_list *l, struct store *store,
                                       const char *target_id, struct error *e);
MUST_CHECK enum err row_list_page(struct row_list *l, struct store *store, const char *task_id,
                                  uint32_t page, bool *more, struct error *e);

#endif
