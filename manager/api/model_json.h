/* SPDX-License-Identifier: Apache-2.0 */
/* model_json: facts of the model as the API shows them. Each returns a new reference, NULL without
 * memory. Thread: any; what is given must not change meanwhile. */
#ifndef MODEL_JSON_H
#define MODEL_JSON_H

#include <jansson.h>

#include "event_hub.h"
#include "model.h"

/* Bytes that are no UTF-8 become "?": agents are not trusted to send none. */
json_t *model_json_text(const char *text);
json_t *model_json_time(int64_t wall_ms);
json_t *model_json_tags(const struct tags *tags);
json_t *model_json_target(const struct target *t);
json_t *model_json_row(const struct task_target *row);
json_t *model_json_counts(const struct task_counts *counts);
/* Without its document and its counts. */
json_t *model_json_task(const struct task *t);
json_t *model_json_log_row(const struct log_row *row);
json_t *model_json_token_set(const struct token_set *set);
/* {seq, time, topic, data} */
json_t *model_json_event(const struct event *event);
/* {total, items, page, perPage}; takes items. */
json_t *model_json_list(uint64_t total, json_t *take_items, struct page page);

/* Adds take_value (NULL counts as no memory) to object; false without memory. */
bool model_json_put(json_t *object, const char *key, json_t *take_value);

#endif
