/* SPDX-License-Identifier: Apache-2.0 */
/* settings: what the manager was told by flags, environment and file, checked. Thread: main. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdint.h>

#include "err.h"
#include "options.h"

enum { HTTP_ADDRESS_SIZE = 64 };

/* Texts are borrowed from options; those that were not given are NULL. */
struct settings {
    struct options *options;
    const char *data_dir;
    char http_address[HTTP_ADDRESS_SIZE]; /* without brackets */
    uint16_t http_port;
    const char *control_endpoint;
    const char *bulk_endpoint;
    const char *advertise_host;
    const char *source_dir;
    const char *ready_file;
    uint32_t heartbeat_ms;
    uint64_t body_max_bytes;
    uint64_t upload_max_bytes;
};

/* Sets up the log as told, too. */
MUST_CHECK enum err settings_read(int argc, char **argv, struct settings *out, struct error *e);
void settings_print_help(void);
void settings_clear(struct settings *s);

#endif
