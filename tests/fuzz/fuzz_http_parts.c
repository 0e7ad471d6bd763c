/* SPDX-License-Identifier: Apache-2.0 */
/* What of a request we take apart ourselves: path, query, Host header. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"
#include "params.h"
#include "routes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_path(const char *text)
{
    const struct route *route = NULL;
    struct error e = {0};
    char id[ID_SIZE];
    char allow[ALLOW_SIZE];
    if (route_find("GET", text, &route, id, allow, &e) == ERR_OK && strstr(id, "..") == id)
        abort();
}

static void take_query(const char *text)
{
    struct query_params p = {0};
    struct page page = {0};
    struct error e = {0};
    int64_t time = 0;
    bool is_refused = params_add(&p, "from", text, &e) != ERR_OK ||
                      params_add(&p, text, "1", &e) != ERR_OK ||
                      params_time(&p, "from", &time, &e) != ERR_OK ||
                      params_page(&p, &page, &e) != ERR_OK || params_end(&p, &e) != ERR_OK;
    if (is_refused && e.code == ERR_OK)
        abort();
    params_clear(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FREE char *text = malloc(size + 1);
    char endpoint[ENDPOINT_SIZE];
    if (text == NULL)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    take_path(text);
    take_query(text);
    endpoint_tell("tcp://0.0.0.0:5557", NULL, text, endpoint);
    endpoint_tell(text, NULL, "manager", endpoint);
    return 0;
}
