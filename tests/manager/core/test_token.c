/* SPDX-License-Identifier: Apache-2.0 */
/* Registration tokens: shown once, used once, for a week, and guessed slowly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core_fixture.h"

enum { NOW_MS = 1000000 };

static struct token_keeper *keeper_of(void **state)
{
    return ((struct core_fixture *)*state)->core.tokens;
}

static struct strlist create(void **state, const char *name, uint32_t total)
{
    struct token_set set;
    struct strlist texts = {0};
    assert_int_equal(token_create_set(keeper_of(state), name, total, NOW_MS, &set, &texts, NULL),
                     ERR_OK);
    assert_int_equal(set.total, total);
    assert_int_equal(set.available, total);
    assert_int_equal(set.expires_ms, (int64_t)NOW_MS + TOKEN_LIFE_MS);
    return texts;
}

static enum err redeem(void **state, const char *token, int64_t now_ms)
{
    char set_name[ID_SIZE] = "";
    enum err err = token_redeem(keeper_of(state), token, "10.0.0.1", now_ms, set_name, NULL);
    if (err == ERR_OK)
        assert_string_equal(set_name, "swarm");
    return err;
}

static void tokens_are_twelve_digits_in_three_groups(void **state)
{
    struct strlist texts = create(state, "swarm", 100);
    assert_int_equal(texts.count, 100);
    for (size_t i = 0; i < texts.count; i++) {
        const char *token = texts.items[i];
        assert_int_equal(strlen(token), TOKEN_SIZE - 1);
        assert_int_equal(strspn(token, "0123456789abcdef-"), TOKEN_SIZE - 1);
        assert_int_equal(token[4], '-');
        assert_int_equal(token[9], '-');
    }
    strlist_clear(&texts);
}

static void a_token_works_once(void **state)
{
    struct strlist texts = create(state, "swarm", 2);
    assert_int_equal(redeem(state, texts.items[0], NOW_MS), ERR_OK);
    assert_int_equal(redeem(state, texts.items[0], NOW_MS), ERR_UNAUTHENTICATED);
    assert_int_equal(redeem(state, texts.items[1], NOW_MS), ERR_OK);
    strlist_clear(&texts);
}

static void a_token_lives_a_week(void **state)
{
    struct strlist texts = create(state, "swarm", 2);
    assert_int_equal(redeem(state, texts.items[0], (int64_t)NOW_MS + TOKEN_LIFE_MS - 1), ERR_OK);
    assert_int_equal(redeem(state, texts.items[1], (int64_t)NOW_MS + TOKEN_LIFE_MS + 1),
                     ERR_UNAUTHENTICATED);
    strlist_clear(&texts);
}

static void a_set_has_a_name_of_its_own_and_a_sane_size(void **state)
{
    struct strlist texts = create(state, "swarm", 1);
    struct token_set set;
    struct strlist none = {0};
    assert_int_equal(token_create_set(keeper_of(state), "swarm", 1, NOW_MS, &set, &none, NULL),
                     ERR_CONFLICT);
    assert_int_equal(token_create_set(keeper_of(state), "a b", 1, NOW_MS, &set, &none, NULL),
                     ERR_INVALID);
    assert_int_equal(token_create_set(keeper_of(state), "b", 0, NOW_MS, &set, &none, NULL),
                     ERR_INVALID);
    assert_int_equal(
        token_create_set(keeper_of(state), "b", TOKENS_PER_SET_MAX + 1, NOW_MS, &set, &none, NULL),
        ERR_INVALID);
    assert_int_equal(none.count, 0);
    strlist_clear(&texts);
}

static void guesses_are_throttled_and_the_answer_says_for_how_long(void **state)
{
    struct strlist texts = create(state, "swarm", 1);
    enum err err = ERR_UNAUTHENTICATED;
    int tries = 0;
    for (; err == ERR_UNAUTHENTICATED; tries++)
        err = redeem(state, "0000-0000-0000", NOW_MS);
    assert_int_equal(err, ERR_THROTTLED);
    assert_in_range(tries, 2, 10);
    struct error e = {0};
    char set_name[ID_SIZE];
    assert_int_equal(
        token_redeem(keeper_of(state), texts.items[0], "10.0.0.1", NOW_MS, set_name, &e),
        ERR_THROTTLED);
    assert_non_null(strstr(e.text, "ms"));
    assert_int_equal(
        token_redeem(keeper_of(state), texts.items[0], "10.0.0.2", NOW_MS, set_name, &e), ERR_OK);
    strlist_clear(&texts);
}

static void right_tokens_are_never_counted(void **state)
{
    struct strlist texts = create(state, "swarm", 500);
    for (size_t i = 0; i < texts.count; i++)
        assert_int_equal(redeem(state, texts.items[i], NOW_MS), ERR_OK);
    strlist_clear(&texts);
}

static void the_store_never_sees_a_token(void **state)
{
    struct core_fixture *f = *state;
    struct strlist texts = create(state, "swarm", 1);
    const uint8_t other_key[KEY_BYTES] = {2};
    AUTO(token_keeper_free) struct token_keeper *other = token_keeper_new(f->core.store, other_key);
    char set_name[ID_SIZE];
    assert_int_equal(token_redeem(other, texts.items[0], "10.0.0.1", NOW_MS, set_name, NULL),
                     ERR_UNAUTHENTICATED);
    strlist_clear(&texts);
}

#define TOKEN_TEST(name)                                                                           \
    cmocka_unit_test_setup_teardown(name, core_fixture_setup, core_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOKEN_TEST(tokens_are_twelve_digits_in_three_groups),
        TOKEN_TEST(a_token_works_once),
        TOKEN_TEST(a_token_lives_a_week),
        TOKEN_TEST(a_set_has_a_name_of_its_own_and_a_sane_size),
        TOKEN_TEST(guesses_are_throttled_and_the_answer_says_for_how_long),
        TOKEN_TEST(right_tokens_are_never_counted),
        TOKEN_TEST(the_store_never_sees_a_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
