/* SPDX-License-Identifier: Apache-2.0 */
/* names: which texts may be an id, a tag or an app, and the compact set of tags.
 * Ids and apps: [A-Za-z0-9][A-Za-z0-9._-]*, at most ID_MAX, never "." or "..": safe as file names.
 * Tags: [A-Za-z0-9][A-Za-z0-9._:@/-]*, at most TAG_MAX. */
#ifndef NAMES_H
#define NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "limits.h"

/* what names the field in the error: "target id 'a/b': only letters, digits, ...". */
MUST_CHECK enum err names_check_id(const char *what, const char *text, struct error *e);
MUST_CHECK enum err names_check_tag(const char *what, const char *text, struct error *e);

/* Copies text for an error message: bytes that are not printable ASCII become '?', what does not
 * fit ends in "...". Returns out. */
const char *names_printable(const char *text, char *out, size_t size);

/* Edits (Levenshtein) between two names; what is behind the first ID_MAX characters does not count.
 */
size_t names_distance(const char *a, const char *b);

/* A set of tags in plain memory: sorted, each once, as ",a,b," or "". */
struct tags {
    char text[TAGS_SIZE];
};

/* Adding one that is there changes nothing. ERR_INVALID for a bad tag, ERR_TOO_LARGE beyond
 * TAGS_MAX tags or TAGS_SIZE bytes; then the set is as it was. */
MUST_CHECK enum err tags_add(struct tags *t, const char *tag, struct error *e);
/* Removing one that is not there changes nothing. */
void tags_remove(struct tags *t, const char *tag);
bool tags_has(const struct tags *t, const char *tag);
size_t tags_count(const struct tags *t);
/* Copies tag number i (from 0) into out; false when there is none. */
bool tags_at(const struct tags *t, size_t i, char out[static TAG_MAX + 1]);
/* Comma-separated list as people type it: "a, b". Replaces the set. */
MUST_CHECK enum err tags_parse(struct tags *t, const char *list, struct error *e);
bool tags_equal(const struct tags *a, const struct tags *b);
/* Whether they share a tag. */
bool tags_overlap(const struct tags *a, const struct tags *b);

#endif
