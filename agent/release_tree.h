/* SPDX-License-Identifier: Apache-2.0 */
/* release_tree: the files of a release under one directory, as its manifest describes them; see
 * release_writer.h, release_reader.h, release_verifier.h and release_index.h for what is done with
 * them. No path leaves the directory and no link is followed. */
#ifndef RELEASE_TREE_H
#define RELEASE_TREE_H

#include "manifest.h"

/* Where a release lies and what it should be; borrowed. */
struct release_place {
    const char *manifest_path;
    const char *tree_path;
    const struct package_info *package;
};

/* `hivecast-agent internal-sync DIR` and `internal-remove DIR`: blocking work for a child process.
 * Return the exit status, 0 for success; errors are logged. A missing DIR is fine for
 * internal-remove. */
int release_tree_sync_main(const char *path);
int release_tree_remove_main(const char *path);

#endif
