/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

enum err api_reply_json(struct api_reply *out, int status, json_t *take_json, struct error *e)
{
    if (take_json == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for the reply");
    out->status = status;
    out->json = take_json;
    return ERR_OK;
}
