/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <stdint.h>
#include <string.h>

static bool is_tail(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

/* Bytes of a well-formed sequence by its first one (Unicode 15, table 3-7); the second byte's range
 * keeps out overlong forms, surrogates and what lies beyond U+10FFFF. */
static const struct {
    unsigned char first_low, first_high, length, second_low, second_high;
} forms[] = {
    {0xC2, 0xDF, 2, 0x80, 0xBF}, {0xE0, 0xE0, 3, 0xA0, 0xBF}, {0xE1, 0xEC, 3, 0x80, 0xBF},
    {0xED, 0xED, 3, 0x80, 0x9F}, {0xEE, 0xEF, 3, 0x80, 0xBF}, {0xF0, 0xF0, 4, 0x90, 0xBF},
    {0xF1, 0xF3, 4, 0x80, 0xBF}, {0xF4, 0xF4, 4, 0x80, 0x8F},
};

static size_t sequence_length(const unsigned char *s)
{
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (s[0] < forms[i].first_low || s[0] > forms[i].first_high)
            continue;
        if (s[1] < forms[i].second_low || s[1] > forms[i].second_high)
            return 0;
        for (size_t k = 2; k < forms[i].length; k++) {
            if (!is_tail(s[k]))
                return 0;
        }
        return forms[i].length;
    }
    return 0;
}

/* Bytes of the clean character at s; 0 when there is none. U+0080 to U+009F are controls, too. */
static size_t character_length(const unsigned char *s)
{
    if (s[0] < 0x80)
        return s[0] == '\t' || (s[0] >= 0x20 && s[0] != 0x7F) ? 1 : 0;
    if (s[0] == 0xC2 && s[1] < 0xA0)
        return 0;
    return sequence_length(s);
}

bool text_is_clean(const char *text, size_t size)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t used = 0;
    while (s[used] != '\0') {
        size_t length = character_length(s + used);
        if (length == 0)
            return false;
        used += length;
    }
    return used < size;
}

void text_clean(const char *text, char *out, size_t size)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t used = 0;
    while (*s != '\0') {
        size_t length = character_length(s);
        size_t step = length == 0 ? 1 : length;
        if (used + step >= size)
            break;
        if (length == 0)
            out[used] = '?';
        else
            memcpy(out + used, s, length);
        used += step;
        s += step;
    }
    out[used] = '\0';
}
