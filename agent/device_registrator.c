/* SPDX-License-Identifier: Apache-2.0 */
#include "device_registrator.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "fs.h"
#include "strlist.h"

enum { ANSWER_MAX = 64 * 1024, CONNECT_TIMEOUT_S = 15, ANSWER_TIMEOUT_S = 60 };

struct answer {
    struct bytes body;
    long status;
};

AUTO_DEFINE(CURLU *, curl_url_cleanup)
AUTO_DEFINE(CURL *, curl_easy_cleanup)
AUTO_DEFINE(struct curl_slist *, curl_slist_free_all)
AUTO_DEFINE(json_t *, json_decref)
AUTO_DEFINE(char *, curl_free)

static bool is_loopback(const char *host)
{
    if (strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
        return true;
    struct in_addr v4;
    return inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
}

/* A part of the URL, or "" when it has none. */
static bool part_is_empty(CURLU *u, CURLUPart part)
{
    char *text = NULL;
    bool is_empty = curl_url_get(u, part, &text, 0) != CURLUE_OK || *text == '\0';
    curl_free(text);
    return is_empty;
}

enum err device_registrator_check_url(const char *url, char out[static URL_SIZE], struct error *e)
{
    AUTO(curl_url_cleanup) CURLU *u = curl_url();
    if (u == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory");
    AUTO(curl_free) char *scheme = NULL;
    AUTO(curl_free) char *host = NULL;
    AUTO(curl_free) char *whole = NULL;
    bool parsed = strlen(url) < URL_SIZE && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
                  curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                  curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                  curl_url_get(u, CURLUPART_URL, &whole, 0) == CURLUE_OK;
    if (!parsed || (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
        return error_set(e, ERR_INVALID,
                         "'%.128s' is not the URL of a manager, as in https://manager.example.org",
                         url);
    if (!part_is_empty(u, CURLUPART_USER) || !part_is_empty(u, CURLUPART_PASSWORD) ||
        !part_is_empty(u, CURLUPART_QUERY) || !part_is_empty(u, CURLUPART_FRAGMENT))
        return error_set(e, ERR_INVALID, "the URL must have no user, query or fragment");
    if (strcmp(scheme, "http") == 0 && !is_loopback(host))
        return error_set(e, ERR_FORBIDDEN,
                         "plain http would show the token to the network between here and %.64s: "
                         "use https (http is for loopback addresses only)",
                         host);
    size_t length = strlen(whole);
    while (length > 0 && whole[length - 1] == '/')
        length--;
    snprintf(out, URL_SIZE, "%.*s", (int)length, whole);
    return ERR_OK;
}

enum err device_registrator_endpoint(const char *endpoint, const char *url,
                                     char out[static ENDPOINT_SIZE], struct error *e)
{
    const char *rest = endpoint + strlen("tcp://");
    const char *port = strrchr(endpoint, ':');
    if (strncmp(endpoint, "tcp://", strlen("tcp://")) != 0 || port < rest || port[1] == '\0')
        return error_set(e, ERR_INVALID, "the manager names '%.128s' as an endpoint", endpoint);
    size_t length = (size_t)(port - rest);
    bool is_wildcard = (length == 1 && *rest == '*') ||
                       (length == 7 && memcmp(rest, "0.0.0.0", length) == 0) ||
                       (length == 4 && memcmp(rest, "[::]", length) == 0);
    AUTO(curl_url_cleanup) CURLU *u = curl_url();
    AUTO(curl_free) char *host = NULL;
    if (is_wildcard && (u == NULL || curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK ||
                        curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK))
        return error_set(e, ERR_INVALID, "'%.128s' has no host", url);
    int used = is_wildcard ? snprintf(out, ENDPOINT_SIZE, "tcp://%s%s", host, port)
                           : snprintf(out, ENDPOINT_SIZE, "%s", endpoint);
    if (used < 0 || used >= ENDPOINT_SIZE)
        return error_set(e, ERR_TOO_LARGE, "the manager names an endpoint that is too long");
    return ERR_OK;
}

static size_t collect(char *data, size_t size, size_t count, void *arg)
{
    struct answer *a = arg;
    if (a->body.size + size * count > ANSWER_MAX)
        return 0;
    return bytes_append(&a->body, data, size * count, NULL) == ERR_OK ? size * count : 0;
}

static json_t *tags_to_json(const struct tags *tags)
{
    json_t *list = json_array();
    char tag[TAG_MAX + 1];
    for (size_t i = 0; list != NULL && tags_at(tags, i, tag); i++) {
        if (json_array_append_new(list, json_string(tag)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* Caller frees; NULL: no memory. */
static char *encode_request(const struct identity *id, const struct key_pair *keys)
{
    char key[KEY_Z85_SIZE];
    keys_z85_encode(keys->public_key, key);
    AUTO(json_decref)
    json_t *body = json_pack("{ss ss so ss ss}", "id", id->id, "publicKey", key, "tags",
                             tags_to_json(&id->tags), "architecture", identity_architecture(), "os",
                             identity_os());
    if (body == NULL)
        return NULL;
    if (id->has_location && json_object_set_new(body, "location",
                                                json_pack("{sf sf}", "latitude", id->latitude,
                                                          "longitude", id->longitude)) != 0)
        return NULL;
    return json_dumps(body, JSON_COMPACT);
}

static enum err post(const char *url, const char *token, const char *body, struct answer *out,
                     struct error *e)
{
    AUTO(curl_easy_cleanup) CURL *c = curl_easy_init();
    char header[128];
    snprintf(header, sizeof(header), "X-Auth-Token: %s", token);
    AUTO(curl_slist_free_all)
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    if (c == NULL || headers == NULL || curl_slist_append(headers, header) == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory");
    char reason[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, out);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, reason);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)ANSWER_TIMEOUT_S);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    /* The token goes to the manager that was named and nowhere else. */
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    CURLcode code = curl_easy_perform(c);
    if (code != CURLE_OK)
        return error_set(e, ERR_UNAVAILABLE, "%s: %s", url,
                         reason[0] != '\0' ? reason : curl_easy_strerror(code));
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &out->status);
    return ERR_OK;
}

static enum err refused(const char *url, long status, const json_t *problem, struct error *e)
{
    static const struct {
        long status;
        enum err code;
        const char *meaning;
    } rows[] = {
        {400, ERR_INVALID, "the manager does not accept this registration"},
        {401, ERR_UNAUTHENTICATED, "the token is wrong, used already or older than a week"},
        {409, ERR_CONFLICT, "this id or key belongs to another device; choose another --id"},
        {429, ERR_THROTTLED, "too many tries with wrong tokens; wait some seconds"},
        {503, ERR_UNAVAILABLE, "the manager is busy or stopping; try again"},
    };
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].status == status)
            return error_set(e, rows[i].code, "%s (%s)", rows[i].meaning,
                             detail != NULL ? detail : url);
    }
    return error_set(e, ERR_UNAVAILABLE,
                     "what answers at %s is no Hivecast manager, or an incompatible one (HTTP %ld)",
                     url, status);
}

static enum err read_answer(const struct answer *a, const char *post_url, struct identity *out,
                            struct error *e)
{
    AUTO(json_decref)
    json_t *body = json_loadb((const char *)a->body.data, a->body.size, 0, NULL);
    if (a->status != 200 && a->status != 201)
        return refused(post_url, a->status, body, e);
    const char *key = json_string_value(json_object_get(body, "managerPublicKey"));
    const char *control = json_string_value(json_object_get(body, "control"));
    const char *bulk = json_string_value(json_object_get(body, "bulk"));
    if (key == NULL || control == NULL || bulk == NULL)
        return error_set(e, ERR_INVALID, "%s answers without managerPublicKey, control and bulk",
                         post_url);
    enum err err = keys_z85_decode(key, out->manager_key, e);
    if (err == ERR_OK)
        err = device_registrator_endpoint(control, out->manager_url, out->control, e);
    if (err == ERR_OK)
        err = device_registrator_endpoint(bulk, out->manager_url, out->bulk, e);
    return err;
}

/* Who this device wants to be: what was said now, else what was so before. */
static enum err wanted_identity(const struct join_request *r, struct identity *out, struct error *e)
{
    struct identity id = {0};
    enum err err = identity_load(r->data_dir, &id, e);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    if (r->id != NULL)
        snprintf(id.id, sizeof(id.id), "%.*s", ID_MAX, r->id);
    else if (err == ERR_NOT_FOUND && (err = identity_default_id(id.id, e)) != ERR_OK)
        return err;
    /* The whole text is checked: what is too long must not be cut silently. */
    err = names_check_id("--id", r->id != NULL ? r->id : id.id, e);
    if (err == ERR_OK && r->tags != NULL)
        err = tags_parse(&id.tags, r->tags, e);
    if (err == ERR_OK && r->location != NULL)
        err = identity_parse_location(r->location, &id, e);
    if (err == ERR_OK)
        err = device_registrator_check_url(r->url, id.manager_url, e);
    if (err == ERR_OK)
        *out = id;
    return err;
}

static enum err check_token(const char *token, struct error *e)
{
    if (token == NULL || strlen(token) > 64 ||
        strspn(token, "0123456789abcdefABCDEF-") != strlen(token))
        return error_set(e, ERR_INVALID, "a token looks like 12ab-34cd-56ef; give it with --token");
    return ERR_OK;
}

enum err device_registrator_join(const struct join_request *r, struct identity *out,
                                 struct error *e)
{
    struct identity id;
    enum err err = wanted_identity(r, &id, e);
    if (err == ERR_OK)
        err = check_token(r->token, e);
    struct key_pair keys;
    if (err == ERR_OK)
        err = identity_keys(r->data_dir, &keys, e);
    if (err != ERR_OK)
        return err;
    AUTO_FREE char *body = encode_request(&id, &keys);
    if (body == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory");
    char url[URL_SIZE + 16];
    snprintf(url, sizeof(url), "%s/rpc/targets", id.manager_url);
    struct answer answer = {0};
    err = post(url, r->token, body, &answer, e);
    if (err == ERR_OK)
        err = read_answer(&answer, url, &id, e);
    bytes_clear(&answer.body);
    if (err == ERR_OK)
        err = identity_save(r->data_dir, &id, e);
    if (err == ERR_OK)
        *out = id;
    return err;
}
