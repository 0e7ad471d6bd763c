/* SPDX-License-Identifier: Apache-2.0 */
/* The golden vector was made by an independent program: Python's BLAKE2b, the zstd command, and
 * XChaCha20-Poly1305 written from its RFC draft. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>
#include <zstd.h>

#include "keys.h"
#include "seal.h"

static const uint8_t secret[KEY_BYTES] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
                                          11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
                                          22, 23, 24, 25, 26, 27, 28, 29, 30, 31};

struct fixture {
    struct sealer *sealer;
    struct opener *opener;
    uint8_t content[CHUNK_MAX];
    uint8_t sealed[SEALED_MAX];
    struct chunk chunk;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    if (f == NULL || keys_init(NULL) != ERR_OK)
        return 1;
    f->sealer = sealer_new(secret, 3);
    f->opener = opener_new();
    *state = f;
    return f->sealer == NULL || f->opener == NULL;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    sealer_free(f->sealer);
    opener_free(f->opener);
    free(f);
    return 0;
}

/* Seals size bytes of f->content into f->chunk and f->sealed. */
static void seal(struct fixture *f, size_t size)
{
    const uint8_t *sealed = NULL;
    assert_int_equal(sealer_seal(f->sealer, f->content, size, &f->chunk, &sealed, NULL), ERR_OK);
    memcpy(f->sealed, sealed, f->chunk.sealed_size);
}

static void assert_opens(struct fixture *f, size_t size)
{
    const uint8_t *content = NULL;
    assert_int_equal(
        opener_open(f->opener, &f->chunk, f->sealed, f->chunk.sealed_size, &content, NULL), ERR_OK);
    assert_int_equal(f->chunk.size, size);
    assert_memory_equal(content, f->content, size);
}

static enum err open_chunk(struct fixture *f)
{
    const uint8_t *content = NULL;
    return opener_open(f->opener, &f->chunk, f->sealed, f->chunk.sealed_size, &content, NULL);
}

static void hex(const char *text, uint8_t *out, size_t size)
{
    size_t got = 0;
    assert_int_equal(sodium_hex2bin(out, size, text, strlen(text), NULL, &got, NULL), 0);
    assert_int_equal(got, size);
}

static void golden_content(struct fixture *f)
{
    for (size_t i = 0; i < 40; i++)
        memcpy(f->content + 9 * i, "hivecast ", 9);
}

static struct chunk golden_chunk(void)
{
    struct chunk c = {.size = 360, .sealed_size = 42};
    hex("12d41b27eb5a06d4b35ab8bbcf1665e6b0171388ef5214e9642efb1c10b49b8c", c.key, KEY_BYTES);
    hex("71e296f731b297eb2f6fda6c14e6ecf2573a92b62bb8d83b496321d89592b459", c.name, DIGEST_BYTES);
    hex("4eb6a8e8cbd3f6f1df8584ec0bc620d67355e25a2005e25f0de5e92e98d826f5", c.digest, DIGEST_BYTES);
    return c;
}

static void the_golden_chunk_opens(void **state)
{
    struct fixture *f = *state;
    golden_content(f);
    f->chunk = golden_chunk();
    hex("87fb07a1f47ad38135619dfbf3db934a0c56e5ed576a273b46b9fb8b19875406dce314f8aa900f1dfe65",
        f->sealed, 42);
    assert_opens(f, 360);
}

/* What zstd makes of the content may differ between its versions; the rest may not. */
static void the_golden_content_seals_to_the_golden_chunk(void **state)
{
    struct fixture *f = *state;
    golden_content(f);
    seal(f, 360);
    struct chunk golden = golden_chunk();
    assert_memory_equal(f->chunk.digest, golden.digest, DIGEST_BYTES);
    if (ZSTD_versionNumber() / 100 != 105)
        return;
    assert_memory_equal(f->chunk.key, golden.key, KEY_BYTES);
    assert_memory_equal(f->chunk.name, golden.name, DIGEST_BYTES);
    assert_int_equal(f->chunk.sealed_size, golden.sealed_size);
}

static void chunks_of_all_sizes_come_back(void **state)
{
    struct fixture *f = *state;
    static const size_t sizes[] = {1, 2, 100, CHUNK_MIN, CHUNK_AVERAGE + 1, CHUNK_MAX};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        memset(f->content, 'a', sizes[i]);
        seal(f, sizes[i]);
        assert_opens(f, sizes[i]);
        randombytes_buf(f->content, sizes[i]);
        seal(f, sizes[i]);
        assert_opens(f, sizes[i]);
    }
}

static void equal_content_gives_equal_names_and_other_secrets_other_ones(void **state)
{
    struct fixture *f = *state;
    uint8_t other[KEY_BYTES] = {9};
    struct chunk again;
    const uint8_t *sealed = NULL;
    seal(f, 1000);
    assert_int_equal(sealer_seal(f->sealer, f->content, 1000, &again, &sealed, NULL), ERR_OK);
    assert_memory_equal(f->chunk.name, again.name, DIGEST_BYTES);
    AUTO(sealer_free) struct sealer *s = sealer_new(other, 3);
    assert_int_equal(sealer_seal(s, f->content, 1000, &again, &sealed, NULL), ERR_OK);
    assert_memory_not_equal(f->chunk.name, again.name, DIGEST_BYTES);
    assert_memory_not_equal(f->chunk.key, again.key, KEY_BYTES);
}

