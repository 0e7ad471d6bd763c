/* SPDX-License-Identifier: Apache-2.0 */
/* store_sqlite_schema: the tables of the database, as steps from each version to the next. */
#ifndef STORE_SQLITE_SCHEMA_H
#define STORE_SQLITE_SCHEMA_H

#include "store_sqlite_query.h"

/* The version this program writes: the number of steps. */
int schema_version(void);
/* Takes the steps that the database has not seen, each in a transaction of its own. ERR_UNSUPPORTED
 * when it has seen more, ERR_CORRUPT for a database of something else. */
MUST_CHECK enum err schema_apply(struct sqlite_store *s, const char *const *list, int count,
                                 struct error *e);
/* The same with the steps of this program. */
MUST_CHECK enum err schema_migrate(struct sqlite_store *s, struct error *e);
/* ERR_UNSUPPORTED unless the database has exactly schema_version. */
MUST_CHECK enum err schema_check(struct sqlite_store *s, struct error *e);

#endif
