/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <hivecast/v1/agent.pb-c.h>

#include "clock.h"
#include "control_fixture.h"
#include "fs.h"

enum { PATIENCE_MS = 30000, TURN_MS = 20 };

struct control_fixture f;

static const Hivecast__V1__Advertisement *advertisement(void *arg)
{
    (void)arg;
    static char id[] = "drone-1";
    static char task_id[] = "brave-otter";
    static Hivecast__V1__TaskStatus status = HIVECAST__V1__TASK_STATUS__INIT;
    static Hivecast__V1__TaskStatus *tasks[] = {&status};
    static Hivecast__V1__Advertisement ad = HIVECAST__V1__ADVERTISEMENT__INIT;
    status.task_id = task_id;
    ad.id = id;
    ad.tasks = tasks;
    ad.n_tasks = 1;
    return &ad;
}

static void on_connection(void *arg, bool control_fixture_is_online)
{
    (void)arg;
    f.ups += control_fixture_is_online ? 1 : 0;
    f.downs += control_fixture_is_online ? 0 : 1;
}

static enum err on_announce(void *arg, const ProtobufCMessage *request, struct error *e)
{
    (void)arg;
    const Hivecast__V1__AnnounceRequest *r = (const Hivecast__V1__AnnounceRequest *)request;
    snprintf(f.announced, sizeof(f.announced), "%s", r->announcement->task_id);
    return f.answer == ERR_OK ? ERR_OK : error_set(e, f.answer, "not now");
}

static const struct transport_handler handlers[] = {{"Announce", on_announce}};

static uint64_t stream_id(void *arg)
{
    (void)arg;
    return 42;
}

/* Reports without content, two bytes each, at most three in a batch. */
static enum err peek(void *arg, size_t max, struct bytes *out, uint64_t *first_seq, size_t *count,
                     struct error *e)
{
    (void)arg;
    static const uint8_t report[] = {0x1a, 0};
    *first_seq = f.confirmed + 1;
    *count = 0;
    while (*count < 3 && f.confirmed + *count < f.written && (*count == 0 || max > out->size)) {
        enum err err = bytes_append(out, report, sizeof(report), e);
        if (err != ERR_OK)
            return err;
        ++*count;
    }
    return ERR_OK;
}

static void confirm(void *arg, uint64_t stored_seq)
{
    (void)arg;
    if (stored_seq > f.confirmed)
        f.confirmed = stored_seq;
}

static const struct transport_host host = {
    .advertisement = advertisement,
    .connection = on_connection,
    .handlers = handlers,
    .handler_count = 1,
};
static const struct transport_reports reports = {
    .stream_id = stream_id,
    .peek = peek,
    .confirm = confirm,
};

int control_fixture_setup(void **state)
{
    (void)state;
    f = (struct control_fixture){.dir = "/tmp/hivecast-control-XXXXXX"};
    assert_int_equal(keys_init(NULL), ERR_OK);
    assert_non_null(mkdtemp(f.dir));
    char path[96];
    snprintf(path, sizeof(path), "%s/keys", f.dir);
    assert_int_equal(keys_load_or_create(path, &f.keys, NULL), ERR_OK);
    f.zmq = zmq_ctx_new();
    assert_int_equal(loop_new(&f.loop, NULL), ERR_OK);
    fake_manager_start(&f.manager, f.zmq, f.loop);
    f.options = (struct transport_options){
        .agent_version = "0",
        .boot_id = "boot",
        .host = &host,
        .reports = &reports,
    };
    fake_manager_config(&f.manager, &f.keys, &f.options.dealer);
    assert_int_equal(transport_client_new(&f.options, &f.client, NULL), ERR_OK);
    return 0;
}

int control_fixture_teardown(void **state)
{
    (void)state;
    transport_client_free(f.client);
    fake_manager_stop(&f.manager);
    loop_watch_stop(&f.zap_watch);
    if (f.zap != NULL)
        zmq_close(f.zap);
    zmq_ctx_term(f.zmq);
    loop_free(f.loop);
    return fs_remove(f.dir, NULL) == ERR_OK ? 0 : -1;
}

void control_fixture_turn_until(bool (*is_true)(void))
{
    int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    while (!is_true()) {
        assert_true(clock_monotonic_ms() < end_ms);
        assert_int_equal(loop_turn(f.loop, TURN_MS, NULL), ERR_OK);
    }
}

bool control_fixture_is_online(void)
{
    return transport_client_status(f.client)->state == TRANSPORT_ONLINE;
}

void control_fixture_go_online(void)
{
    assert_int_equal(transport_client_start(f.client, NULL), ERR_OK);
    control_fixture_turn_until(control_fixture_is_online);
}

bool control_fixture_has_beaten(void)
{
    return fake_manager_count(&f.manager, "Heartbeat") == 1;
}
