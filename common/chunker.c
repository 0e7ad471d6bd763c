/* SPDX-License-Identifier: Apache-2.0 */
/* chunker: see chunker.h.
 * The hash starts at 0 behind the first CHUNK_MIN bytes; each byte b does hash = 2 * hash +
 * gear[b]. The chunk ends behind the byte after which the top 18 bits are zero (level 2: two more
 * than the 16 of the average), beyond CHUNK_AVERAGE already when the top 14 are. Top bits, because
 * they depend on the last 64 bytes where low ones depend on few. */
#include "chunker.h"

#include "gear_table.h"
#include "limits.h"

/* A hash whose top n bits are zero is below 2^(64 - n). */
static const uint64_t strict = (uint64_t)1 << (64 - 18);
static const uint64_t lenient = (uint64_t)1 << (64 - 14);

size_t chunker_cut(const uint8_t *data, size_t size)
{
    if (size <= CHUNK_MIN)
        return size;
    size_t end = size < CHUNK_MAX ? size : CHUNK_MAX;
    size_t middle = end < CHUNK_AVERAGE ? end : CHUNK_AVERAGE;
    uint64_t hash = 0;
    size_t i = CHUNK_MIN;
    while (i < middle) {
        hash = (hash << 1) + gear_table[data[i++]];
        if (hash < strict)
            return i;
    }
    while (i < end) {
        hash = (hash << 1) + gear_table[data[i++]];
        if (hash < lenient)
            return i;
    }
    return end;
}
