/* SPDX-License-Identifier: Apache-2.0 */
/* The same messages are the same bytes, whoever encodes them. With the argument "dump" the program
 * prints them as "name hex" for test_python_decodes.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "golden_messages.h"

static void protobuf_c_and_nanopb_encode_the_same_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < golden_count; i++) {
        uint8_t ours[GOLDEN_SIZE], theirs[GOLDEN_SIZE];
        size_t size = goldens[i].with_protobuf_c(ours);
        assert_true(size > 0);
        assert_int_equal(goldens[i].with_nanopb(theirs), size);
        assert_memory_equal(ours, theirs, size);
    }
}

static int dump(void)
{
    for (size_t i = 0; i < golden_count; i++) {
        uint8_t bytes[GOLDEN_SIZE];
        size_t size = goldens[i].with_nanopb(bytes);
        printf("%s ", goldens[i].name);
        for (size_t at = 0; at < size; at++)
            printf("%02x", bytes[at]);
        printf("\n");
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "dump") == 0)
        return dump();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(protobuf_c_and_nanopb_encode_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
