/* SPDX-License-Identifier: Apache-2.0 */
/* device_registrator: joins a manager: makes the key pair, registers its public part with a token
 * over HTTPS (plain HTTP only on loopback), writes the identity down. May be repeated at any time:
 * an interrupted join comes back with the same key. Lives in hivecast-agent-join only, which ends
 * when it is done, so that the resident agent carries neither TLS nor JSON. */
#ifndef DEVICE_REGISTRATOR_H
#define DEVICE_REGISTRATOR_H

#include "identity.h"

struct join_request {
    const char *url; /* of the manager, "https://manager.example.org" */
    const char *token;
    const char *id;       /* NULL: as joined before, or identity_default_id */
    const char *tags;     /* comma-separated, may be NULL */
    const char *location; /* LAT,LON, may be NULL */
    const char *data_dir; /* exists, locked by the caller */
};

/* ERR_FORBIDDEN for plain HTTP to another host; ERR_UNAVAILABLE when nobody answers;
 * ERR_UNAUTHENTICATED for a wrong token; ERR_CONFLICT when the id belongs to another device. */
MUST_CHECK enum err device_registrator_join(const struct join_request *r, struct identity *out,
                                            struct error *e);

/* ERR_INVALID unless url is http or https with a host and without credentials and query;
 * ERR_FORBIDDEN for plain HTTP to anything but loopback. out is without a trailing slash. */
MUST_CHECK enum err device_registrator_check_url(const char *url, char out[static URL_SIZE],
                                                 struct error *e);
/* endpoint as the manager told it, with the host of url where it names a wildcard. */
MUST_CHECK enum err device_registrator_endpoint(const char *endpoint, const char *url,
                                                char out[static ENDPOINT_SIZE], struct error *e);

#endif
