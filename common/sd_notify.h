/* SPDX-License-Identifier: Apache-2.0 */
/* sd_notify: tells systemd what a service is up to (sd_notify(3)) without libsystemd. */
#ifndef SD_NOTIFY_H
#define SD_NOTIFY_H

/* "READY=1", "STOPPING=1". Nothing happens outside of systemd; a failure is logged. */
void sd_notify_send(const char *state);

#endif
