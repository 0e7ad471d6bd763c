/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint: the ZeroMQ address an agent should dial, from the one that is bound. Thread: any. */
#ifndef ENDPOINT_H
#define ENDPOINT_H

enum { ENDPOINT_SIZE = 320 };

/* bound "tcp://0.0.0.0:5557" with the host replaced: by advertise_host when there is one; else,
 * when it is bound to any address, by that of the Host header ("manager:8080"). Both may be NULL.
 */
void endpoint_tell(const char *bound, const char *advertise_host, const char *host_header,
                   char out[static ENDPOINT_SIZE]);

#endif
