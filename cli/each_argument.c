/* SPDX-License-Identifier: Apache-2.0 */
/* each_argument: the same request for every id of the command line. One that fails does not stop
 * the others, but the exit status. */
#include <stdio.h>

#include "command.h"
#include "interrupt.h"
#include "print.h"

static enum err do_one(struct cli *c, const char *method, const char *prefix, const char *suffix,
                       const char *id, struct error *e)
{
    struct bytes path = {0};
    enum err err = client_path(&path, prefix, id, suffix, e);
    if (err == ERR_OK)
        err = client_call(c->client, method, (const char *)path.data, NULL, NULL, e);
    bytes_clear(&path);
    return err;
}

enum err each_argument(struct cli *c, const char *method, const char *prefix, const char *suffix,
                       const char *done, struct error *e)
{
    json_t *results = json_array();
    enum err worst = ERR_OK;
    for (size_t i = 0; i < options_positional_count(c->options) && !interrupt_happened(); i++) {
        struct error why = {0};
        const char *id = options_positional(c->options, i);
        enum err err = do_one(c, method, prefix, suffix, id, &why);
        json_array_append_new(results, json_pack("{s:s, s:s, s:s}", "id", id, "code", err_name(err),
                                                 "message", why.text));
        if (err == ERR_OK && !c->is_json)
            printf("%s %s\n", id, done);
        if (err != ERR_OK && worst == ERR_OK && e != NULL)
            *e = why;
        else if (err != ERR_OK && !c->is_json)
            fprintf(stderr, "hivecast: %s\n", why.text);
        worst = worst == ERR_OK ? err : worst;
    }
    if (c->is_json && print_json(results, NULL) != ERR_OK)
        worst = error_set(e, ERR_IO, "cannot write to standard output");
    json_decref(results);
    return worst;
}
