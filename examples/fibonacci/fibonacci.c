/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the first COUNT Fibonacci numbers. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 10;
    uint64_t a = 0, b = 1;
    for (unsigned long i = 0; i < count; i++) {
        printf("%" PRIu64 "\n", a);
        uint64_t next = a + b;
        a = b;
        b = next;
    }
    return 0;
}
