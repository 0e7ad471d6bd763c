/* SPDX-License-Identifier: Apache-2.0 */
/* The golden cuts were computed by an independent program in Python. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "chunker.h"
#include "gear_table.h"
#include "limits.h"

enum { DATA_SIZE = 1 << 20, CUTS_MAX = 4096 };

/* The top bytes of Knuth's MMIX generator. */
static uint8_t *random_bytes(size_t size, uint64_t seed)
{
    uint8_t *data = malloc(size);
    assert_non_null(data);
    for (size_t i = 0; i < size; i++) {
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        data[i] = (uint8_t)(seed >> 56);
    }
    return data;
}

static size_t cut_all(const uint8_t *data, size_t size, size_t ends[static CUTS_MAX])
{
    size_t count = 0;
    for (size_t at = 0; at < size; count++) {
        size_t rest = size - at;
        at += chunker_cut(data + at, rest < CHUNK_MAX ? rest : CHUNK_MAX);
        assert_true(count < CUTS_MAX);
        ends[count] = at;
    }
    return count;
}

static void the_gear_table_is_the_one_that_is_documented(void **state)
{
    (void)state;
    static const char key[] = "hivecast.v1.gear";
    for (int i = 0; i < 256; i++) {
        uint8_t byte = (uint8_t)i;
        uint8_t digest[32];
        crypto_generichash(digest, sizeof(digest), &byte, 1, (const uint8_t *)key, strlen(key));
        uint64_t expected = 0;
        for (int k = 7; k >= 0; k--)
            expected = expected << 8 | digest[k];
        assert_int_equal(gear_table[i], expected);
    }
}

static void cuts_are_those_of_the_golden_vector(void **state)
{
    (void)state;
    static const size_t golden[] = {68097, 103200, 110762, 74281, 66241, 109238,
                                    69449, 18618,  66838,  36787, 86992, 42376,
                                    20567, 67246,  22303,  71428, 14153};
    uint8_t *data = random_bytes(DATA_SIZE, 1);
    size_t at = 0;
    for (size_t i = 0; i < sizeof(golden) / sizeof(golden[0]); i++) {
        size_t rest = DATA_SIZE - at;
        assert_int_equal(chunker_cut(data + at, rest < CHUNK_MAX ? rest : CHUNK_MAX), golden[i]);
        at += golden[i];
    }
    assert_int_equal(at, DATA_SIZE);
    free(data);
}

static void chunks_keep_to_their_limits_and_average(void **state)
{
    (void)state;
    static size_t ends[CUTS_MAX];
    const size_t size = (size_t)32 << 20;
    uint8_t *data = random_bytes(size, 2);
    size_t count = cut_all(data, size, ends);
    for (size_t i = 0; i + 1 < count; i++) {
        size_t length = ends[i] - (i > 0 ? ends[i - 1] : 0);
        assert_in_range(length, CHUNK_MIN + 1, CHUNK_MAX);
    }
    assert_in_range(size / count, CHUNK_AVERAGE * 3 / 4, CHUNK_AVERAGE * 5 / 4);
    free(data);
}

static void data_without_a_cut_gives_chunks_of_the_greatest_size(void **state)
{
    (void)state;
    uint8_t *zeros = calloc(1, CHUNK_MAX);
    assert_non_null(zeros);
    assert_int_equal(chunker_cut(zeros, CHUNK_MAX), CHUNK_MAX);
    free(zeros);
}

static void what_is_left_at_the_end_is_one_chunk(void **state)
{
    (void)state;
    uint8_t data[CHUNK_MIN] = {0};
    assert_int_equal(chunker_cut(data, 0), 0);
    assert_int_equal(chunker_cut(data, 1), 1);
    assert_int_equal(chunker_cut(data, CHUNK_MIN), CHUNK_MIN);
}

static bool contains(const size_t *ends, size_t count, size_t end)
{
    for (size_t i = 0; i < count; i++) {
        if (ends[i] == end)
            return true;
    }
    return false;
}

static void an_insertion_moves_only_the_cuts_near_it(void **state)
{
    (void)state;
    static size_t before[CUTS_MAX];
    static size_t after[CUTS_MAX];
    const size_t size = (size_t)8 << 20;
    const size_t place = size / 3;
    const size_t inserted = 1000;
    uint8_t *old = random_bytes(size, 3);
    uint8_t *new = malloc(size + inserted);
    assert_non_null(new);
    memcpy(new, old, place);
    memset(new + place, 'x', inserted);
    memcpy(new + place + inserted, old + place, size - place);
    size_t old_count = cut_all(old, size, before);
    size_t new_count = cut_all(new, size + inserted, after);
    size_t same = 0;
    for (size_t i = 0; i < old_count; i++)
        same += contains(after, new_count, before[i] < place ? before[i] : before[i] + inserted);
    assert_true(same + 8 >= old_count);
    free(old);
    free(new);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gear_table_is_the_one_that_is_documented),
        cmocka_unit_test(cuts_are_those_of_the_golden_vector),
        cmocka_unit_test(chunks_keep_to_their_limits_and_average),
        cmocka_unit_test(data_without_a_cut_gives_chunks_of_the_greatest_size),
        cmocka_unit_test(what_is_left_at_the_end_is_one_chunk),
        cmocka_unit_test(an_insertion_moves_only_the_cuts_near_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
