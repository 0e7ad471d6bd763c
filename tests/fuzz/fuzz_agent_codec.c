/* SPDX-License-Identifier: Apache-2.0 */
/* What agents say, on its way into core: the first byte chooses Hello, Heartbeat or Report. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_statuses(Hivecast__V1__TaskStatus *const *statuses, size_t count)
{
    AUTO_FREE struct task_status *tasks = NULL;
    size_t task_count = 0;
    struct error e;
    if (agent_codec_statuses(statuses, count, &tasks, &task_count, &e) != ERR_OK)
        return;
    for (size_t i = 0; i < task_count; i++) {
        if (task_state_name(tasks[i].state) == NULL || strlen(tasks[i].task_id) >= TASK_ID_SIZE)
            abort();
    }
}

static void read_hello(const uint8_t *data, size_t size)
{
    Hivecast__V1__HelloRequest *hello = hivecast__v1__hello_request__unpack(NULL, size, data);
    struct advertisement a;
    struct error e;
    if (hello == NULL)
        return;
    if (hello->advertisement != NULL) {
        (void)(agent_codec_advertisement(hello, &a, &e) == ERR_OK);
        read_statuses(hello->advertisement->tasks, hello->advertisement->n_tasks);
    }
    hivecast__v1__hello_request__free_unpacked(hello, NULL);
}

static void read_heartbeat(const uint8_t *data, size_t size)
{
    Hivecast__V1__HeartbeatRequest *beat =
        hivecast__v1__heartbeat_request__unpack(NULL, size, data);
    if (beat == NULL)
        return;
    read_statuses(beat->tasks, beat->n_tasks);
    hivecast__v1__heartbeat_request__free_unpacked(beat, NULL);
}

static void read_reports(const uint8_t *data, size_t size)
{
    Hivecast__V1__ReportRequest *request = hivecast__v1__report_request__unpack(NULL, size, data);
    static struct report_slice slice;
    struct error e;
    if (request == NULL)
        return;
    for (size_t done = 0; done < request->n_reports; done += slice.count) {
        if (report_slice_fill(&slice, request, done, &e) != ERR_OK)
            break;
    }
    report_slice_clear(&slice);
    hivecast__v1__report_request__free_unpacked(request, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(const uint8_t *, size_t) = {read_hello, read_heartbeat,
                                                               read_reports};
    if (size > 0)
        readers[data[0] % 3](data + 1, size - 1);
    return 0;
}
