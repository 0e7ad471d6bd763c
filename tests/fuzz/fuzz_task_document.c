/* SPDX-License-Identifier: Apache-2.0 */
/* A body of POST /tasks, as YAML and as JSON. */
#include <stddef.h>
#include <stdint.h>

#include "body_json.h"
#include "task_codec_json.h"

AUTO_DEFINE(json_t *, json_decref)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode(json_t *json)
{
    struct error e = {0};
    struct task_document d;
    if (task_document_decode(json, &d, &e) == ERR_OK && d.draft.document == NULL)
        abort();
    task_document_clear(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error e = {0};
    AUTO(json_decref) json_t *from_yaml = NULL;
    AUTO(json_decref) json_t *from_json = NULL;
    const char *text = size > 0 ? (const char *)data : "";
    if (body_yaml_parse(text, size, &from_yaml, &e) == ERR_OK)
        decode(from_yaml);
    if (body_json_parse(text, size, &from_json, &e) == ERR_OK)
        decode(from_json);
    return 0;
}
