/* SPDX-License-Identifier: Apache-2.0 */
#include "certificate_manager.h"

#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#include "fs.h"

enum { ADMIN_RANDOM_BYTES = 32, ADMIN_FILE_MAX = 256 };

struct certificate_manager {
    struct key_pair curve;
    uint8_t store_secret[KEY_BYTES];
    uint8_t token_key[KEY_BYTES];
    uint8_t admin_hash[DIGEST_BYTES];
};

static enum err load_keys(struct certificate_manager *m, const char *dir, struct error *e)
{
    AUTO_FREE char *curve = NULL;
    AUTO_FREE char *store = NULL;
    AUTO_FREE char *token = NULL;
    enum err err = fs_join(dir, "curve.key", &curve, e);
    if (err == ERR_OK)
        err = fs_join(dir, "store.key", &store, e);
    if (err == ERR_OK)
        err = fs_join(dir, "token.key", &token, e);
    if (err == ERR_OK)
        err = keys_load_or_create(curve, &m->curve, e);
    if (err == ERR_OK)
        err = keys_secret_load_or_create(store, m->store_secret, sizeof(m->store_secret), e);
    if (err == ERR_OK)
        err = keys_secret_load_or_create(token, m->token_key, sizeof(m->token_key), e);
    return err;
}

/* Keyed with our own secret, so that guesses can be compared in constant time and the hash in
 * memory is of no use elsewhere. */
static void hash_admin(const struct certificate_manager *m, const char *text, size_t size,
                       uint8_t *out)
{
    crypto_generichash(out, DIGEST_BYTES, (const unsigned char *)text, size, m->token_key,
                       KEY_BYTES);
}

static enum err create_admin_token(const char *path, struct bytes *out, struct error *e)
{
    uint8_t random[ADMIN_RANDOM_BYTES];
    char text[2 * ADMIN_RANDOM_BYTES + 2];
    randombytes_buf(random, sizeof(random));
    keys_hex(random, sizeof(random), text);
    text[sizeof(text) - 2] = '\n';
    text[sizeof(text) - 1] = '\0';
    enum err err = fs_write(path, text, sizeof(text) - 1, 0600, e);
    if (err == ERR_OK)
        err = bytes_append(out, text, sizeof(text) - 1, e);
    sodium_memzero(text, sizeof(text));
    return err;
}

static enum err check_private(const char *path, struct error *e)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return error_errno(e, "%s", path);
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return error_set(e, ERR_FORBIDDEN, "%s can be used by others: chmod 600 it", path);
    return ERR_OK;
}

static enum err read_admin_token(const char *path, struct bytes *out, struct error *e)
{
    enum err err = check_private(path, e);
    if (err == ERR_NOT_FOUND)
        return create_admin_token(path, out, e);
    if (err != ERR_OK)
        return err;
    return fs_read(path, ADMIN_FILE_MAX, out, e);
}

/* Operators may put a token of their own there; white space at its end is not part of it. */
static enum err load_admin_token(struct certificate_manager *m, const char *dir, struct error *e)
{
    AUTO_FREE char *path = NULL;
    enum err err = fs_join(dir, "admin.token", &path, e);
    if (err != ERR_OK)
        return err;
    struct bytes text = {0};
    err = read_admin_token(path, &text, e);
    size_t size = err == ERR_OK ? text.size : 0;
    while (size > 0 && strchr(" \t\r\n", text.data[size - 1]) != NULL)
        size--;
    if (err == ERR_OK && size < 16)
        err = error_set(e, ERR_CORRUPT, "%s: a token has at least 16 characters", path);
    if (err == ERR_OK)
        hash_admin(m, (const char *)text.data, size, m->admin_hash);
    if (text.data != NULL)
        sodium_memzero(text.data, text.size);
    bytes_clear(&text);
    return err;
}

enum err certificate_manager_open(const char *data_dir, struct certificate_manager **out,
                                  struct error *e)
{
    enum err err = keys_init(e);
    if (err != ERR_OK)
        return err;
    struct certificate_manager *m = calloc(1, sizeof(*m));
    if (m == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for the keys");
    err = load_keys(m, data_dir, e);
    if (err == ERR_OK)
        err = load_admin_token(m, data_dir, e);
    if (err != ERR_OK) {
        certificate_manager_close(m);
        return err;
    }
    *out = m;
    return ERR_OK;
}

void certificate_manager_close(struct certificate_manager *m)
{
    if (m == NULL)
        return;
    sodium_memzero(m, sizeof(*m));
    free(m);
}

const struct key_pair *certificate_manager_curve(const struct certificate_manager *m)
{
    return &m->curve;
}

const uint8_t *certificate_manager_store_secret(const struct certificate_manager *m)
{
    return m->store_secret;
}

const uint8_t *certificate_manager_token_key(const struct certificate_manager *m)
{
    return m->token_key;
}

bool certificate_manager_is_admin(const struct certificate_manager *m, const char *text)
{
    if (text == NULL)
        return false;
    uint8_t hash[DIGEST_BYTES];
    hash_admin(m, text, strlen(text), hash);
    return sodium_memcmp(hash, m->admin_hash, sizeof(hash)) == 0;
}

const struct target *certificate_manager_owner(const struct registry *registry,
                                               const uint8_t key[static KEY_BYTES])
{
    return registry_find_key(registry, key);
}
