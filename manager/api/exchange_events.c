/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange_events.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { KEY_LENGTH = 24 };

static enum err decode_topics(struct query_params *q, unsigned *out, struct error *e)
{
    const char *text = params_text(q, "topics");
    *out = text != NULL ? 0 : EVENT_ALL;
    while (text != NULL && *text != '\0') {
        char name[32];
        size_t length = strcspn(text, ",");
        snprintf(name, sizeof(name), "%.*s", (int)length, text);
        unsigned topic = length < sizeof(name) ? event_topic_from_name(name) : 0;
        if (topic == 0)
            return error_set(e, ERR_INVALID, "topics: there is no topic %s", name);
        *out |= topic;
        text += length + (text[length] == ',');
    }
    return *out != 0 ? ERR_OK : error_set(e, ERR_INVALID, "topics is empty");
}

/* What ulfius asks of an upgrade, and would refuse with a page of its own. */
static enum err check_upgrade(const struct exchange *x, struct error *e)
{
    const char *upgrade = exchange_header(x, MHD_HTTP_HEADER_UPGRADE);
    const char *version = exchange_header(x, "Sec-WebSocket-Version");
    const char *connection = exchange_header(x, MHD_HTTP_HEADER_CONNECTION);
    const char *key = exchange_header(x, "Sec-WebSocket-Key");
    if (upgrade == NULL || strcasecmp(upgrade, "websocket") != 0 || connection == NULL ||
        strcasestr(connection, "upgrade") == NULL || key == NULL ||
        strcmp(x->request->http_verb, "GET") != 0 ||
        strcmp(x->request->http_protocol, MHD_HTTP_VERSION_1_1) != 0)
        return error_set(e, ERR_INVALID, "Upgrade: this resource is a WebSocket");
    if (version == NULL || strcmp(version, "13") != 0)
        return error_set(e, ERR_INVALID, "Sec-WebSocket-Version: must be 13");
    if (strlen(key) != KEY_LENGTH)
        return error_set(e, ERR_INVALID, "Sec-WebSocket-Key: must be 16 bytes in base64");
    return ERR_OK;
}

enum err exchange_open_stream(struct exchange *x, struct event_streams *streams, struct error *e)
{
    struct event_filter filter = {0};
    const char *target = "";
    const char *task = "";
    uint64_t since = UINT64_MAX;
    enum err err = decode_topics(&x->in.query, &filter.topics, e);
    if (err == ERR_OK)
        err = params_id(&x->in.query, "target", &target, e);
    if (err == ERR_OK)
        err = params_id(&x->in.query, "task", &task, e);
    if (err == ERR_OK)
        err = params_integer(&x->in.query, "since", 0, INT64_MAX, &since, e);
    if (err == ERR_OK)
        err = params_end(&x->in.query, e);
    if (err == ERR_OK)
        err = check_upgrade(x, e);
    if (err != ERR_OK)
        return err;
    snprintf(filter.target_id, sizeof(filter.target_id), "%s", target);
    snprintf(filter.task_id, sizeof(filter.task_id), "%.*s", TASK_ID_SIZE - 1, task);
    return event_stream_new(streams, &filter, since, &x->stream, e);
}
