/* SPDX-License-Identifier: Apache-2.0 */
#include "line_splitter.h"

#include <stdio.h>
#include <string.h>

struct sink {
    struct line_splitter *splitter;
    line_splitter_fn *fn;
    void *arg;
};

static void emit(const struct sink *to)
{
    struct line_splitter *s = to->splitter;
    s->line[s->used] = '\0';
    size_t size = s->used;
    s->used = 0;
    s->is_open = false;
    to->fn(to->arg, s->line, size);
}

/* Appends a text that must not be cut, beginning a new line when it does not fit. */
static void put(const struct sink *to, const char *text, size_t size)
{
    struct line_splitter *s = to->splitter;
    if (s->used + size > LINE_MAX_BYTES)
        emit(to);
    memcpy(s->line + s->used, text, size);
    s->used += size;
    s->is_open = true;
}

static void put_escaped(const struct sink *to, unsigned code)
{
    char text[8];
    int size = snprintf(text, sizeof(text), code < 0x80 ? "\\x%02x" : "\\u%04x", code);
    put(to, text, (size_t)size);
}

static void put_replacement(const struct sink *to)
{
    put(to, "\xef\xbf\xbd", 3);
}

/* Characters */

/* Bytes of the character that begins with lead; 0 when none does. */
static size_t character_size(uint8_t lead)
{
    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead < 0xe0)
        return 2;
    if (lead >= 0xe0 && lead < 0xf0)
        return 3;
    return lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
}

/* Whether byte may follow as the second one: no overlong forms, surrogates, or beyond U+10FFFF. */
static bool is_second(uint8_t lead, uint8_t byte)
{
    uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    return byte >= low && byte <= high;
}

static void put_character(const struct sink *to)
{
    struct line_splitter *s = to->splitter;
    if (s->partial[0] == 0xc2 && s->partial[1] < 0xa0)
        put_escaped(to, s->partial[1]); /* U+0080 to U+009F are control characters, too */
    else
        put(to, (const char *)s->partial, s->partial_size);
    s->partial_size = 0;
}

static void drop_partial(const struct sink *to)
{
    if (to->splitter->partial_size == 0)
        return;
    to->splitter->partial_size = 0;
    put_replacement(to);
}

/* A byte of 0x80 and above. */
static void take_high(const struct sink *to, uint8_t byte)
{
    struct line_splitter *s = to->splitter;
    bool is_continuation = s->partial_size == 1   ? is_second(s->partial[0], byte)
                           : s->partial_size != 0 ? (byte & 0xc0) == 0x80
                                                  : false;
    if (is_continuation) {
        s->partial[s->partial_size++] = byte;
        if (s->partial_size == character_size(s->partial[0]))
            put_character(to);
        return;
    }
    drop_partial(to);
    if (character_size(byte) == 0)
        put_replacement(to);
    else
        s->partial[s->partial_size++] = byte;
}

/* Lines */

static void take_end(const struct sink *to, char byte)
{
    struct line_splitter *s = to->splitter;
    bool was_cr = s->was_cr;
    s->was_cr = byte == '\r';
    /* A CR alone only ends a line that has text (progress bars); the LF of CRLF ends none more. */
    if (byte == '\r' ? s->is_open : !was_cr || s->is_open)
        emit(to);
    else if (byte == '\r')
        s->was_cr = was_cr;
}

static void take(const struct sink *to, uint8_t byte)
{
    if (byte >= 0x80) {
        take_high(to, byte);
        return;
    }
    drop_partial(to);
    if (byte == '\n' || byte == '\r')
        take_end(to, (char)byte);
    else if (byte == 0x7f || (byte < 0x20 && byte != '\t'))
        put_escaped(to, byte);
    else
        put(to, (const char *)&byte, 1);
}

/* How many bytes from data on need no care. */
static size_t plain_run(const uint8_t *data, size_t size)
{
    size_t i = 0;
    while (i < size && ((data[i] >= 0x20 && data[i] < 0x7f) || data[i] == '\t'))
        i++;
    return i;
}

void line_splitter_feed(struct line_splitter *s, const void *data, size_t size,
                        line_splitter_fn *fn, void *arg)
{
    struct sink to = {.splitter = s, .fn = fn, .arg = arg};
    const uint8_t *at = data;
    const uint8_t *end = at + size;
    while (at < end) {
        size_t room = LINE_MAX_BYTES - s->used;
        size_t left = (size_t)(end - at);
        size_t run = plain_run(at, left < room ? left : room);
        if (run > 0) {
            drop_partial(&to);
            run = run < LINE_MAX_BYTES - s->used ? run : LINE_MAX_BYTES - s->used;
            put(&to, (const char *)at, run);
            s->was_cr = false;
            at += run;
            continue;
        }
        if (*at != '\n' && *at != '\r')
            s->was_cr = false;
        take(&to, *at++);
    }
}

void line_splitter_flush(struct line_splitter *s, line_splitter_fn *fn, void *arg)
{
    struct sink to = {.splitter = s, .fn = fn, .arg = arg};
    drop_partial(&to);
    if (s->is_open)
        emit(&to);
    s->was_cr = false;
}
