/* SPDX-License-Identifier: Apache-2.0 */
/* interrupt: Ctrl-C as a flag that waiting code looks at, so that every command ends cleanly. */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <stdbool.h>

void interrupt_init(void);
/* SIGINT or SIGTERM came; waiting system calls ended with EINTR. */
bool interrupt_happened(void);
/* Takes it back: the command has acted on it and goes on. A second one ends the program at once. */
void interrupt_clear(void);
/* Returns after ms, or sooner when a signal comes. */
void interrupt_pause(int ms);

#endif
