/* SPDX-License-Identifier: Apache-2.0 */
#include "device_registrator.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "fs.h"

/* A manager of one answer: a thread that takes one request after the other. */
struct fake_manager {
    pthread_t thread;
    int fd;
    char url[64];
    pthread_mutex_t lock; /* guards what follows */
    const char *answer;
    char request[4096];
};

struct fixture {
    struct fake_manager manager;
    char dir[32];
};

static const char registered[] =
    "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    "{\"id\":\"drone-1\",\"managerPublicKey\":\"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\","
    "\"control\":\"tcp://*:5557\",\"bulk\":\"tcp://[::]:5558\"}";

static void answer_one(struct fake_manager *m, int peer)
{
    size_t used = 0;
    ssize_t got;
    pthread_mutex_lock(&m->lock);
    memset(m->request, 0, sizeof(m->request));
    while (strstr(m->request, "\r\n\r\n{") == NULL || strchr(m->request, '}') == NULL) {
        got = read(peer, m->request + used, sizeof(m->request) - 1 - used);
        if (got <= 0)
            break;
        used += (size_t)got;
    }
    assert_int_equal(write(peer, m->answer, strlen(m->answer)), (ssize_t)strlen(m->answer));
    pthread_mutex_unlock(&m->lock);
    close(peer);
}

static void *serve(void *arg)
{
    struct fake_manager *m = arg;
    int peer;
    while ((peer = accept(m->fd, NULL, NULL)) >= 0)
        answer_one(m, peer);
    return NULL;
}

static void set_answer(struct fake_manager *m, const char *answer)
{
    pthread_mutex_lock(&m->lock);
    m->answer = answer;
    pthread_mutex_unlock(&m->lock);
}

static void assert_was_asked(struct fake_manager *m, const char *words)
{
    pthread_mutex_lock(&m->lock);
    assert_non_null(strstr(m->request, words));
    pthread_mutex_unlock(&m->lock);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    snprintf(f->dir, sizeof(f->dir), "/tmp/hivecast-test-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    f->manager.fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(f->manager.fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(f->manager.fd, 4), 0);
    assert_int_equal(getsockname(f->manager.fd, (struct sockaddr *)&address, &size), 0);
    snprintf(f->manager.url, sizeof(f->manager.url), "http://127.0.0.1:%d/",
             ntohs(address.sin_port));
    assert_int_equal(pthread_mutex_init(&f->manager.lock, NULL), 0);
    set_answer(&f->manager, registered);
    assert_int_equal(pthread_create(&f->manager.thread, NULL, serve, &f->manager), 0);
    *state = f;
    return keys_init(NULL) == ERR_OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    shutdown(f->manager.fd, SHUT_RDWR); /* wakes accept */
    pthread_join(f->manager.thread, NULL);
    close(f->manager.fd);
    pthread_mutex_destroy(&f->manager.lock);
    assert_int_equal(fs_remove(f->dir, NULL), ERR_OK);
    free(f);
    return 0;
}

static struct join_request request_of(const struct fixture *f)
{
    return (struct join_request){.url = f->manager.url,
                                 .token = "12ab-34cd-56ef",
                                 .id = "drone-1",
                                 .tags = "north",
                                 .location = "45.06,7.66",
                                 .data_dir = f->dir};
}

static void joining_sends_the_public_key_and_keeps_the_identity(void **state)
{
    struct fixture *f = *state;
    struct join_request r = request_of(f);
    struct identity id, loaded;
    assert_int_equal(device_registrator_join(&r, &id, NULL), ERR_OK);
    assert_int_equal(identity_load(f->dir, &loaded, NULL), ERR_OK);
    assert_string_equal(loaded.id, "drone-1");
    assert_string_equal(loaded.control, "tcp://127.0.0.1:5557");
    assert_string_equal(loaded.bulk, "tcp://127.0.0.1:5558");
    struct key_pair keys;
    char key[KEY_Z85_SIZE];
    assert_int_equal(identity_keys(f->dir, &keys, NULL), ERR_OK);
    keys_z85_encode(keys.public_key, key);
    assert_was_asked(&f->manager, "POST /rpc/targets ");
    assert_was_asked(&f->manager, "X-Auth-Token: 12ab-34cd-56ef");
    assert_was_asked(&f->manager, "\"tags\":[\"north\"]");
    assert_was_asked(&f->manager, "\"latitude\":45.06");
}

static void a_repeated_join_comes_with_the_same_key(void **state)
{
    struct fixture *f = *state;
    struct join_request r = request_of(f);
    struct identity id;
    struct key_pair first, second;
    assert_int_equal(device_registrator_join(&r, &id, NULL), ERR_OK);
    assert_int_equal(identity_keys(f->dir, &first, NULL), ERR_OK);
    r.id = r.tags = r.location = NULL; /* as before */
    assert_int_equal(device_registrator_join(&r, &id, NULL), ERR_OK);
    assert_string_equal(id.id, "drone-1");
    assert_true(tags_has(&id.tags, "north"));
    assert_int_equal(identity_keys(f->dir, &second, NULL), ERR_OK);
    assert_memory_equal(&first, &second, sizeof(first));
}

static void refusals_are_told_apart(void **state)
{
    static const struct {
        const char *answer;
        enum err code;
        const char *word;
    } rows[] = {
        {"HTTP/1.1 401 No\r\nConnection: close\r\n\r\n{\"detail\":\"used\"}", ERR_UNAUTHENTICATED,
         "token"},
        {"HTTP/1.1 409 No\r\nConnection: close\r\n\r\n{}", ERR_CONFLICT, "--id"},
        {"HTTP/1.1 429 No\r\nConnection: close\r\n\r\n", ERR_THROTTLED, "wait"},
        {"HTTP/1.1 404 No\r\nConnection: close\r\n\r\n<html>", ERR_UNAVAILABLE, "no Hivecast"},
        {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"control\":1}", ERR_INVALID, "without"},
    };
    struct fixture *f = *state;
    struct join_request r = request_of(f);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        set_answer(&f->manager, rows[i].answer);
        struct identity id;
        struct error e;
        assert_int_equal(device_registrator_join(&r, &id, &e), rows[i].code);
        assert_non_null(strstr(e.text, rows[i].word));
        assert_int_equal(identity_load(f->dir, &id, NULL), ERR_NOT_FOUND);
    }
}

static void nobody_there_is_said_with_the_address(void **state)
{
    struct fixture *f = *state;
    struct join_request r = request_of(f);
    r.url = "http://127.0.0.1:1";
    struct identity id;
    struct error e;
    assert_int_equal(device_registrator_join(&r, &id, &e), ERR_UNAVAILABLE);
    assert_non_null(strstr(e.text, "127.0.0.1:1"));
}

static void plain_http_is_for_loopback_only(void **state)
{
    (void)state;
    char out[URL_SIZE];
    assert_int_equal(device_registrator_check_url("http://example.org", out, NULL), ERR_FORBIDDEN);
    assert_int_equal(device_registrator_check_url("http://10.0.0.1", out, NULL), ERR_FORBIDDEN);
    assert_int_equal(device_registrator_check_url("http://127.example.org", out, NULL),
                     ERR_FORBIDDEN);
    assert_int_equal(device_registrator_check_url("http://127.0.0.1:8080/", out, NULL), ERR_OK);
    assert_string_equal(out, "http://127.0.0.1:8080");
    assert_int_equal(device_registrator_check_url("http://[::1]:8080", out, NULL), ERR_OK);
    assert_int_equal(device_registrator_check_url("http://localhost:8080", out, NULL), ERR_OK);
    assert_int_equal(device_registrator_check_url("https://example.org/hive/", out, NULL), ERR_OK);
    assert_string_equal(out, "https://example.org/hive");
}

static void what_is_no_url_of_a_manager_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "example.org",
                                      "ftp://example.org",
                                      "https://u:p@h",
                                      "https://h/?q=1",
                                      "https://h/#f",
                                      "https://"};
    char out[URL_SIZE];
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(device_registrator_check_url(bad[i], out, NULL), ERR_INVALID);
}

static void a_bad_token_or_id_never_leaves_the_device(void **state)
{
    struct fixture *f = *state;
    struct identity id;
    struct join_request r = request_of(f);
    r.token = "12ab\r\nX-Evil: 1";
    assert_int_equal(device_registrator_join(&r, &id, NULL), ERR_INVALID);
    r = request_of(f);
    r.id = "../../etc";
    assert_int_equal(device_registrator_join(&r, &id, NULL), ERR_INVALID);
    char tall[ID_MAX + 2];
    memset(tall, 'a', sizeof(tall) - 1);
    tall[sizeof(tall) - 1] = '\0';
    r.id = tall;
    assert_int_equal(device_registrator_join(&r, &id, NULL), ERR_INVALID);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(joining_sends_the_public_key_and_keeps_the_identity),
        TEST(a_repeated_join_comes_with_the_same_key),
        TEST(refusals_are_told_apart),
        TEST(nobody_there_is_said_with_the_address),
        cmocka_unit_test(plain_http_is_for_loopback_only),
        cmocka_unit_test(what_is_no_url_of_a_manager_is_refused),
        TEST(a_bad_token_or_id_never_leaves_the_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
