/* SPDX-License-Identifier: Apache-2.0 */
/* Targets and token sets in memory. */
#include <stdio.h>
#include <string.h>

#include "store_memory_tables.h"

static struct memory_store *of(struct store *s)
{
    return (struct memory_store *)s;
}

enum err memory_target_put(struct store *s, const struct target *t, struct error *e)
{
    struct memory_store *m = of(s);
    for (size_t i = 0; i < memory_count(m, MEMORY_TARGETS); i++) {
        const struct target *other = memory_at(m, MEMORY_TARGETS, i);
        bool same_key = memcmp(other->public_key, t->public_key, sizeof(t->public_key)) == 0;
        if (same_key && strcmp(other->id, t->id) != 0)
            return error_set(e, ERR_CONFLICT, "another target than %s has this public key", t->id);
    }
    struct target copy = *t;
    copy.is_online = false;
    return memory_put(m, MEMORY_TARGETS, t->id, &copy, sizeof(copy), NULL, e);
}

enum err memory_target_delete(struct store *s, const char *id, struct error *e)
{
    struct memory_store *m = of(s);
    if (memory_find(m, MEMORY_TARGETS, id) == NULL)
        return error_set(e, ERR_NOT_FOUND, "there is no target %s", id);
    enum err err = memory_remove(m, MEMORY_TARGETS, id, e);
    for (size_t i = memory_count(m, MEMORY_ROWS); err == ERR_OK && i-- > 0;) {
        const struct task_target *row = memory_at(m, MEMORY_ROWS, i);
        if (strcmp(row->target_id, id) == 0)
            err = memory_remove(m, MEMORY_ROWS, memory_key_at(m, MEMORY_ROWS, i), e);
    }
    return err;
}

enum err memory_target_each(struct store *s, store_target_fn *fn, void *arg, struct error *e)
{
    (void)e;
    AUTO(memory_unlock) struct memory_store *m = memory_lock(of(s));
    for (size_t i = 0; i < memory_count(m, MEMORY_TARGETS); i++) {
        if (!fn(arg, memory_at(m, MEMORY_TARGETS, i)))
            break;
    }
    return ERR_OK;
}

enum err memory_target_set_stored(struct store *s, const char *id, uint64_t stream_id, uint64_t seq,
                                  struct error *e)
{
    const struct target *found = memory_find(of(s), MEMORY_TARGETS, id);
    if (found == NULL)
        return error_set(e, ERR_NOT_FOUND, "there is no target %s", id);
    struct target t = *found;
    t.stream_id = stream_id;
    t.stored_seq = seq;
    return memory_put(of(s), MEMORY_TARGETS, id, &t, sizeof(t), NULL, e);
}

struct token {
    char set_name[ID_SIZE];
    bool is_used;
};

static void key_of_hash(const uint8_t *hash, char out[MEMORY_KEY_SIZE])
{
    for (size_t i = 0; i < DIGEST_BYTES; i++)
        snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

enum err memory_token_set_insert(struct store *s, const struct token_set *set,
                                 const uint8_t *hashes, size_t count, struct error *e)
{
    struct memory_store *m = of(s);
    if (memory_find(m, MEMORY_TOKEN_SETS, set->name) != NULL)
        return error_set(e, ERR_CONFLICT, "there is already a token set %s", set->name);
    struct token_set copy = *set;
    enum err err = memory_put(m, MEMORY_TOKEN_SETS, set->name, &copy, sizeof(copy), NULL, e);
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        struct token token = {.is_used = false};
        char key[MEMORY_KEY_SIZE];
        memcpy(token.set_name, set->name, sizeof(token.set_name));
        key_of_hash(hashes + i * DIGEST_BYTES, key);
        if (memory_find(m, MEMORY_TOKENS, key) != NULL)
            return error_set(e, ERR_CONFLICT, "a token of the set %s is not new", set->name);
        err = memory_put(m, MEMORY_TOKENS, key, &token, sizeof(token), NULL, e);
    }
    return err;
}

static struct token_set with_available(const struct memory_store *m, const struct token_set *set)
{
    struct token_set out = *set;
    out.available = 0;
    for (size_t i = 0; i < memory_count(m, MEMORY_TOKENS); i++) {
        const struct token *token = memory_at(m, MEMORY_TOKENS, i);
        out.available += !token->is_used && strcmp(token->set_name, set->name) == 0;
    }
    return out;
}

enum err memory_token_set_get(struct store *s, const char *name, struct token_set *out,
                              struct error *e)
{
    AUTO(memory_unlock) struct memory_store *m = memory_lock(of(s));
    const struct token_set *set = memory_find(m, MEMORY_TOKEN_SETS, name);
    if (set == NULL)
        return error_set(e, ERR_NOT_FOUND, "there is no token set %s", name);
    *out = with_available(m, set);
    return ERR_OK;
}

enum err memory_token_set_list(struct store *s, struct page page, uint64_t *total,
                               store_token_set_fn *fn, void *arg, struct error *e)
{
    (void)e;
    AUTO(memory_unlock) struct memory_store *m = memory_lock(of(s));
    *total = memory_count(m, MEMORY_TOKEN_SETS);
    for (size_t i = 0; i < memory_count(m, MEMORY_TOKEN_SETS); i++) {
        struct token_set set = with_available(m, memory_at(m, MEMORY_TOKEN_SETS, i));
        if (page_has(page, i) && !fn(arg, &set))
            break;
    }
    return ERR_OK;
}

enum err memory_token_set_delete(struct store *s, const char *name, struct error *e)
{
    struct memory_store *m = of(s);
    if (memory_find(m, MEMORY_TOKEN_SETS, name) == NULL)
        return error_set(e, ERR_NOT_FOUND, "there is no token set %s", name);
    enum err err = memory_remove(m, MEMORY_TOKEN_SETS, name, e);
    for (size_t i = memory_count(m, MEMORY_TOKENS); err == ERR_OK && i-- > 0;) {
        const struct token *token = memory_at(m, MEMORY_TOKENS, i);
        if (strcmp(token->set_name, name) == 0)
            err = memory_remove(m, MEMORY_TOKENS, memory_key_at(m, MEMORY_TOKENS, i), e);
    }
    return err;
}

enum err memory_token_redeem(struct store *s, const uint8_t hash[DIGEST_BYTES], int64_t now_ms,
                             char set_name[ID_SIZE], struct error *e)
{
    struct memory_store *m = of(s);
    char key[MEMORY_KEY_SIZE];
    key_of_hash(hash, key);
    const struct token *token = memory_find(m, MEMORY_TOKENS, key);
    const struct token_set *set =
        token == NULL ? NULL : memory_find(m, MEMORY_TOKEN_SETS, token->set_name);
    if (set == NULL || token->is_used || set->expires_ms <= now_ms)
        return error_set(e, ERR_NOT_FOUND, "the token is unknown, used or expired");
    struct token used = *token;
    used.is_used = true;
    enum err err = memory_put(m, MEMORY_TOKENS, key, &used, sizeof(used), NULL, e);
    if (err == ERR_OK)
        memcpy(set_name, used.set_name, ID_SIZE);
    return err;
}
