/* SPDX-License-Identifier: Apache-2.0 */
/* names: see names.h. Character classes are spelled out: ctype.h depends on the locale. */
#include "names.h"

#include <stdio.h>
#include <string.h>

#define ALPHANUMERIC "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

const char *names_printable(const char *text, char *out, size_t size)
{
    size_t i = 0;
    for (; text[i] != '\0' && i + 1 < size; i++)
        out[i] = text[i];
    if (text[i] != '\0' && size > 4)
        memcpy(out + i - 3, "...", 3);
    out[i] = '\0';
    for (size_t k = 0; k < i; k++) {
        if (out[k] < 0x20 || out[k] > 0x7e)
            out[k] = '?';
    }
    return out;
}

size_t names_distance(const char *a, const char *b)
{
    size_t row[ID_MAX + 1];
    size_t columns = strnlen(b, ID_MAX);
    for (size_t j = 0; j <= columns; j++)
        row[j] = j;
    for (size_t i = 0; a[i] != '\0' && i < ID_MAX; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 1; j <= columns; j++) {
            size_t best = diagonal + (a[i] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[columns];
}

static enum err check(const char *what, const char *text, const char *allowed, size_t max,
                      struct error *e)
{
    char shown[ID_SIZE];
    names_printable(text, shown, sizeof(shown));
    size_t length = strlen(text);
    if (length == 0)
        return error_set(e, ERR_INVALID, "%s is empty", what);
    if (length > max)
        return error_set(e, ERR_INVALID, "%s '%s': longer than %zu characters", what, shown, max);
    if (strchr(ALPHANUMERIC, text[0]) == NULL)
        return error_set(e, ERR_INVALID, "%s '%s': must begin with a letter or a digit", what,
                         shown);
    if (strspn(text, allowed) != length)
        return error_set(e, ERR_INVALID, "%s '%s': only letters, digits and %s are allowed", what,
                         shown, allowed + sizeof(ALPHANUMERIC) - 1);
    return ERR_OK;
}

enum err names_check_id(const char *what, const char *text, struct error *e)
{
    return check(what, text, ALPHANUMERIC "._-", ID_MAX, e);
}

enum err names_check_tag(const char *what, const char *text, struct error *e)
{
    return check(what, text, ALPHANUMERIC "._:@/-", TAG_MAX, e);
}

/* Where the present tag begins and how long it is; NULL behind the last. Walk from t->text. */
static const char *next_tag(const char *at, size_t *length)
{
    if (at[0] == '\0' || at[1] == '\0')
        return NULL;
    *length = strcspn(at + 1, ",");
    return at + 1;
}

/* The tag itself when it is there, else the place to insert it (in front of a comma). */
static const char *place_of(const struct tags *t, const char *tag, size_t tag_length, bool *found)
{
    const char *at = t->text;
    size_t length = 0;
    const char *present = NULL;
    *found = false;
    while ((present = next_tag(at, &length)) != NULL) {
        size_t shorter = length < tag_length ? length : tag_length;
        int order = memcmp(present, tag, shorter);
        if (order == 0)
            order = (length > tag_length) - (length < tag_length);
        if (order >= 0) {
            *found = order == 0;
            return *found ? present : at;
        }
        at = present + length;
    }
    return at;
}

enum err tags_add(struct tags *t, const char *tag, struct error *e)
{
    enum err err = names_check_tag("tag", tag, e);
    if (err != ERR_OK)
        return err;
    bool found = false;
    size_t length = strlen(tag);
    size_t offset = (size_t)(place_of(t, tag, length, &found) - t->text);
    if (found)
        return ERR_OK;
    if (tags_count(t) == TAGS_MAX)
        return error_set(e, ERR_TOO_LARGE, "more than %d tags", TAGS_MAX);
    size_t used = strlen(t->text);
    bool is_first = used == 0;
    if (used + length + (is_first ? 2 : 1) >= TAGS_SIZE)
        return error_set(e, ERR_TOO_LARGE, "all tags together are longer than %d bytes",
                         TAGS_SIZE - 1);
    if (is_first)
        memcpy(t->text, ",", 2);
    char *at = t->text + offset;
    memmove(at + 1 + length, at, strlen(at) + 1);
    at[0] = ',';
    /* Into the middle of a text. */
    memcpy(at + 1, tag, length); /* NOLINT(bugprone-not-null-terminated-result) */
    return ERR_OK;
}

void tags_remove(struct tags *t, const char *tag)
{
    bool found = false;
    size_t length = strlen(tag);
    size_t offset = (size_t)(place_of(t, tag, length, &found) - t->text);
    if (!found)
        return;
    char *at = t->text + offset;
    memmove(at, at + length + 1, strlen(at + length + 1) + 1);
    if (t->text[1] == '\0')
        t->text[0] = '\0';
}

bool tags_has(const struct tags *t, const char *tag)
{
    bool found = false;
    place_of(t, tag, strlen(tag), &found);
    return found;
}

size_t tags_count(const struct tags *t)
{
    size_t count = 0;
    size_t length = 0;
    for (const char *at = t->text; (at = next_tag(at, &length)) != NULL; at += length)
        count++;
    return count;
}

bool tags_at(const struct tags *t, size_t i, char out[static TAG_MAX + 1])
{
    size_t length = 0;
    const char *at = next_tag(t->text, &length);
    for (; at != NULL && i > 0; i--)
        at = next_tag(at + length, &length);
    if (at == NULL || length > TAG_MAX)
        return false;
    memcpy(out, at, length);
    out[length] = '\0';
    return true;
}

enum err tags_parse(struct tags *t, const char *list, struct error *e)
{
    struct tags parsed = {0};
    const char *const blanks = " \t\r\n";
    for (const char *at = list; *at != '\0';) {
        at += strspn(at, blanks);
        size_t field = strcspn(at, ",");
        size_t length = field;
        while (length > 0 && strchr(blanks, at[length - 1]) != NULL)
            length--;
        char tag[TAG_MAX + 2];
        if (length > 0) {
            snprintf(tag, sizeof(tag), "%.*s", (int)(length > TAG_MAX ? TAG_MAX + 1 : length), at);
            enum err err = tags_add(&parsed, tag, e);
            if (err != ERR_OK)
                return err;
        }
        at += field;
        at += *at == ',';
    }
    *t = parsed;
    return ERR_OK;
}

bool tags_equal(const struct tags *a, const struct tags *b)
{
    return strcmp(a->text, b->text) == 0;
}

bool tags_overlap(const struct tags *a, const struct tags *b)
{
    size_t length = 0;
    for (const char *at = a->text; (at = next_tag(at, &length)) != NULL; at += length) {
        bool found = false;
        place_of(b, at, length, &found);
        if (found)
            return true;
    }
    return false;
}
