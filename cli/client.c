/* SPDX-License-Identifier: Apache-2.0 */
/* client: see client.h. One easy handle, so connections are kept. */
#include "client.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "interrupt.h"
#include "names.h"

enum { CONNECT_TIMEOUT_S = 10, ANSWER_MAX = 256 * 1024 * 1024, PER_PAGE = 1000 };

struct client {
    CURL *curl;
    char *url; /* without "/" at its end */
    char *token;
};

/* One answer. */
struct answer {
    struct bytes body;
    const struct upload *upload;
    struct error *e;
    enum err err; /* of a callback */
};

enum err client_new(const char *url, const char *token, struct client **out, struct error *e)
{
    char shown[80];
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
        return error_set(e, ERR_INVALID, "the URL %s must begin with http:// or https://",
                         names_printable(url, shown, sizeof(shown)));
    if (token != NULL && token[strcspn(token, "\r\n")] != '\0')
        return error_set(e, ERR_INVALID, "the token has more than one line");
    AUTO(client_free) struct client *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory");
    size_t length = strlen(url);
    while (length > 0 && url[length - 1] == '/')
        length--;
    c->curl = curl_easy_init();
    c->url = strndup(url, length);
    c->token = token != NULL ? strdup(token) : NULL;
    if (c->curl == NULL || c->url == NULL || (token != NULL && c->token == NULL))
        return error_set(e, ERR_NO_MEMORY, "no memory");
    *out = TAKE(c);
    return ERR_OK;
}

void client_free(struct client *c)
{
    if (c == NULL)
        return;
    curl_easy_cleanup(c->curl);
    free(c->url);
    free(c->token);
    free(c);
}

const char *client_url(const struct client *c)
{
    return c->url;
}

const char *client_token(const struct client *c)
{
    return c->token;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct answer *a = arg;
    if (a->body.size + size * count > ANSWER_MAX)
        a->err = error_set(a->e, ERR_TOO_LARGE, "the manager's answer is too long");
    if (a->err == ERR_OK)
        a->err = bytes_append(&a->body, data, size * count, a->e);
    return a->err == ERR_OK ? size * count : 0;
}

static int on_progress(void *arg, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up)
{
    const struct answer *a = arg;
    (void)down_total;
    (void)down;
    (void)up_total;
    if (a->upload != NULL && a->upload->progress != NULL)
        a->upload->progress(a->upload->arg, (uint64_t)up);
    return interrupt_happened();
}

static enum err transport_error(const struct client *c, CURLcode code, struct error *e)
{
    const char *hint = "";
    if (code == CURLE_ABORTED_BY_CALLBACK || interrupt_happened())
        return error_set(e, ERR_STOPPED, "interrupted");
    if (code == CURLE_COULDNT_CONNECT)
        hint = "; is the manager running there?";
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        hint = "; its certificate is not trusted here";
    return error_set(e, ERR_UNAVAILABLE, "cannot reach %s: %s%s", c->url, curl_easy_strerror(code),
                     hint);
}

/* The sentence of a problem document; field and detail tell more than title. */
static enum err problem_error(const struct client *c, long status, const json_t *problem,
                              struct error *e)
{
    const char *code = json_string_value(json_object_get(problem, "code"));
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    const char *field = json_string_value(json_object_get(problem, "field"));
    enum err err = code != NULL ? err_from_name(code) : ERR_INTERNAL;
    if (err == ERR_OK)
        err = ERR_INTERNAL;
    if (status == 401)
        return error_set(e, ERR_UNAUTHENTICATED,
                         "%s does not know this token (%s); run "
                         "'hivecast login %s'",
                         c->url, detail != NULL ? detail : "401", c->url);
    if (detail == NULL)
        return error_set(e, err, "the manager answered with status %ld", status);
    if (field != NULL && strstr(detail, field) == NULL)
        return error_set(e, err, "%s: %s", field, detail);
    return error_set(e, err, "%s", detail);
}

