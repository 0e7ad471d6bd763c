/* SPDX-License-Identifier: Apache-2.0 */
/* Ids, tags and lists of tags as people and peers type them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "manifest.h"
#include "names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FREE char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    struct error e;
    struct tags tags = {.text = ""};
    char tag[TAG_MAX + 1];
    if (tags_parse(&tags, text, &e) == ERR_OK) {
        for (size_t i = 0; tags_at(&tags, i, tag); i++) {
            if (!tags_has(&tags, tag))
                abort();
        }
    }
    if (names_check_id("id", text, &e) == ERR_OK && (strchr(text, '/') != NULL || text[0] == '.'))
        abort();
    if (manifest_check_path(text, &e) == ERR_OK && (text[0] == '/' || strcmp(text, "..") == 0))
        abort();
    if (manifest_check_symlink("a/b", text, &e) == ERR_OK && text[0] == '/')
        abort();
    return 0;
}
