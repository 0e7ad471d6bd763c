/* SPDX-License-Identifier: Apache-2.0 */
#include "params.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "utf8.h"

enum { PER_PAGE_DEFAULT = 100, PER_PAGE_MAX = 1000, PAGE_MAX = 1000000 };

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* One character of raw, decoded; how many it took, 0 when it cannot be. */
static size_t decode_one(const char *raw, char *out)
{
    *out = *raw;
    if (*raw != '%')
        return 1;
    int high = hex_value(raw[1]);
    int low = high < 0 ? -1 : hex_value(raw[2]);
    if (low < 0 || (high == 0 && low == 0))
        return 0;
    *out = (char)(high * 16 + low);
    return 3;
}

enum err params_decode(const char *what, const char *raw, char **out, struct error *e)
{
    AUTO_FREE char *text = malloc(strlen(raw) + 1);
    if (text == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for %s", what);
    size_t length = 0;
    while (*raw != '\0') {
        size_t taken = decode_one(raw, &text[length]);
        if (taken == 0)
            return error_set(e, ERR_INVALID, "%s: bad percent-encoding", what);
        raw += taken;
        length++;
    }
    text[length] = '\0';
    if (!utf8_is_valid(text, length))
        return error_set(e, ERR_INVALID, "%s: not UTF-8", what);
    *out = TAKE(text);
    return ERR_OK;
}

enum err params_add(struct query_params *q, const char *name, const char *value, struct error *e)
{
    if (q->count == PARAMS_MAX)
        return error_set(e, ERR_TOO_LARGE, "more than %d query parameters", PARAMS_MAX);
    AUTO_FREE char *key = NULL;
    AUTO_FREE char *text = NULL;
    enum err err = params_decode("query parameter", name, &key, e);
    if (err == ERR_OK)
        err = params_decode(key, value, &text, e);
    if (key == NULL || text == NULL)
        return err;
    for (size_t i = 0; i < q->count; i++) {
        if (strcmp(q->items[i].name, key) == 0)
            return error_set(e, ERR_INVALID, "%.64s: given twice", key);
    }
    q->items[q->count].name = TAKE(key);
    q->items[q->count].value = TAKE(text);
    q->items[q->count].is_used = false;
    q->count++;
    return ERR_OK;
}

void params_clear(struct query_params *q)
{
    for (size_t i = 0; i < q->count; i++) {
        free(q->items[i].name);
        free(q->items[i].value);
    }
    q->count = 0;
}

const char *params_text(struct query_params *q, const char *name)
{
    for (size_t i = 0; i < q->count; i++) {
        if (strcmp(q->items[i].name, name) == 0) {
            q->items[i].is_used = true;
            return q->items[i].value;
        }
    }
    return NULL;
}

enum err params_id(struct query_params *q, const char *name, const char **out, struct error *e)
{
    const char *text = params_text(q, name);
    if (text == NULL)
        return ERR_OK;
    struct error why = {0};
    if (names_check_id(name, text, &why) != ERR_OK)
        return error_set(e, ERR_INVALID, "%s: %.160s", name, why.text);
    *out = text;
    return ERR_OK;
}

enum err params_bool(struct query_params *q, const char *name, bool *is_given, bool *out,
                     struct error *e)
{
    const char *text = params_text(q, name);
    if (text == NULL)
        return ERR_OK;
    bool is_true = strcmp(text, "true") == 0;
    if (!is_true && strcmp(text, "false") != 0)
        return error_set(e, ERR_INVALID, "%s: must be true or false", name);
    *is_given = true;
    *out = is_true;
    return ERR_OK;
}

enum err params_integer(struct query_params *q, const char *name, uint64_t min, uint64_t max,
                        uint64_t *out, struct error *e)
{
    const char *text = params_text(q, name);
    if (text == NULL)
        return ERR_OK;
    char *end = NULL;
    uint64_t value = strtoull(text, &end, 10);
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 19 || *end != '\0' || value < min || value > max)
        return error_set(e, ERR_INVALID, "%s: must be a number from %" PRIu64 " to %" PRIu64, name,
                         min, max);
    *out = value;
    return ERR_OK;
}

