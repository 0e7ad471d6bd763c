/* SPDX-License-Identifier: Apache-2.0 */
/* interrupt: see interrupt.h. The handler is reset by its first signal, so the second one kills. */
#include "interrupt.h"

#include <poll.h>
#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t happened;

static void on_signal(int number)
{
    (void)number;
    happened = 1;
}

void interrupt_init(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool interrupt_happened(void)
{
    return happened != 0;
}

void interrupt_clear(void)
{
    happened = 0;
}

void interrupt_pause(int ms)
{
    if (!interrupt_happened())
        (void)poll(NULL, 0, ms);
}
