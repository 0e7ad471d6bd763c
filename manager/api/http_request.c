/* SPDX-License-Identifier: Apache-2.0 */
#include "http_request.h"

#include <netdb.h>
#include <string.h>

#include "connections.h"

/* Anybody may send multipart forms, and ulfius would keep every field before we can ask for the
 * token. So only POST /uploads has a parser of forms, and that one keeps no fields: without a map
 * it gives up at the first part that is no file. */
static void restrict_forms(struct connection_info_struct *info, struct _u_request *request)
{
    static struct _u_instance without_forms = {.check_utf8 = 1,
                                               .allowed_post_processor = U_POST_PROCESS_NONE};
    if (strcmp(request->url_path, "/uploads") != 0) {
        info->u_instance = &without_forms;
        return;
    }
    u_map_clean_full(request->map_post_body);
    request->map_post_body = NULL;
}

/* ulfius keeps 16 bytes of the address, which is not enough for IPv6. */
static void take_address(struct http_request *r, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info != NULL ? info->client_addr : NULL;
    r->address[0] = '\0';
    if (address == NULL)
        return;
    socklen_t size =
        address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if (getnameinfo(address, size, r->address, sizeof(r->address), NULL, 0, NI_NUMERICHOST) != 0)
        r->address[0] = '\0';
}

void *http_request_begin(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct connection_info_struct *info = ulfius_uri_logger(cls, uri);
    if (info == NULL)
        return NULL;
    struct http_request *r = o_realloc(info->request, sizeof(*r));
    if (r == NULL) {
        void *unused = info;
        mhd_request_completed(NULL, connection, &unused, MHD_REQUEST_TERMINATED_WITH_ERROR);
        return NULL;
    }
    info->request = &r->base;
    r->exchange = NULL;
    event_stream_slot_init(&r->stream);
    take_address(r, connection);
    connections_mark(connection, true);
    restrict_forms(info, &r->base);
    return info;
}

void http_request_end(void *cls, struct MHD_Connection *connection, void **con_cls,
                      enum MHD_RequestTerminationCode code)
{
    const struct connection_info_struct *info = *con_cls;
    if (info != NULL && info->request != NULL) {
        struct http_request *r = http_request_of(info->request);
        exchange_free(r->exchange);
        event_streams_abandon(cls, &r->stream);
    }
    connections_mark(connection, false);
    mhd_request_completed(NULL, connection, con_cls, code);
}

struct http_request *http_request_of(const struct _u_request *request)
{
    return (struct http_request *)(uintptr_t)request;
}
