/* SPDX-License-Identifier: Apache-2.0 */
#include "token.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "throttle.h"

enum { TOKEN_RANDOM_BYTES = 6, TOKEN_DIGITS = 2 * TOKEN_RANDOM_BYTES };

struct token_keeper {
    struct store *store;
    uint8_t hash_key[KEY_BYTES];
    struct throttle throttle;
};

struct token_keeper *token_keeper_new(struct store *store, const uint8_t hash_key[static KEY_BYTES])
{
    struct token_keeper *k = calloc(1, sizeof(*k));
    if (k == NULL)
        return NULL;
    k->store = store;
    memcpy(k->hash_key, hash_key, KEY_BYTES);
    return k;
}

void token_keeper_free(struct token_keeper *k)
{
    if (k == NULL)
        return;
    sodium_memzero(k->hash_key, sizeof(k->hash_key));
    free(k);
}

static void hash_token(const struct token_keeper *k, const char *token, uint8_t *out)
{
    crypto_generichash(out, DIGEST_BYTES, (const unsigned char *)token, strlen(token), k->hash_key,
                       KEY_BYTES);
}

static void make_token(char out[static TOKEN_SIZE])
{
    uint8_t random[TOKEN_RANDOM_BYTES];
    char digits[TOKEN_DIGITS + 1];
    randombytes_buf(random, sizeof(random));
    keys_hex(random, sizeof(random), digits);
    (void)snprintf(out, TOKEN_SIZE, "%.4s-%.4s-%.4s", digits, digits + 4, digits + 8);
}

static enum err make_tokens(const struct token_keeper *k, uint32_t total, uint8_t *hashes,
                            struct strlist *texts, struct error *e)
{
    for (uint32_t i = 0; i < total; i++) {
        char token[TOKEN_SIZE];
        make_token(token);
        enum err err = strlist_add(texts, token, e);
        if (err != ERR_OK)
            return err;
        hash_token(k, token, hashes + (size_t)i * DIGEST_BYTES);
    }
    return ERR_OK;
}

enum err token_create_set(struct token_keeper *k, const char *name, uint32_t total, int64_t now_ms,
                          struct token_set *out, struct strlist *texts, struct error *e)
{
    enum err err = names_check_id("name", name, e);
    if (err != ERR_OK)
        return err;
    if (total < 1 || total > TOKENS_PER_SET_MAX)
        return error_set(e, ERR_INVALID, "total: from 1 to %d", TOKENS_PER_SET_MAX);
    AUTO_FREE uint8_t *hashes = malloc((size_t)total * DIGEST_BYTES);
    if (hashes == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for %u tokens", total);
    struct token_set set = {.total = total,
                            .available = total,
                            .created_ms = now_ms,
                            .expires_ms = now_ms + TOKEN_LIFE_MS};
    (void)snprintf(set.name, sizeof(set.name), "%s", name);
    struct strlist made = {0};
    err = make_tokens(k, total, hashes, &made, e);
    if (err == ERR_OK)
        err = store_token_set_insert(k->store, &set, hashes, total, e);
    if (err != ERR_OK) {
        strlist_clear(&made);
        return err;
    }
    *out = set;
    *texts = made;
    return ERR_OK;
}

/* Looks the same to the caller whatever is wrong with the token. */
static enum err try_token(struct token_keeper *k, const char *token, int64_t now_ms,
                          char set_name[static ID_SIZE], struct error *e)
{
    uint8_t hash[DIGEST_BYTES];
    hash_token(k, token, hash);
    enum err err = store_token_redeem(k->store, hash, now_ms, set_name, e);
    if (err == ERR_NOT_FOUND)
        return error_set(e, ERR_UNAUTHENTICATED, "the token is wrong, used or expired");
    return err;
}

enum err token_redeem(struct token_keeper *k, const char *token, const char *address,
                      int64_t now_ms, char set_name[static ID_SIZE], struct error *e)
{
    int64_t wait_ms = throttle_wait_ms(&k->throttle, address, now_ms);
    if (wait_ms > 0)
        return error_set(e, ERR_THROTTLED, "too many wrong tokens: try again in %lld ms",
                         (long long)wait_ms);
    enum err err = try_token(k, token, now_ms, set_name, e);
    if (err == ERR_UNAUTHENTICATED)
        throttle_count(&k->throttle, address, now_ms);
    return err;
}
