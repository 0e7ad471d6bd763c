/* SPDX-License-Identifier: Apache-2.0 */
/* identity: who this target is and which manager it belongs to, as joining wrote it down.
 * DIR/identity is a state file (fs_state_write), DIR/keys/curve.key the key pair made here.
 * Thread: main. */
#ifndef IDENTITY_H
#define IDENTITY_H

#include <stdbool.h>

#include "err.h"
#include "keys.h"
#include "names.h"

enum { URL_SIZE = 512, ENDPOINT_SIZE = 300 };

struct identity {
    char id[ID_SIZE];
    char manager_url[URL_SIZE];
    uint8_t manager_key[KEY_BYTES]; /* CURVE, public */
    char control[ENDPOINT_SIZE];    /* tcp://HOST:PORT */
    char bulk[ENDPOINT_SIZE];
    struct tags tags; /* as given; identity_advertised_tags adds the automatic ones */
    bool has_location;
    double latitude, longitude; /* degrees */
};

/* ERR_NOT_FOUND says how to join; ERR_CORRUPT when no whole copy is left. */
MUST_CHECK enum err identity_load(const char *data_dir, struct identity *out, struct error *e);
/* Durable and atomic. */
MUST_CHECK enum err identity_save(const char *data_dir, const struct identity *id, struct error *e);
/* The target's own key pair, made at the first call. */
MUST_CHECK enum err identity_keys(const char *data_dir, struct key_pair *out, struct error *e);

/* Host name when it can be an id and tells devices apart, else "device-" and a hash of the machine
 * id. ERR_NOT_FOUND when there is neither. */
MUST_CHECK enum err identity_default_id(char out[static ID_SIZE], struct error *e);
/* "LAT,LON" in degrees. */
MUST_CHECK enum err identity_parse_location(const char *text, struct identity *out,
                                            struct error *e);
/* What this program was built for, in Debian's words: "amd64", "arm64", "armhf". */
const char *identity_architecture(void);
const char *identity_os(void);
/* The tags of id, architecture and OS. */
MUST_CHECK enum err identity_advertised_tags(const struct identity *id, struct tags *out,
                                             struct error *e);

#endif
