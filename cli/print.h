/* SPDX-License-Identifier: Apache-2.0 */
/* print: what people read: tables, states in colour, texts made harmless, times and sizes. Colours
 * only on a terminal, and never with NO_COLOR. */
#ifndef PRINT_H
#define PRINT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "err.h"
#include "strlist.h"

enum { SIZE_TEXT_SIZE = 16 };

bool print_is_terminal(FILE *f);
bool print_has_colours(FILE *f);
/* Without control characters: what a device sends cannot drive the terminal. Tabs stay. */
void print_text(FILE *f, const char *text);
/* One JSON document and a newline. */
MUST_CHECK enum err print_json(const json_t *value, struct error *e);
/* "12.3 MB". */
void print_size(uint64_t bytes, char out[static SIZE_TEXT_SIZE]);
/* SGR number for a state ("failed" is red), 0 for none. */
int print_colour_of(const char *state);
/* text, in the colour of state on a terminal. */
void print_state(FILE *f, const char *state, const char *text);

/* Cells row by row; the first row is the head. Columns that hold states are coloured. */
struct table {
    size_t columns;
    struct strlist cells;
};

MUST_CHECK enum err table_add(struct table *t, const char *text, struct error *e);
/* Adds columns cells at once, up to NULL. */
MUST_CHECK enum err table_row(struct table *t, struct error *e, ...) __attribute__((sentinel));
void table_print(const struct table *t);
void table_clear(struct table *t);
static inline void table_clear_auto(struct table *t)
{
    table_clear(t);
}

#endif
