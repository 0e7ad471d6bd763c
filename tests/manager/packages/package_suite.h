/* SPDX-License-Identifier: Apache-2.0 */
/* package_suite: a package store with an SQLite store in a directory of their own, trees to make
 * packages of, and the way back: what a package says, checked against a tree. */
#ifndef PACKAGE_SUITE_H
#define PACKAGE_SUITE_H

/* cmocka.h wants these first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "package_store.h"
#include "store_backends.h"

struct fixture {
    char dir[64];
    char data[96]; /* of the manager */
    char tree[96]; /* source directory */
    struct store *store;
    struct store *reader;
    struct package_store *packages;
    uint64_t versions; /* of tasks */
};

int package_set_up(void **state);
int package_tear_down(void **state);

void package_ok(enum err err, const struct error *e);
#define OK(call)                                                                                   \
    do {                                                                                           \
        struct error e_ = {.code = ERR_OK};                                                        \
        struct error *const e = &e_;                                                               \
        package_ok(call, e);                                                                       \
    } while (0)

/* Closes the package store and opens it again; no clean-up. */
void package_reopen(struct fixture *f);

/* Things in the tree; directories on the way are made. */
void tree_file(struct fixture *f, const char *path, const void *data, size_t size, unsigned mode);
/* size bytes that do not compress and follow from seed. */
void tree_noise(struct fixture *f, const char *path, size_t size, uint32_t seed);
void tree_dir(struct fixture *f, const char *path);
void tree_link(struct fixture *f, const char *path, const char *target);
void fill_noise(uint8_t *data, size_t size, uint32_t seed);

/* A package of one path of the tree. */
enum err package_of_path(struct fixture *f, const char *path, struct package_draft **out,
                         struct error *e);
/* The same, and a task that uses it, committed. */
void package_make(struct fixture *f, const char *path, struct package_draft **out);
/* Puts a draft and a task that uses it into the store. */
void package_commit(struct fixture *f, struct package_draft *d);
/* Deletes tasks in order of making, and the files that nobody needs then. */
void package_delete_tasks(struct fixture *f, uint64_t up_to);

/* Reads the package as an agent would and asserts that it holds what is at path of the tree, and
 * nothing else. */
void package_check(struct fixture *f, const struct package_draft *d, const char *path);
/* Opens every chunk; the first error. */
enum err package_read_all(struct fixture *f, const struct package_draft *d, struct error *e);
/* Number of names in a directory of the manager's data. */
size_t package_count_files(struct fixture *f, const char *dir);

#endif
