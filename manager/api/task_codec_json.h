/* SPDX-License-Identifier: Apache-2.0 */
/* task_codec_json: the task document people post, strictly decoded. Thread: any. */
#ifndef TASK_CODEC_JSON_H
#define TASK_CODEC_JSON_H

#include <jansson.h>

#include "model.h"

enum source_kind { SOURCE_NONE, SOURCE_ZIP, SOURCE_PATHS, SOURCE_TASK, SOURCE_UPLOAD };

struct task_document {
    struct task draft; /* without package */
    enum source_kind source;
    struct bytes zip;
    struct strlist paths;
    char source_task[TASK_ID_SIZE];
    char upload[UPLOAD_ID_SIZE];
};

/* Fills out, document text included. ERR_INVALID and ERR_TOO_LARGE name the field. out is for
 * task_document_clear, after failures too. json loses the bytes of source.zip. */
MUST_CHECK enum err task_document_decode(json_t *json, struct task_document *out, struct error *e);
void task_document_clear(struct task_document *d);
AUTO_DEFINE(struct task_document *, task_document_clear)

#endif
