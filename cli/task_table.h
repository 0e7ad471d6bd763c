/* SPDX-License-Identifier: Apache-2.0 */
/* task_table: tasks, and rows of tasks on targets, as tables for people. */
#ifndef TASK_TABLE_H
#define TASK_TABLE_H

#include <jansson.h>

#include "err.h"

/* Items of GET /tasks. */
MUST_CHECK enum err task_table_print(const json_t *tasks, struct error *e);
/* Items of GET /tasks/ID/targets, or tasks of GET /targets/ID; key names the first column. */
MUST_CHECK enum err task_table_rows(const json_t *rows, const char *key, struct error *e);

#endif
