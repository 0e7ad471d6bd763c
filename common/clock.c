/* SPDX-License-Identifier: Apache-2.0 */
/* clock: see clock.h. CLOCK_BOOTTIME and not CLOCK_MONOTONIC: a robot that slept for an hour has
 * been away for an hour. */
#include "clock.h"

#include <stdio.h>
#include <time.h>

static int64_t read_ms(clockid_t id)
{
    struct timespec now = {0};
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_monotonic_ms(void)
{
    return read_ms(CLOCK_BOOTTIME);
}

int64_t clock_wall_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}

void clock_format(int64_t wall_ms, char out[static TIME_TEXT_SIZE])
{
    /* RFC 3339 has four digits for the year. */
    const int64_t first_ms = -30610224000000;
    const int64_t last_ms = 253402300799999;
    if (wall_ms < first_ms)
        wall_ms = first_ms;
    if (wall_ms > last_ms)
        wall_ms = last_ms;
    int64_t millis = (wall_ms % 1000 + 1000) % 1000;
    time_t seconds = (time_t)((wall_ms - millis) / 1000);
    struct tm utc = {0};
    gmtime_r(&seconds, &utc);
    size_t used = strftime(out, TIME_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out + used, TIME_TEXT_SIZE - used, ".%03dZ", (int)millis);
}
