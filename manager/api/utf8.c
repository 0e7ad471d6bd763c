/* SPDX-License-Identifier: Apache-2.0 */
#include "utf8.h"

#include <stdint.h>

/* Bytes that follow lead, and the smallest value of that length; -1 for no lead byte. */
static int trailing(uint8_t lead, uint32_t *value, uint32_t *smallest)
{
    static const struct {
        uint8_t mask, bits;
        uint32_t smallest;
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (int i = 0; i < 4; i++) {
        if ((lead & forms[i].mask) == forms[i].bits) {
            *value = lead & (uint8_t)~forms[i].mask;
            *smallest = forms[i].smallest;
            return i;
        }
    }
    return -1;
}

bool utf8_is_valid(const char *text, size_t size)
{
    for (size_t i = 0; i < size;) {
        uint32_t value = 0;
        uint32_t smallest = 0;
        int more = trailing((uint8_t)text[i], &value, &smallest);
        if (more < 0 || (size_t)more >= size - i)
            return false;
        for (int k = 1; k <= more; k++) {
            uint8_t byte = (uint8_t)text[i + (size_t)k];
            if ((byte & 0xc0) != 0x80)
                return false;
            value = value << 6 | (byte & 0x3f);
        }
        if (value < smallest || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
            return false;
        i += (size_t)more + 1;
    }
    return true;
}
