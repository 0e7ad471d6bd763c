/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "command.h"

static const struct command *find(const char *first, const char *second, int *words)
{
    char a[32];
    char b[32];
    char *argv[] = {a, b, NULL};
    const struct command *command = NULL;
    snprintf(a, sizeof(a), "%s", first);
    snprintf(b, sizeof(b), "%s", second);
    return command_find(*second != '\0' ? 2 : 1, argv, &command, words, NULL) == ERR_OK ? command
                                                                                        : NULL;
}

static void a_command_is_found_by_its_words(void **state)
{
    (void)state;
    int words = 0;
    const struct command *command = find("targets", "rm", &words);
    assert_non_null(command);
    assert_string_equal(command->verb, "rm");
    assert_int_equal(words, 2);
    command = find("deploy", "file.yaml", &words);
    assert_non_null(command);
    assert_string_equal(command->group, "deploy");
    assert_int_equal(words, 1);
}

static void a_group_alone_lists(void **state)
{
    (void)state;
    static const char *const groups[] = {"targets", "tasks", "tokens"};
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        int words = 0;
        const struct command *command = find(groups[i], "", &words);
        assert_non_null(command);
        assert_string_equal(command->verb, "ls");
        assert_int_equal(words, 1);
        command = find(groups[i], "--json", &words);
        assert_non_null(command);
        assert_int_equal(words, 1);
    }
}

static void an_unknown_word_is_answered_with_the_nearest(void **state)
{
    (void)state;
    int words = 0;
    const struct command *command = NULL;
    struct error e;
    char a[] = "deplyo";
    char *argv[] = {a, NULL};
    assert_int_equal(command_find(1, argv, &command, &words, &e), ERR_INVALID);
    assert_string_equal(e.text, "unknown command deplyo (did you mean deploy?)");
    assert_null(find("targets", "shwo", &words));
    assert_null(find("", "", &words));
}

static void no_option_of_a_command_hides_a_common_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < command_count; i++) {
        struct option_spec options[OPTIONS_MAX];
        size_t count = command_options(&commands[i], options);
        for (size_t a = 0; a < count; a++) {
            for (size_t b = a + 1; b < count; b++)
                assert_string_not_equal(options[a].name, options[b].name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_is_found_by_its_words),
        cmocka_unit_test(a_group_alone_lists),
        cmocka_unit_test(an_unknown_word_is_answered_with_the_nearest),
        cmocka_unit_test(no_option_of_a_command_hides_a_common_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
