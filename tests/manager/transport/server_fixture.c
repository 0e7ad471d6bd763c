/* SPDX-License-Identifier: Apache-2.0 */
#include "server_fixture.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "store_backends.h"
#include "task_wire.h"

#define STORE_KIND "memory"
#define STORE_NAME "transport"

enum { HEARTBEAT_MS = 1000, POLL_MS = 5 };

static struct key_pair make_keys(void)
{
    struct key_pair keys;
    char public_key[KEY_Z85_SIZE];
    char secret_key[KEY_Z85_SIZE];
    assert_int_equal(zmq_curve_keypair(public_key, secret_key), 0);
    assert_int_equal(keys_z85_decode(public_key, keys.public_key, NULL), ERR_OK);
    assert_int_equal(keys_z85_decode(secret_key, keys.secret_key, NULL), ERR_OK);
    return keys;
}

static void *run(void *arg)
{
    struct fixture *f = arg;
    struct error e = {.code = ERR_OK};
    if (transport_run(f->transport, f->stop_fd, &e) != ERR_OK)
        log_error("%s", e.text);
    return NULL;
}

int fixture_set_up(void **state)
{
    static const uint8_t token_key[KEY_BYTES];
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    assert_int_equal(keys_init(NULL), ERR_OK);
    log_init(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    f->context = zmq_ctx_new();
    assert_non_null(f->context);
    f->server_keys = make_keys();
    f->stop_fd = eventfd(0, EFD_CLOEXEC);
    assert_true(f->stop_fd >= 0);
    struct store *store = NULL;
    struct store *reader = NULL;
    assert_int_equal(transport_new(&f->transport, NULL), ERR_OK);
    assert_int_equal(store_open(STORE_KIND, STORE_NAME, &store, NULL), ERR_OK);
    faulty_store_init(&f->faulty, store);
    assert_int_equal(core_init(&f->core, &f->faulty.store, transport_outbox(f->transport),
                               task_wire_encode, token_key, NULL),
                     ERR_OK);
    assert_int_equal(store_open_reader(STORE_KIND, STORE_NAME, &reader, NULL), ERR_OK);
    struct transport_config config = {.control_endpoint = "tcp://127.0.0.1:*",
                                      .bulk_endpoint = "tcp://127.0.0.1:*",
                                      .keys = &f->server_keys,
                                      .heartbeat_ms = HEARTBEAT_MS,
                                      .core = &f->core};
    assert_int_equal(transport_start(f->transport, &config, reader, NULL), ERR_OK);
    f->control = transport_control_endpoint(f->transport);
    f->bulk = transport_bulk_endpoint(f->transport);
    assert_int_equal(pthread_create(&f->thread, NULL, run, f), 0);
    *state = f;
    return 0;
}

int fixture_tear_down(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(eventfd_write(f->stop_fd, 1), 0);
    assert_int_equal(pthread_join(f->thread, NULL), 0);
    mailbox_close(f->core.mailbox);
    transport_free(f->transport);
    core_clear(&f->core);
    wire_client_close_all();
    assert_int_equal(zmq_ctx_term(f->context), 0);
    (void)close(f->stop_fd);
    free(f);
    return 0;
}

struct device fixture_stranger(const char *id)
{
    struct device d = {.keys = make_keys()};
    (void)snprintf(d.id, sizeof(d.id), "%s", id);
    return d;
}

/* What a test asks of core, and what comes back. */
struct question {
    struct fixture *fixture;
    const char *id;
    const char *second_id;
    const struct device *device;
    struct task *task;
    struct task_target row;
    uint64_t count;
    bool is_online;
};

static void ask(mailbox_fn *fn, struct question *q)
{
    struct error e = {.code = ERR_OK};
    if (mailbox_call(q->fixture->core.mailbox, fn, q, &e) != ERR_OK)
        fail_msg("%s", e.text);
}

static enum err do_register(void *arg, struct error *e)
{
    struct question *q = arg;
    struct target t = {.registered_ms = clock_wall_ms()};
    (void)snprintf(t.id, sizeof(t.id), "%s", q->device->id);
    memcpy(t.public_key, q->device->keys.public_key, KEY_BYTES);
    return registry_add(q->fixture->core.registry, &t, e);
}

struct device fixture_register(struct fixture *f, const char *id)
{
    struct device d = fixture_stranger(id);
    ask(do_register, &(struct question){.fixture = f, .device = &d});
    return d;
}

static enum err do_remove(void *arg, struct error *e)
{
    struct question *q = arg;
    struct outbox *outbox = q->fixture->core.outbox;
    enum err err = registry_remove(q->fixture->core.registry, q->id, e);
    if (err == ERR_OK)
        outbox->ops->cut(outbox, q->id);
    return err;
}

void fixture_remove(struct fixture *f, const char *id)
{
    ask(do_remove, &(struct question){.fixture = f, .id = id});
}

static enum err do_deploy(void *arg, struct error *e)
{
    struct question *q = arg;
    return task_manager_create(q->fixture->core.tasks, q->task, e);
}

void fixture_deploy(struct fixture *f, const char *target_id, const char *package_id,
                    char task_id[static TASK_ID_SIZE])
{
    struct task task = {.has_deploy = true, .has_package = package_id != NULL};
    (void)snprintf(task.app, sizeof(task.app), "default");
    (void)snprintf(task.package_id, sizeof(task.package_id), "%s",
                   package_id != NULL ? package_id : "");
    task.package.chunk_count = 1000;
    assert_int_equal(strlist_add(&task.selector.ids, target_id, NULL), ERR_OK);
    assert_int_equal(strlist_add(&task.run_commands, "true", NULL), ERR_OK);
    ask(do_deploy, &(struct question){.fixture = f, .task = &task});
    (void)snprintf(task_id, TASK_ID_SIZE, "%s", task.id);
    task_clear(&task);
}

static enum err do_stop(void *arg, struct error *e)
{
    struct question *q = arg;
    return task_manager_stop(q->fixture->core.tasks, q->id, e);
}

void fixture_stop_task(struct fixture *f, const char *task_id)
{
    ask(do_stop, &(struct question){.fixture = f, .id = task_id});
}

static enum err do_look(void *arg, struct error *e)
{
    (void)e;
    struct question *q = arg;
    const struct target *t = registry_find(q->fixture->core.registry, q->id);
    q->is_online = t != NULL && t->is_online;
    return ERR_OK;
}

bool fixture_is_online(struct fixture *f, const char *id)
{
    struct question q = {.fixture = f, .id = id};
    ask(do_look, &q);
    return q.is_online;
}

bool fixture_wait_online(struct fixture *f, const char *id, bool is_online)
{
    int64_t end_ms = clock_monotonic_ms() + WIRE_WAIT_MS;
    while (clock_monotonic_ms() < end_ms) {
        if (fixture_is_online(f, id) == is_online)
            return true;
        (void)poll(NULL, 0, POLL_MS);
    }
    return false;
}

static enum err do_row(void *arg, struct error *e)
{
    struct question *q = arg;
    return store_row_get(q->fixture->core.store, q->id, q->second_id, &q->row, e);
}

struct task_target fixture_row(struct fixture *f, const char *task_id, const char *target_id)
{
    struct question q = {.fixture = f, .id = task_id, .second_id = target_id};
    ask(do_row, &q);
    return q.row;
}

static bool pass_log(void *arg, const struct log_row *row)
{
    (void)arg;
    (void)row;
    return true;
}

static enum err do_count_logs(void *arg, struct error *e)
{
    struct question *q = arg;
    struct log_query query = {.page = {.number = 1, .size = 1}};
    return store_log_query(q->fixture->core.store, &query, &q->count, pass_log, NULL, e);
}

uint64_t fixture_log_count(struct fixture *f)
{
    struct question q = {.fixture = f};
    ask(do_count_logs, &q);
    return q.count;
}

void fixture_connect(struct fixture *f, const struct device *d, struct wire_client *control)
{
    wire_client_open(control, f->context, f->control, &d->keys, f->server_keys.public_key);
}

void fixture_connect_bulk(struct fixture *f, const struct device *d, struct wire_client *bulk)
{
    wire_client_open(bulk, f->context, f->bulk, &d->keys, f->server_keys.public_key);
}

enum err fixture_hello(struct wire_client *c, const char *id,
                       Hivecast__V1__HelloResponse **response)
{
    uint32_t versions[] = {1};
    char name[ID_SIZE];
    (void)snprintf(name, sizeof(name), "%s", id);
    Hivecast__V1__Advertisement advertisement = HIVECAST__V1__ADVERTISEMENT__INIT;
    advertisement.id = name;
    Hivecast__V1__HelloRequest hello = HIVECAST__V1__HELLO_REQUEST__INIT;
    hello.protocol_versions = versions;
    hello.n_protocol_versions = 1;
    hello.advertisement = &advertisement;
    hello.stream_id = 1;
    ProtobufCMessage *message = NULL;
    enum err err = wire_client_call(c, "Hello", &hello.base, response != NULL ? &message : NULL);
    if (response != NULL)
        *response = (void *)message;
    return err;
}

void fixture_join(struct fixture *f, const struct device *d, struct wire_client *control)
{
    fixture_connect(f, d, control);
    assert_int_equal(fixture_hello(control, d->id, NULL), ERR_OK);
}

static enum err do_break(void *arg, struct error *e)
{
    (void)e;
    struct question *q = arg;
    q->fixture->faulty.code = ERR_NO_SPACE;
    q->fixture->faulty.fails_commits = q->is_online;
    return ERR_OK;
}

void fixture_break_commits(struct fixture *f, bool broken)
{
    struct question q = {.fixture = f, .is_online = broken};
    struct error e;
    enum err err = mailbox_call(f->core.mailbox, do_break, &q, &e);
    assert_int_equal(err, broken ? ERR_NO_SPACE : ERR_OK);
}
