/* SPDX-License-Identifier: Apache-2.0 */
/* certificate_manager: the manager's own keys and secrets, made at the first start and kept in the
 * data directory (curve.key, store.key, token.key, admin.token; all 0600), and the question to whom
 * a key belongs. Thread: any, nothing changes after open; certificate_manager_owner: core. */
#ifndef CERTIFICATE_MANAGER_H
#define CERTIFICATE_MANAGER_H

#include "keys.h"
#include "registry.h"

struct certificate_manager;
/* data_dir exists. ERR_CORRUPT or ERR_FORBIDDEN name the file that is damaged or open to others. */
MUST_CHECK enum err certificate_manager_open(const char *data_dir, struct certificate_manager **out,
                                             struct error *e);
/* Wipes the secrets from memory. */
void certificate_manager_close(struct certificate_manager *m);
AUTO_DEFINE(struct certificate_manager *, certificate_manager_close)

/* CURVE, of both ROUTER sockets. */
const struct key_pair *certificate_manager_curve(const struct certificate_manager *m);
/* KEY_BYTES each: seals chunks and manifests; hashes registration tokens. */
const uint8_t *certificate_manager_store_secret(const struct certificate_manager *m);
const uint8_t *certificate_manager_token_key(const struct certificate_manager *m);
/* Whether text is the admin API token; takes the same time for every wrong one. NULL is wrong. */
bool certificate_manager_is_admin(const struct certificate_manager *m, const char *text);

/* The registered target a CURVE key belongs to: what ZAP asks. NULL refuses. */
const struct target *certificate_manager_owner(const struct registry *registry,
                                               const uint8_t key[static KEY_BYTES]);

#endif
