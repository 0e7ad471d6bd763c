/* SPDX-License-Identifier: Apache-2.0 */
#include "log_text.h"

#include <ctype.h>
#include <string.h>

static bool is_word_byte(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte >= 0x80 || isalnum(byte) != 0;
}

const char *log_text_next_word(const char *at, size_t *length)
{
    while (*at != '\0' && !is_word_byte(*at))
        at++;
    size_t n = 0;
    while (is_word_byte(at[n]))
        n++;
    *length = n;
    return n == 0 ? NULL : at;
}

/* One piece between blanks or in quotes; *at moves behind it. */
struct piece {
    const char *text;
    size_t length;
    bool is_prefix;
};

static struct piece next_piece(const char **at)
{
    struct piece piece = {.text = *at};
    if (**at == '"') {
        piece.text++;
        piece.length = strcspn(piece.text, "\"");
        *at = piece.text + piece.length;
        *at += **at == '"';
        piece.is_prefix = **at == '*';
        *at += piece.is_prefix;
        return piece;
    }
    piece.length = strcspn(piece.text, " \t\r\n\"");
    *at = piece.text + piece.length;
    piece.is_prefix = piece.text[piece.length - 1] == '*';
    piece.length -= piece.is_prefix;
    return piece;
}

/* Pieces without a word ("--", "|") are skipped: people paste whole lines. */
static enum err add_term(struct log_text *out, const struct piece *piece, struct error *e)
{
    if (out->count == LOG_TERMS_MAX)
        return error_set(e, ERR_INVALID, "text: more than %d words", LOG_TERMS_MAX);
    struct log_term *term = &out->terms[out->count];
    memcpy(term->text, piece->text, piece->length);
    term->text[piece->length] = '\0';
    size_t word_length = 0;
    if (log_text_next_word(term->text, &word_length) == NULL)
        return ERR_OK;
    term->is_prefix = piece->is_prefix && is_word_byte(term->text[piece->length - 1]);
    out->count++;
    return ERR_OK;
}

enum err log_text_parse(const char *text, struct log_text *out, struct error *e)
{
    out->count = 0;
    if (strlen(text) > LOG_TEXT_MAX)
        return error_set(e, ERR_INVALID, "text: longer than %d bytes", LOG_TEXT_MAX);
    enum err err = ERR_OK;
    const char *at = text;
    while (err == ERR_OK && *(at += strspn(at, " \t\r\n")) != '\0') {
        struct piece piece = next_piece(&at);
        err = add_term(out, &piece, e);
    }
    if (err == ERR_OK && out->count == 0)
        return error_set(e, ERR_INVALID, "text: there is no word in it to search for");
    return err;
}
