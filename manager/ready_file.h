/* SPDX-License-Identifier: Apache-2.0 */
/* ready_file: tells whoever started the manager where it is reached, once it is. Thread: main. */
#ifndef READY_FILE_H
#define READY_FILE_H

#include <stdint.h>

#include "err.h"

struct ready_facts {
    const char *http_address;
    uint16_t http_port;
    const char *control_endpoint; /* as bound */
    const char *bulk_endpoint;
    const char *advertise_host; /* in place of what is bound; NULL: none */
};

/* {"pid":1,"http":"http://127.0.0.1:8080","control":"tcp://127.0.0.1:5557","bulk":...} */
MUST_CHECK enum err ready_file_write(const char *path, const struct ready_facts *facts,
                                     struct error *e);

#endif
