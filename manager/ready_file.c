/* SPDX-License-Identifier: Apache-2.0 */
#include "ready_file.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fs.h"
#include "server_socket.h"

enum { TEXT_MAX = 1024 };

/* An address to connect to: one that stands for all becomes one of them. */
static const char *reachable(const char *address)
{
    if (strcmp(address, "0.0.0.0") == 0)
        return "127.0.0.1";
    return strcmp(address, "::") == 0 ? "::1" : address;
}

enum err ready_file_write(const char *path, const struct ready_facts *facts, struct error *e)
{
    const char *http = reachable(facts->http_address);
    bool is_ipv6 = strchr(http, ':') != NULL;
    char control[ENDPOINT_SIZE];
    char bulk[ENDPOINT_SIZE];
    endpoint_to_reach(facts->control_endpoint, facts->advertise_host, control);
    endpoint_to_reach(facts->bulk_endpoint, facts->advertise_host, bulk);
    char text[TEXT_MAX];
    int size = snprintf(text, sizeof(text),
                        "{\"pid\":%ld,\"http\":\"http://%s%s%s:%u\",\"control\":\"%s\","
                        "\"bulk\":\"%s\"}\n",
                        (long)getpid(), is_ipv6 ? "[" : "", http, is_ipv6 ? "]" : "",
                        (unsigned)facts->http_port, control, bulk);
    if (size < 0 || (size_t)size >= sizeof(text))
        return error_set(e, ERR_TOO_LARGE, "ready file: addresses are too long");
    return fs_write(path, text, (size_t)size, 0644, e);
}