/* "Z" or "+01:00": minutes east of UTC. */
static bool parse_zone(const char *text, int *minutes)
{
    *minutes = 0;
    if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0)
        return true;
    /* A "+" in a query arrives as a space. */
    bool is_east = *text == '+' || *text == ' ';
    if ((!is_east && *text != '-') || strlen(text) != 6 || text[3] != ':')
        return false;
    for (size_t i = 1; i < 6; i++) {
        if (i != 3 && (text[i] < '0' || text[i] > '9'))
            return false;
    }
    int hour = (text[1] - '0') * 10 + (text[2] - '0');
    int minute = (text[4] - '0') * 10 + (text[5] - '0');
    *minutes = (hour * 60 + minute) * (is_east ? 1 : -1);
    return hour < 24 && minute < 60;
}

/* ".123456": milliseconds; text is moved behind it. */
static int parse_fraction(const char **text)
{
    int ms = 0;
    if (**text != '.')
        return 0;
    int scale = 100;
    for ((*text)++; **text >= '0' && **text <= '9'; (*text)++) {
        ms += (**text - '0') * scale;
        scale /= 10;
    }
    return ms;
}

static bool parse_time(const char *text, int64_t *out)
{
    struct tm tm = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    if (rest == NULL)
        return false;
    int ms = parse_fraction(&rest);
    int minutes = 0;
    if (!parse_zone(rest, &minutes))
        return false;
    *out = ((int64_t)timegm(&tm) - (int64_t)minutes * 60) * 1000 + ms;
    return true;
}

enum err params_time(struct query_params *q, const char *name, int64_t *out, struct error *e)
{
    const char *text = params_text(q, name);
    if (text != NULL && !parse_time(text, out))
        return error_set(e, ERR_INVALID, "%s: must be a time like 2026-11-22T10:00:00Z", name);
    return ERR_OK;
}

enum err params_task_state(struct query_params *q, bool *is_given, enum task_state *out,
                           struct error *e)
{
    const char *text = params_text(q, "state");
    if (text == NULL)
        return ERR_OK;
    *out = task_state_from_name(text);
    if (*out == 0)
        return error_set(e, ERR_INVALID, "state: there is no state %.32s", text);
    *is_given = true;
    return ERR_OK;
}

enum err params_sort(struct query_params *q, const struct params_sort *table, size_t count,
                     int *out, bool *is_descending, struct error *e)
{
    const char *text = params_text(q, "sort");
    if (text == NULL)
        return ERR_OK;
    const char *name = *text == '-' ? text + 1 : text;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(table[i].name, name) == 0) {
            *out = table[i].value;
            *is_descending = *text == '-';
            return ERR_OK;
        }
    }
    return error_set(e, ERR_INVALID, "sort: there is no order %.32s", text);
}

enum err params_page(struct query_params *q, struct page *out, struct error *e)
{
    uint64_t number = 1;
    uint64_t size = PER_PAGE_DEFAULT;
    enum err err = params_integer(q, "page", 1, PAGE_MAX, &number, e);
    if (err == ERR_OK)
        err = params_integer(q, "perPage", 1, PER_PAGE_MAX, &size, e);
    if (err != ERR_OK)
        return err;
    *out = (struct page){.number = (uint32_t)number, .size = (uint32_t)size};
    return ERR_OK;
}

enum err params_end(const struct query_params *q, struct error *e)
{
    for (size_t i = 0; i < q->count; i++) {
        if (!q->items[i].is_used)
            return error_set(e, ERR_INVALID, "%.64s: unknown query parameter", q->items[i].name);
    }
    return ERR_OK;
}