/* Judges what came back. */
static enum err take_answer(struct client *c, const struct answer *a, json_t **out, struct error *e)
{
    long status = 0;
    json_error_t where;
    curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    json_t *value = a->body.size > 0 ? json_loadb((const char *)a->body.data, a->body.size,
                                                  JSON_DECODE_ANY, &where)
                                     : NULL;
    if (status < 200 || status > 299) {
        enum err err = problem_error(c, status, value, e);
        json_decref(value);
        return err;
    }
    if (a->body.size > 0 && value == NULL)
        return error_set(e, ERR_CORRUPT, "%s did not answer in JSON; is it a hivecast-manager?",
                         c->url);
    if (out != NULL)
        *out = value;
    else
        json_decref(value);
    return ERR_OK;
}

static struct curl_slist *add_header(struct curl_slist *list, const char *name, const char *value)
{
    char *line = NULL;
    if (value == NULL || asprintf(&line, "%s: %s", name, value) < 0)
        return list;
    struct curl_slist *longer = curl_slist_append(list, line);
    free(line);
    return longer != NULL ? longer : list;
}

static void prepare(struct client *c, const char *url, struct answer *a)
{
    CURL *curl = c->curl;
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "hivecast/" HIVECAST_VERSION);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, a);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, a);
}

/* Sends what the caller has set up on c->curl since prepare. */
static enum err perform(struct client *c, const char *type, struct answer *a, json_t **out,
                        struct error *e)
{
    char *bearer = NULL;
    if (c->token != NULL && asprintf(&bearer, "Bearer %s", c->token) < 0)
        return error_set(e, ERR_NO_MEMORY, "no memory");
    struct curl_slist *headers = add_header(NULL, "Authorization", bearer);
    headers = add_header(headers, "Content-Type", type);
    headers = add_header(headers, "Accept", "application/json");
    /* No round trip before a body. */
    headers = add_header(headers, "Expect", "");
    free(bearer);
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
    CURLcode code = curl_easy_perform(c->curl);
    enum err err = a->err;
    if (err == ERR_OK)
        err = code == CURLE_OK ? take_answer(c, a, out, e) : transport_error(c, code, e);
    curl_slist_free_all(headers);
    bytes_clear(&a->body);
    return err;
}

static enum err url_of(const struct client *c, const char *path, char **out, struct error *e)
{
    if (asprintf(out, "%s%s", c->url, path) < 0)
        return error_set(e, ERR_NO_MEMORY, "no memory");
    return ERR_OK;
}

static enum err call_text(struct client *c, const char *method, const char *path, const char *type,
                          const struct bytes *body, json_t **out, struct error *e)
{
    AUTO_FREE char *url = NULL;
    struct answer a = {.e = e};
    enum err err = url_of(c, path, &url, e);
    if (err != ERR_OK)
        return err;
    prepare(c, url, &a);
    curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, method);
    if (body != NULL) {
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->size);
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, body->size > 0 ? (char *)body->data : "");
    }
    return perform(c, body != NULL ? type : NULL, &a, out, e);
}

