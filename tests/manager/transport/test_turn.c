/* SPDX-License-Identifier: Apache-2.0 */
/* What leaves with a turn, and what does not when it could not be stored. */
#include "server_fixture.h"

#include <stdlib.h>
#include <string.h>

enum { QUIET_MS = 200, MANY = 60 };

static enum err heartbeat(struct wire_client *c)
{
    Hivecast__V1__HeartbeatRequest request = HIVECAST__V1__HEARTBEAT_REQUEST__INIT;
    return wire_client_call(c, "Heartbeat", &request.base, NULL);
}

static enum err report_nothing(struct wire_client *c)
{
    Hivecast__V1__Report report = HIVECAST__V1__REPORT__INIT;
    Hivecast__V1__Report *reports[] = {&report};
    Hivecast__V1__ReportRequest request = HIVECAST__V1__REPORT_REQUEST__INIT;
    request.stream_id = 1;
    request.first_seq = 1;
    request.reports = reports;
    request.n_reports = 1;
    return wire_client_call(c, "Report", &request.base, NULL);
}

static void what_cannot_be_stored_is_not_confirmed(void **state)
{
    struct fixture *f = *state;
    struct device d = fixture_register(f, "drone-1");
    struct wire_client c;
    fixture_join(f, &d, &c);
    fixture_break_commits(f, true);
    assert_int_equal(report_nothing(&c), ERR_NO_SPACE);
    assert_int_equal(heartbeat(&c), ERR_NO_SPACE);
    fixture_break_commits(f, false);
    assert_int_equal(report_nothing(&c), ERR_OK);
    wire_client_close(&c);
}

static enum err do_announce(void *arg, struct error *e)
{
    struct fixture *f = arg;
    struct task task = {.id = "ghost", .app = "default"};
    return f->core.outbox->ops->announce(f->core.outbox, "drone-1", &task, e);
}

static void nothing_is_said_of_what_was_not_stored(void **state)
{
    struct fixture *f = *state;
    struct device d = fixture_register(f, "drone-1");
    struct wire_client c;
    fixture_join(f, &d, &c);
    fixture_break_commits(f, true);
    assert_int_equal(mailbox_call(f->core.mailbox, do_announce, f, NULL), ERR_NO_SPACE);
    fixture_break_commits(f, false);
    assert_false(wire_client_expect(&c, "Announce", NULL, QUIET_MS));
    assert_int_equal(mailbox_call(f->core.mailbox, do_announce, f, NULL), ERR_OK);
    assert_true(wire_client_expect(&c, "Announce", NULL, WIRE_WAIT_MS));
    wire_client_close(&c);
}

static enum err do_call_absent(void *arg, struct error *e)
{
    struct fixture *f = arg;
    const struct outbox_ops *ops = f->core.outbox->ops;
    struct task task = {.id = "ghost", .app = "default"};
    assert_int_equal(ops->announce(f->core.outbox, "drone-9", &task, e), ERR_UNAVAILABLE);
    assert_int_equal(ops->stop(f->core.outbox, "drone-9", "", e), ERR_UNAVAILABLE);
    assert_int_equal(ops->send_logs(f->core.outbox, "drone-9", "", e), ERR_UNAVAILABLE);
    assert_int_equal(ops->run_command(f->core.outbox, "drone-9", "ls", e), ERR_UNAVAILABLE);
    assert_int_equal(ops->stop_command(f->core.outbox, "drone-9", e), ERR_UNAVAILABLE);
    ops->cut(f->core.outbox, "drone-9");
    return ERR_OK;
}

static void who_is_not_connected_cannot_be_called(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(mailbox_call(f->core.mailbox, do_call_absent, f, NULL), ERR_OK);
}

static enum err do_call(void *arg, struct error *e)
{
    struct fixture *f = arg;
    const struct outbox_ops *ops = f->core.outbox->ops;
    enum err err = ops->send_logs(f->core.outbox, "drone-1", "some-task", e);
    if (err == ERR_OK)
        err = ops->run_command(f->core.outbox, "drone-1", "ls", e);
    return err == ERR_OK ? ops->stop_command(f->core.outbox, "drone-1", e) : err;
}

static void calls_arrive_in_order(void **state)
{
    struct fixture *f = *state;
    struct device d = fixture_register(f, "drone-1");
    struct wire_client c;
    fixture_join(f, &d, &c);
    assert_int_equal(mailbox_call(f->core.mailbox, do_call, f, NULL), ERR_OK);
    static const char *const methods[] = {"SendLogs", "RunCommand", "StopCommand"};
    for (size_t i = 0; i < 3; i++) {
        struct rpc_message m;
        assert_true(wire_client_receive(&c, &m, WIRE_WAIT_MS));
        assert_int_equal(m.kind, RPC_REQUEST);
        assert_int_equal(m.service, RPC_AGENT);
        assert_int_equal(m.method, rpc_method(RPC_AGENT, methods[i]));
        rpc_message_clear(&m);
    }
    wire_client_close(&c);
}

static enum err do_announce_all(void *arg, struct error *e)
{
    struct fixture *f = arg;
    struct task task = {.id = "common", .app = "default"};
    for (int i = 0; i < MANY; i++) {
        char id[ID_SIZE];
        (void)snprintf(id, sizeof(id), "drone-%d", i);
        enum err err = f->core.outbox->ops->announce(f->core.outbox, id, &task, e);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

static void an_announcement_reaches_everybody(void **state)
{
    struct fixture *f = *state;
    struct wire_client clients[MANY];
    for (int i = 0; i < MANY; i++) {
        char id[ID_SIZE];
        (void)snprintf(id, sizeof(id), "drone-%d", i);
        struct device d = fixture_register(f, id);
        fixture_join(f, &d, &clients[i]);
    }
    assert_int_equal(mailbox_call(f->core.mailbox, do_announce_all, f, NULL), ERR_OK);
    for (int i = 0; i < MANY; i++) {
        ProtobufCMessage *body = NULL;
        assert_true(wire_client_expect(&clients[i], "Announce", &body, WIRE_WAIT_MS));
        const Hivecast__V1__AnnounceRequest *announce = (const void *)body;
        assert_string_equal(announce->announcement->task_id, "common");
        protobuf_c_message_free_unpacked(body, NULL);
        wire_client_close(&clients[i]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_cannot_be_stored_is_not_confirmed), TEST(nothing_is_said_of_what_was_not_stored),
        TEST(who_is_not_connected_cannot_be_called),  TEST(calls_arrive_in_order),
        TEST(an_announcement_reaches_everybody),
    };
    return cmocka_run_group_tests_name("turn", tests, NULL, NULL);
}
