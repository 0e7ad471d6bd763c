/* SPDX-License-Identifier: Apache-2.0 */
/* Method numbers are places in the service declarations: this list is only ever appended to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "hivecast/v1/agent.pb-c.h"
#include "hivecast/v1/manager.pb-c.h"

static const char *const manager_methods[] = {
    "Hello", "Heartbeat", "Report", "FetchTask", "Goodbye", "FetchManifest", "FetchChunks",
};
static const char *const agent_methods[] = {
    "Announce", "Stop", "SendLogs", "RunCommand", "StopCommand",
};

static void assert_methods(const ProtobufCServiceDescriptor *service, const char *const *names,
                           size_t count)
{
    assert_int_equal(service->n_methods, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(service->methods[i].name, names[i]);
}

static void numbers_of_manager_methods_never_change(void **state)
{
    (void)state;
    assert_methods(&hivecast__v1__manager__descriptor, manager_methods,
                   sizeof(manager_methods) / sizeof(manager_methods[0]));
}

static void numbers_of_agent_methods_never_change(void **state)
{
    (void)state;
    assert_methods(&hivecast__v1__agent__descriptor, agent_methods,
                   sizeof(agent_methods) / sizeof(agent_methods[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_manager_methods_never_change),
        cmocka_unit_test(numbers_of_agent_methods_never_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
