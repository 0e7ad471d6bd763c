/* SPDX-License-Identifier: Apache-2.0 */
/* options_help: what is left of options.h: --help and values of a type. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "options.h"

enum { COLUMN_MAX = 32, LINE_WIDTH = 100 };

/* "  -f, --follow", "      --http ADDR:PORT" */
static int flag_text(const struct option_spec *spec, char *out, size_t size)
{
    char letter[8] = "    ";
    if (spec->letter != '\0')
        snprintf(letter, sizeof(letter), "-%c, ", spec->letter);
    return snprintf(out, size, "  %s--%s%s%s", letter, spec->name,
                    spec->argument != NULL ? " " : "",
                    spec->argument != NULL ? spec->argument : "");
}

/* Words of text from column indent on, broken before LINE_WIDTH. */
static void print_wrapped(const char *text, int indent)
{
    int column = indent;
    while (*text != '\0') {
        int word = (int)strcspn(text, " ");
        if (column > indent && column + 1 + word > LINE_WIDTH) {
            printf("\n%*s", indent, "");
            column = indent;
        }
        column += printf("%s%.*s", column > indent ? " " : "", word, text);
        text += word;
        text += strspn(text, " ");
    }
    putchar('\n');
}

static void print_one(const struct option_spec *spec, int column)
{
    char flag[256];
    char help[512];
    int used = flag_text(spec, flag, sizeof(flag));
    const char *fallback = spec->fallback != NULL ? spec->fallback : "";
    snprintf(help, sizeof(help), "%s%s%s%s%s", spec->help, spec->repeats ? "; may repeat" : "",
             *fallback != '\0' ? " (default: " : "", fallback, *fallback != '\0' ? ")" : "");
    printf("%-*s", column, flag);
    if (used >= column)
        printf("\n%*s", column, "");
    print_wrapped(help, column);
}

void options_print_help(const struct option_spec *specs, size_t count)
{
    static const struct option_spec help = {.name = "help", .help = "show this", .letter = 'h'};
    int column = 0;
    for (size_t i = 0; i < count; i++) {
        char flag[256];
        int used = flag_text(&specs[i], flag, sizeof(flag)) + 2;
        if (used > column && used <= COLUMN_MAX + 2)
            column = used;
    }
    if (column == 0)
        column = COLUMN_MAX;
    for (size_t i = 0; i < count; i++)
        print_one(&specs[i], column);
    print_one(&help, column);
}

enum err options_integer(const struct options *o, const char *name, long min, long max, long *out,
                         struct error *e)
{
    const char *text = options_get(o, name);
    if (text == NULL)
        return error_set(e, ERR_INVALID, "--%s is missing", name);
    char *end = NULL;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || value < min || value > max)
        return error_set(e, ERR_INVALID, "--%s must be a whole number from %ld to %ld, not '%.32s'",
                         name, min, max, text);
    *out = value;
    return ERR_OK;
}
