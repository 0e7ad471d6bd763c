/* SPDX-License-Identifier: Apache-2.0 */
#include "problem.h"

#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

static const struct {
    enum err code;
    int status;
} statuses[] = {
    {ERR_OK, 200},          {ERR_INVALID, 400},    {ERR_UNAUTHENTICATED, 401},
    {ERR_FORBIDDEN, 403},   {ERR_NOT_FOUND, 404},  {ERR_CONFLICT, 409},
    {ERR_STOPPED, 409},     {ERR_SUPERSEDED, 409}, {ERR_TOO_LARGE, 413},
    {ERR_UNSUPPORTED, 415}, {ERR_UNSUITABLE, 422}, {ERR_THROTTLED, 429},
    {ERR_UNAVAILABLE, 503}, {ERR_NO_MEMORY, 503},  {ERR_TIMEOUT, 504},
    {ERR_NO_SPACE, 507},
};

int problem_status(enum err code)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (statuses[i].code == code)
            return statuses[i].status;
    }
    return 500;
}

/* The field that detail begins with: "sort: ...", "deploy.app 'x/': ...", "name is empty". */
static size_t field_length(enum err code, const char *detail)
{
    bool is_input = code == ERR_INVALID || code == ERR_TOO_LARGE || code == ERR_NOT_FOUND ||
                    code == ERR_CONFLICT;
    if (!is_input)
        return 0;
    size_t length = strspn(detail, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "0123456789_-.[]");
    const char *rest = detail + length;
    bool is_field = strncmp(rest, ": ", 2) == 0 || strncmp(rest, " '", 2) == 0 ||
                    strncmp(rest, " is empty", 9) == 0;
    return is_field ? length : 0;
}

void problem_reply(struct api_reply *out, enum err code, int status, const char *detail)
{
    json_decref(out->json);
    bytes_clear(&out->text);
    *out = (struct api_reply){.status = status == 0 ? problem_status(code) : status,
                              .type = "application/problem+json"};
    char type[64];
    snprintf(type, sizeof(type), "urn:hivecast:problem:%s", err_name(code));
    out->json = json_pack("{s:s, s:s, s:i, s:s, s:s}", "type", type, "title",
                          MHD_get_reason_phrase_for((unsigned)out->status), "status", out->status,
                          "code", err_name(code), "detail", detail);
    size_t length = field_length(code, detail);
    if (out->json != NULL && length > 0 &&
        json_object_set_new(out->json, "field", json_stringn(detail, length)) != 0)
        json_object_del(out->json, "field");
}
