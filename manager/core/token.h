/* SPDX-License-Identifier: Apache-2.0 */
/* token: registration tokens "xxxx-xxxx-xxxx" (12 lower-case hex digits): made in named sets, shown
 * once, stored as keyed hashes, valid for one use within a week. Wrong tries are throttled, per
 * address and in all. Thread: core only. */
#ifndef TOKEN_H
#define TOKEN_H

#include "store.h"

enum { TOKEN_LIFE_MS = 7 * 24 * 3600 * 1000, TOKENS_PER_SET_MAX = 10000 };

struct token_keeper;
/* Borrows store; hash_key (KEY_BYTES) is copied. */
struct token_keeper *token_keeper_new(struct store *store,
                                      const uint8_t hash_key[static KEY_BYTES]);
void token_keeper_free(struct token_keeper *k);
AUTO_DEFINE(struct token_keeper *, token_keeper_free)

/* Makes total tokens; texts gets them (strlist_clear). ERR_CONFLICT for a taken name, ERR_INVALID
 * for a bad one. */
MUST_CHECK enum err token_create_set(struct token_keeper *k, const char *name, uint32_t total,
                                     int64_t now_ms, struct token_set *out, struct strlist *texts,
                                     struct error *e);
/* Uses a token up. ERR_UNAUTHENTICATED for any token that is not valid, ERR_THROTTLED after too
 * many of those (ERROR text says when to come back). Right tokens do not count against the limit,
 * but are refused while it is exceeded. */
MUST_CHECK enum err token_redeem(struct token_keeper *k, const char *token, const char *address,
                                 int64_t now_ms, char set_name[static ID_SIZE], struct error *e);

#endif
