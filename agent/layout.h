/* SPDX-License-Identifier: Apache-2.0 */
/* layout: where things lie below the agent's data directory, and the one link that says which
 * release of an app is active.
 *   tasks/TASK/{state,task,manifest}   apps/APP/{releases/TASK/,current,data/}
 * Ids and apps are checked names. Thread: the loop's. */
#ifndef LAYOUT_H
#define LAYOUT_H

#include "agent_model.h"

/* Caller frees. leaf "" is the directory itself. */
MUST_CHECK enum err layout_task(const char *data_dir, const char *task_id, const char *leaf,
                                char **out, struct error *e);
MUST_CHECK enum err layout_app(const char *data_dir, const char *app, const char *leaf, char **out,
                               struct error *e);
MUST_CHECK enum err layout_release(const char *data_dir, const char *app, const char *task_id,
                                   char **out, struct error *e);

/* Makes the directories of an app: releases/ and data/. */
MUST_CHECK enum err layout_make_app(const char *data_dir, const char *app, struct error *e);
/* The task whose release is active; "" when there is none. */
void layout_current(const char *data_dir, const char *app, char out[static TASK_ID_SIZE]);
/* Makes the release of task_id the active one: one rename, durable when it returns. "" leaves the
 * app without one. */
MUST_CHECK enum err layout_switch(const char *data_dir, const char *app, const char *task_id,
                                  struct error *e);

/* Calls fn for each name in a directory; a missing one has none. Names may be removed meanwhile. */
typedef void layout_name_fn(void *arg, const char *name);
MUST_CHECK enum err layout_each(const char *dir, layout_name_fn *fn, void *arg, struct error *e);
/* Whether the directory at path has no entries. */
bool layout_is_empty(const char *path);

#endif
