/* SPDX-License-Identifier: Apache-2.0 */
/* print: see print.h. */
#include "print.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

enum { RED = 31, GREEN = 32, YELLOW = 33, GREY = 90, COLUMNS_MAX = 12 };

bool print_is_terminal(FILE *f)
{
    /* The program has one thread. */
    const char *term = getenv("TERM"); /* NOLINT(concurrency-mt-unsafe) */
    return isatty(fileno(f)) == 1 && term != NULL && strcmp(term, "dumb") != 0;
}

bool print_has_colours(FILE *f)
{
    const char *no_color = getenv("NO_COLOR"); /* NOLINT(concurrency-mt-unsafe) */
    return (no_color == NULL || *no_color == '\0') && print_is_terminal(f);
}

void print_text(FILE *f, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        unsigned char next = (unsigned char)text[1];
        bool is_control = (c < 0x20 && c != '\t') || c == 0x7f;
        /* U+0080 to U+009F: some terminals obey them too. */
        bool is_c1 = c == 0xc2 && next >= 0x80 && next < 0xa0;
        fputc(is_control || is_c1 ? '?' : c, f);
        text += is_c1;
    }
}

enum err print_json(const json_t *value, struct error *e)
{
    if (json_dumpf(value, stdout, JSON_COMPACT | JSON_ENCODE_ANY) != 0 || putchar('\n') == EOF ||
        fflush(stdout) != 0)
        return error_set(e, ERR_IO, "cannot write to standard output");
    return ERR_OK;
}

void print_size(uint64_t bytes, char out[static SIZE_TEXT_SIZE])
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    double value = (double)bytes;
    size_t unit = 0;
    for (; value >= 1000 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
        value /= 1000;
    snprintf(out, SIZE_TEXT_SIZE, unit == 0 || value >= 100 ? "%.0f %s" : "%.1f %s", value,
             units[unit]);
}

int print_colour_of(const char *state)
{
    static const struct {
        const char *state;
        int colour;
    } rows[] = {
        {"succeeded", GREEN},   {"online", GREEN},        {"up", GREEN},
        {"ok", GREEN},          {"failed", RED},          {"rejected", RED},
        {"timed-out", RED},     {"backing-off", RED},     {"offline", GREY},
        {"stopped", GREY},      {"pending", YELLOW},      {"announced", YELLOW},
        {"accepted", YELLOW},   {"building", YELLOW},     {"starting", YELLOW},
        {"installing", YELLOW}, {"transferring", YELLOW}, {"activating", YELLOW},
        {"collecting", YELLOW},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].state, state) == 0)
            return rows[i].colour;
    }
    return 0;
}

void print_state(FILE *f, const char *state, const char *text)
{
    int colour = print_has_colours(f) ? print_colour_of(state) : 0;
    if (colour != 0)
        fprintf(f, "\033[%dm", colour);
    print_text(f, text);
    if (colour != 0)
        fputs("\033[0m", f);
}

/* Characters, not bytes, of UTF-8. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

enum err table_add(struct table *t, const char *text, struct error *e)
{
    return strlist_add(&t->cells, text != NULL ? text : "", e);
}

enum err table_row(struct table *t, struct error *e, ...)
{
    va_list args;
    va_start(args, e);
    enum err err = ERR_OK;
    for (const char *text = va_arg(args, const char *); err == ERR_OK && text != NULL;
         text = va_arg(args, const char *))
        err = table_add(t, text, e);
    va_end(args);
    return err;
}

static void print_cell(const char *text, size_t width, bool is_head, bool is_last)
{
    bool is_bold = is_head && print_has_colours(stdout);
    fputs(is_bold ? "\033[1m" : "", stdout);
    if (is_head)
        print_text(stdout, text);
    else
        print_state(stdout, text, text);
    fputs(is_bold ? "\033[0m" : "", stdout);
    if (!is_last)
        printf("%*s", (int)(width - width_of(text) + 2), "");
}

void table_print(const struct table *t)
{
    size_t widths[COLUMNS_MAX] = {0};
    for (size_t i = 0; i < t->cells.count; i++) {
        size_t width = width_of(t->cells.items[i]);
        if (width > widths[i % t->columns])
            widths[i % t->columns] = width;
    }
    for (size_t i = 0; i < t->cells.count; i++) {
        size_t column = i % t->columns;
        bool is_last = column + 1 == t->columns;
        print_cell(t->cells.items[i], widths[column], i < t->columns, is_last);
        if (is_last)
            putchar('\n');
    }
}

void table_clear(struct table *t)
{
    strlist_clear(&t->cells);
}
