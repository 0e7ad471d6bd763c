/* SPDX-License-Identifier: Apache-2.0 */
/* client: requests to the manager's REST interface (openapi/manager.yaml) through libcurl. Problem
 * details of an answer become the sentence of the error. Thread: the only one. */
#ifndef CLIENT_H
#define CLIENT_H

#include <curl/curl.h>
#include <jansson.h>
#include <stdint.h>

#include "err.h"
#include "strlist.h"

struct client;
/* token may be NULL. */
MUST_CHECK enum err client_new(const char *url, const char *token, struct client **out,
                               struct error *e);
void client_free(struct client *c);
AUTO_DEFINE(struct client *, client_free)
const char *client_url(const struct client *c);
const char *client_token(const struct client *c);

/* A JSON request; body and out may be NULL, and *out is NULL after an empty answer. ERR_STOPPED
 * after Ctrl-C. */
MUST_CHECK enum err client_call(struct client *c, const char *method, const char *path,
                                const json_t *body, json_t **out, struct error *e);
/* The same with a body of another type. */
MUST_CHECK enum err client_post(struct client *c, const char *path, const char *type,
                                const struct bytes *body, json_t **out, struct error *e);
/* All pages of a list as one document; at most max items (0: all). */
MUST_CHECK enum err client_list(struct client *c, const char *path_and_query, size_t max,
                                json_t **out, struct error *e);

/* Where the bytes of an upload come from. */
struct upload {
    const char *name;
    int64_t size; /* -1: not known */
    /* At most size bytes into buffer; *got 0 at the end. */
    enum err (*read)(void *arg, char *buffer, size_t size, size_t *got, struct error *e);
    /* From time to time; may be NULL. */
    void (*progress)(void *arg, uint64_t sent);
    void *arg;
};
MUST_CHECK enum err client_upload(struct client *c, const struct upload *upload, json_t **out,
                                  struct error *e);

/* "?key=value" or "&key=value" at the end of a path, escaped; a NULL value adds nothing. */
MUST_CHECK enum err client_query(struct bytes *path, const char *key, const char *value,
                                 struct error *e);
/* "/tasks/ID/stop": prefix, an id that is checked, suffix. */
MUST_CHECK enum err client_path(struct bytes *path, const char *prefix, const char *id,
                                const char *suffix, struct error *e);
/* For event_stream: a handle that is only connected. */
MUST_CHECK enum err client_connect(struct client *c, CURL **out, struct error *e);

#endif
