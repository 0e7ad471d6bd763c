/* SPDX-License-Identifier: Apache-2.0 */
/* task_id: names of tasks that people can read and say: "brave-otter", and "brave-otter-4711" when
 * the short ones are taken. Thread: any. */
#ifndef TASK_ID_H
#define TASK_ID_H

#include "model.h"

/* Random by libsodium; attempt 0, 1, ... of the same search: later ones have a number. */
void task_id_make(unsigned attempt, char out[static TASK_ID_SIZE]);

#endif
