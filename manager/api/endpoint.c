/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoint.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool is_any(const char *host, size_t length)
{
    static const char *const any[] = {"0.0.0.0", "*", "[::]", "::", "[::ffff:0.0.0.0]"};
    for (size_t i = 0; i < sizeof(any) / sizeof(any[0]); i++) {
        if (strlen(any[i]) == length && memcmp(any[i], host, length) == 0)
            return true;
    }
    return false;
}

/* Length of the host in "host:port", "[::1]:port" or "host"; 0 for what is neither. */
static int host_length(const char *text)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    if (*text != '[')
        return (int)strspn(text, allowed);
    size_t inside = strspn(text + 1, "0123456789abcdefABCDEF:.%");
    return text[inside + 1] == ']' ? (int)inside + 2 : 0;
}

void endpoint_tell(const char *bound, const char *advertise_host, const char *host_header,
                   char out[static ENDPOINT_SIZE])
{
    const char *host = strstr(bound, "://");
    const char *port = strrchr(bound, ':');
    snprintf(out, ENDPOINT_SIZE, "%.*s", ENDPOINT_SIZE - 1, bound);
    if (host == NULL || port == NULL || port <= host)
        return;
    host += strlen("://");
    int length = host_header != NULL ? host_length(host_header) : 0;
    int scheme = (int)(host - bound);
    /* IPv4 as a socket of both families tells it; agents may know IPv4 only. */
    size_t mapped = strncmp(host, "[::ffff:", 8) == 0 ? strcspn(host + 8, "]") : 0;
    bool is_bare_ipv6 =
        advertise_host != NULL && *advertise_host != '[' && strchr(advertise_host, ':') != NULL;
    if (advertise_host != NULL)
        snprintf(out, ENDPOINT_SIZE, is_bare_ipv6 ? "%.*s[%.250s]%s" : "%.*s%.250s%s", scheme,
                 bound, advertise_host, port);
    else if (is_any(host, (size_t)(port - host)) && length > 0 && length < 250)
        snprintf(out, ENDPOINT_SIZE, "%.*s%.*s%s", scheme, bound, length, host_header, port);
    else if (mapped > 0)
        snprintf(out, ENDPOINT_SIZE, "%.*s%.*s%s", scheme, bound, (int)mapped, host + 8, port);
}