enum err client_call(struct client *c, const char *method, const char *path, const json_t *body,
                     json_t **out, struct error *e)
{
    struct bytes text = {0};
    if (body == NULL)
        return call_text(c, method, path, NULL, NULL, out, e);
    AUTO_FREE char *dump = json_dumps(body, JSON_COMPACT);
    if (dump == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory");
    text.data = (uint8_t *)dump;
    text.size = strlen(dump);
    return call_text(c, method, path, "application/json", &text, out, e);
}

enum err client_post(struct client *c, const char *path, const char *type, const struct bytes *body,
                     json_t **out, struct error *e)
{
    return call_text(c, "POST", path, type, body, out, e);
}

static enum err fetch_page(struct client *c, const char *path, size_t page, json_t **out,
                           struct error *e)
{
    struct bytes url = {0};
    char number[24];
    snprintf(number, sizeof(number), "%zu", page);
    enum err err = bytes_append(&url, path, strlen(path), e);
    if (err == ERR_OK)
        err = client_query(&url, "page", number, e);
    snprintf(number, sizeof(number), "%d", PER_PAGE);
    if (err == ERR_OK)
        err = client_query(&url, "perPage", number, e);
    if (err == ERR_OK)
        err = client_call(c, "GET", (const char *)url.data, NULL, out, e);
    bytes_clear(&url);
    if (err == ERR_OK && !json_is_array(json_object_get(*out, "items"))) {
        json_decref(*out);
        return error_set(e, ERR_CORRUPT, "the manager did not answer with a list");
    }
    return err;
}

enum err client_list(struct client *c, const char *path_and_query, size_t max, json_t **out,
                     struct error *e)
{
    json_t *all = json_array();
    json_int_t total = 0;
    enum err err = all != NULL ? ERR_OK : error_set(e, ERR_NO_MEMORY, "no memory");
    for (size_t page = 1, got = PER_PAGE; err == ERR_OK && got == PER_PAGE; page++) {
        json_t *answer = NULL;
        err = fetch_page(c, path_and_query, page, &answer, e);
        if (err != ERR_OK)
            break;
        json_t *items = json_object_get(answer, "items");
        got = json_array_size(items);
        total = json_integer_value(json_object_get(answer, "total"));
        json_array_extend(all, items);
        json_decref(answer);
        while (max > 0 && json_array_size(all) > max)
            json_array_remove(all, json_array_size(all) - 1);
        if (max > 0 && json_array_size(all) == max)
            break;
    }
    if (err == ERR_OK)
        *out = json_pack("{s:I, s:O}", "total", total, "items", all);
    json_decref(all);
    return err;
}

static size_t on_upload(char *buffer, size_t size, size_t count, void *arg)
{
    struct answer *a = arg;
    size_t got = 0;
    a->err = a->upload->read(a->upload->arg, buffer, size * count, &got, a->e);
    return a->err == ERR_OK ? got : CURL_READFUNC_ABORT;
}

enum err client_upload(struct client *c, const struct upload *upload, json_t **out, struct error *e)
{
    AUTO_FREE char *url = NULL;
    struct answer a = {.e = e, .upload = upload};
    enum err err = url_of(c, "/uploads", &url, e);
    if (err != ERR_OK)
        return err;
    prepare(c, url, &a);
    curl_mime *mime = curl_mime_init(c->curl);
    curl_mimepart *part = mime != NULL ? curl_mime_addpart(mime) : NULL;
    if (part == NULL) {
        curl_mime_free(mime);
        return error_set(e, ERR_NO_MEMORY, "no memory");
    }
    curl_mime_name(part, "file");
    curl_mime_filename(part, upload->name);
    curl_mime_type(part, "application/octet-stream");
    curl_mime_data_cb(part, (curl_off_t)upload->size, on_upload, NULL, NULL, &a);
    curl_easy_setopt(c->curl, CURLOPT_MIMEPOST, mime);
    err = perform(c, NULL, &a, out, e);
    curl_easy_setopt(c->curl, CURLOPT_MIMEPOST, NULL);
    curl_mime_free(mime);
    return err;
}

enum err client_query(struct bytes *path, const char *key, const char *value, struct error *e)
{
    if (value == NULL)
        return ERR_OK;
    bool is_first = memchr(path->data, '?', path->size) == NULL;
    char *escaped = curl_easy_escape(NULL, value, 0);
    if (escaped == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory");
    enum err err = bytes_append(path, is_first ? "?" : "&", 1, e);
    if (err == ERR_OK)
        err = bytes_append(path, key, strlen(key), e);
    if (err == ERR_OK)
        err = bytes_append(path, "=", 1, e);
    if (err == ERR_OK)
        err = bytes_append(path, escaped, strlen(escaped), e);
    curl_free(escaped);
    return err;
}

enum err client_path(struct bytes *path, const char *prefix, const char *id, const char *suffix,
                     struct error *e)
{
    enum err err = names_check_id("id", id, e);
    if (err == ERR_OK)
        err = bytes_append(path, prefix, strlen(prefix), e);
    if (err == ERR_OK)
        err = bytes_append(path, id, strlen(id), e);
    return err == ERR_OK ? bytes_append(path, suffix, strlen(suffix), e) : err;
}

enum err client_connect(struct client *c, CURL **out, struct error *e)
{
    struct answer a = {.e = e};
    CURL *curl = curl_easy_init();
    if (curl == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory");
    curl_easy_setopt(curl, CURLOPT_URL, c->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &a);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 1L);
    if (code != CURLE_OK) {
        curl_easy_cleanup(curl);
        return transport_error(c, code, e);
    }
    *out = curl;
    return ERR_OK;
}
