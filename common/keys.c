/* SPDX-License-Identifier: Apache-2.0 */
/* keys: see keys.h. Key files are state records (fs.h), so a power failure while one is made leaves
 * either none or a whole one. */
#include "keys.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#include "fs.h"

static const char z85_digits[] =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

enum err keys_init(struct error *e)
{
    if (sodium_init() < 0)
        return error_set(e, ERR_INTERNAL, "libsodium cannot start");
    return ERR_OK;
}

/* Secrets readable by others are as good as published. */
static enum err check_private(const char *path, struct error *e)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return errno == ENOENT ? ERR_OK : error_errno(e, "stat %s", path);
    if ((st.st_mode & 077) != 0)
        return error_set(e, ERR_FORBIDDEN, "%s has mode %04o: others may read it; chmod 600 it",
                         path, (unsigned)(st.st_mode & 07777));
    return ERR_OK;
}

/* ERR_NOT_FOUND when there is no such file. */
static enum err load(const char *path, uint8_t *out, size_t size, struct error *e)
{
    enum err err = check_private(path, e);
    if (err != ERR_OK)
        return err;
    struct bytes content = {0};
    err = fs_state_read(path, size, &content, e);
    if (err == ERR_TOO_LARGE || (err == ERR_OK && content.size != size))
        err = error_set(e, ERR_CORRUPT, "%s does not hold %zu bytes", path, size);
    if (err == ERR_OK)
        memcpy(out, content.data, size);
    if (content.data != NULL)
        sodium_memzero(content.data, content.size);
    bytes_clear(&content);
    return err;
}

enum err keys_load_or_create(const char *path, struct key_pair *out, struct error *e)
{
    struct key_pair pair;
    uint8_t expected[KEY_BYTES];
    enum err err = load(path, (uint8_t *)&pair, sizeof(pair), e);
    if (err == ERR_NOT_FOUND) {
        crypto_box_keypair(pair.public_key, pair.secret_key);
        err = fs_state_write(path, &pair, sizeof(pair), e);
    }
    if (err == ERR_OK && (crypto_scalarmult_base(expected, pair.secret_key) != 0 ||
                          memcmp(expected, pair.public_key, KEY_BYTES) != 0))
        err = error_set(e, ERR_CORRUPT, "%s: the two keys do not belong together", path);
    if (err == ERR_OK)
        *out = pair;
    sodium_memzero(&pair, sizeof(pair));
    return err;
}

enum err keys_secret_load_or_create(const char *path, uint8_t *out, size_t size, struct error *e)
{
    enum err err = load(path, out, size, e);
    if (err != ERR_NOT_FOUND)
        return err;
    randombytes_buf(out, size);
    return fs_state_write(path, out, size, e);
}

void keys_z85_encode(const uint8_t key[static KEY_BYTES], char out[static KEY_Z85_SIZE])
{
    for (size_t group = 0; group < KEY_BYTES / 4; group++) {
        const uint8_t *in = key + 4 * group;
        uint32_t value =
            (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
        for (size_t i = 5; i-- > 0; value /= 85)
            out[5 * group + i] = z85_digits[value % 85];
    }
    out[KEY_Z85_SIZE - 1] = '\0';
}

enum err keys_z85_decode(const char *text, uint8_t out[static KEY_BYTES], struct error *e)
{
    uint8_t key[KEY_BYTES];
    if (strlen(text) != KEY_Z85_SIZE - 1)
        return error_set(e, ERR_INVALID, "a key is %d characters of Z85, not %zu", KEY_Z85_SIZE - 1,
                         strlen(text));
    for (size_t group = 0; group < KEY_BYTES / 4; group++) {
        uint64_t value = 0;
        for (size_t i = 0; i < 5; i++) {
            const char *digit = strchr(z85_digits, text[5 * group + i]);
            if (digit == NULL)
                return error_set(e, ERR_INVALID, "character %zu of the key is not Z85",
                                 5 * group + i + 1);
            value = value * 85 + (uint64_t)(digit - z85_digits);
        }
        if (value > UINT32_MAX)
            return error_set(e, ERR_INVALID, "characters %zu to %zu of the key are not Z85",
                             5 * group + 1, 5 * group + 5);
        for (size_t i = 0; i < 4; i++)
            key[4 * group + i] = (uint8_t)(value >> (24 - 8 * i));
    }
    memcpy(out, key, KEY_BYTES);
    return ERR_OK;
}

void keys_hex(const uint8_t *data, size_t size, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
    out[2 * size] = '\0';
}