static void nothing_and_too_much_cannot_be_sealed(void **state)
{
    struct fixture *f = *state;
    struct chunk c;
    const uint8_t *sealed = NULL;
    assert_int_equal(sealer_seal(f->sealer, f->content, 0, &c, &sealed, NULL), ERR_INVALID);
    assert_int_equal(sealer_seal(f->sealer, f->content, CHUNK_MAX + 1, &c, &sealed, NULL),
                     ERR_INVALID);
}

static void each_flipped_byte_is_noticed(void **state)
{
    struct fixture *f = *state;
    randombytes_buf(f->content, 50);
    seal(f, 50);
    for (size_t i = 0; i < f->chunk.sealed_size; i++) {
        f->sealed[i] ^= 1;
        assert_int_equal(open_chunk(f), ERR_CORRUPT);
        f->sealed[i] ^= 1;
    }
    assert_opens(f, 50);
}

static void a_chunk_that_lies_about_its_size_is_refused(void **state)
{
    struct fixture *f = *state;
    static const uint32_t lies[] = {0, 1, 999, 1001, CHUNK_MAX, CHUNK_MAX + 1, UINT32_MAX};
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        seal(f, 1000);
        f->chunk.size = lies[i];
        assert_int_equal(open_chunk(f), ERR_CORRUPT);
    }
    seal(f, 1000);
    f->chunk.sealed_size--;
    assert_int_equal(open_chunk(f), ERR_CORRUPT);
    f->chunk.sealed_size = 16;
    assert_int_equal(open_chunk(f), ERR_CORRUPT);
}

static void a_wrong_key_does_not_open(void **state)
{
    struct fixture *f = *state;
    seal(f, 1000);
    f->chunk.key[0] ^= 1;
    assert_int_equal(open_chunk(f), ERR_CORRUPT);
}

static enum err open_unnamed(struct fixture *f)
{
    uint8_t copy[SEALED_MAX];
    const uint8_t *content = NULL;
    memcpy(copy, f->sealed, f->chunk.sealed_size);
    return opener_open_unnamed(f->opener, &f->chunk, copy, f->chunk.sealed_size, &content, NULL);
}

static void without_its_name_a_chunk_opens_by_its_seal_alone(void **state)
{
    struct fixture *f = *state;
    seal(f, 50);
    f->chunk.name[0] ^= 1;
    assert_int_equal(open_chunk(f), ERR_CORRUPT);
    assert_int_equal(open_unnamed(f), ERR_OK);
    for (size_t i = 0; i < f->chunk.sealed_size; i++) {
        f->sealed[i] ^= 1;
        assert_int_equal(open_unnamed(f), ERR_CORRUPT);
        f->sealed[i] ^= 1;
    }
}

/* Seals compressed bytes of our own making, as a hostile manager could. */
static void seal_compressed(struct fixture *f, const uint8_t *compressed, size_t size)
{
    unsigned long long sealed_size = 0;
    static const uint8_t nonce[24];
    crypto_aead_xchacha20poly1305_ietf_encrypt(f->sealed, &sealed_size, compressed, size, NULL, 0,
                                               NULL, nonce, f->chunk.key);
    f->chunk.sealed_size = (uint32_t)sealed_size;
    crypto_generichash(f->chunk.name, DIGEST_BYTES, f->sealed, sealed_size, NULL, 0);
}

static void a_bomb_in_a_valid_seal_writes_no_more_than_it_promised(void **state)
{
    struct fixture *f = *state;
    const size_t bomb_size = (size_t)16 << 20;
    uint8_t *bomb = calloc(1, bomb_size);
    uint8_t compressed[8192];
    assert_non_null(bomb);
    size_t size = ZSTD_compress(compressed, sizeof(compressed), bomb, bomb_size, 3);
    assert_false(ZSTD_isError(size));
    free(bomb);
    seal_compressed(f, compressed, size);
    f->chunk.size = CHUNK_MAX;
    assert_int_equal(open_chunk(f), ERR_CORRUPT);
}

static void garbage_in_a_valid_seal_is_refused(void **state)
{
    struct fixture *f = *state;
    f->chunk.size = 100;
    seal_compressed(f, (const uint8_t *)"no zstd at all", 14);
    assert_int_equal(open_chunk(f), ERR_CORRUPT);
}

#define SEALED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SEALED(the_golden_chunk_opens),
        SEALED(the_golden_content_seals_to_the_golden_chunk),
        SEALED(chunks_of_all_sizes_come_back),
        SEALED(equal_content_gives_equal_names_and_other_secrets_other_ones),
        SEALED(nothing_and_too_much_cannot_be_sealed),
        SEALED(each_flipped_byte_is_noticed),
        SEALED(a_chunk_that_lies_about_its_size_is_refused),
        SEALED(a_wrong_key_does_not_open),
        SEALED(without_its_name_a_chunk_opens_by_its_seal_alone),
        SEALED(a_bomb_in_a_valid_seal_writes_no_more_than_it_promised),
        SEALED(garbage_in_a_valid_seal_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
