/* SPDX-License-Identifier: Apache-2.0 */
/* clock: the two clocks. Durations use the monotonic one, facts the wall clock. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

enum { TIME_TEXT_SIZE = 32 };

/* Since an arbitrary start; never goes back; counts while suspended. */
int64_t clock_monotonic_ms(void);
/* Since 1970-01-01 UTC. */
int64_t clock_wall_ms(void);
/* RFC 3339 in UTC with milliseconds: "2026-11-22T10:00:00.000Z". */
void clock_format(int64_t wall_ms, char out[static TIME_TEXT_SIZE]);

#endif
