/* SPDX-License-Identifier: Apache-2.0 */
/* An archive as an operator uploads it. */
#include <stdint.h>

#include "archive_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct entry entry;
    static uint8_t buffer[4096];
    const struct archive_limits limits = {
        .content_max = 1 << 22, .entries_max = 1000, .ratio_max = 100};
    struct error e;
    AUTO(archive_reader_free) struct archive_reader *r = NULL;
    if (archive_reader_open_memory(data, size, &limits, &r, &e) != ERR_OK)
        return 0;
    bool more = true;
    while (archive_reader_next(r, &entry, &more, &e) == ERR_OK && more) {
        size_t got = 1;
        while (entry.type == ENTRY_FILE && got > 0 &&
               archive_reader_read(r, buffer, sizeof(buffer), &got, &e) == ERR_OK) {
        }
    }
    return 0;
}
