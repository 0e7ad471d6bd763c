/* SPDX-License-Identifier: Apache-2.0 */
/* store_sqlite: one SQLite file in WAL mode, every commit synced; full text by FTS5. */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include "store.h"

MUST_CHECK enum err store_sqlite_open(const char *path, struct store **out, struct error *e);
MUST_CHECK enum err store_sqlite_open_reader(const char *path, struct store **out, struct error *e);

#endif
