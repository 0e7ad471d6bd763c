/* SPDX-License-Identifier: Apache-2.0 */
/* routes: which method of which path is which handler, and what it needs. The one table that a test
 * compares with openapi/manager.yaml. Thread: any, it is constant. */
#ifndef ROUTES_H
#define ROUTES_H

#include "api.h"

enum route_auth {
    AUTH_OPEN,
    AUTH_ADMIN, /* Authorization: Bearer */
    AUTH_TOKEN, /* X-Auth-Token, which the handler redeems */
};

enum route_flags {
    ROUTE_QUERY = 1 << 0,         /* the handler looks at the query and ends it */
    ROUTE_BODY = 1 << 1,          /* JSON is needed */
    ROUTE_BODY_OPTIONAL = 1 << 2, /* JSON is allowed */
    ROUTE_YAML = 1 << 3,          /* and so is YAML */
    ROUTE_UPLOAD = 1 << 4,        /* multipart/form-data, to disk */
    ROUTE_EVENTS = 1 << 5,        /* becomes a WebSocket */
};

struct route {
    const char *method;
    const char *path; /* with at most one variable: "/targets/{id}/stop" */
    enum route_auth auth;
    unsigned flags;
    api_handler_fn *handler; /* NULL: ROUTE_EVENTS */
};

enum { ALLOW_SIZE = 64 };

/* path is raw, as it came; id gets the variable. ERR_NOT_FOUND; ERR_INVALID for a bad variable;
 * ERR_UNSUPPORTED for another method, then allow lists those there are. HEAD is GET. */
MUST_CHECK enum err route_find(const char *method, const char *path, const struct route **out,
                               char id[static ID_SIZE], char allow[static ALLOW_SIZE],
                               struct error *e);

#endif
