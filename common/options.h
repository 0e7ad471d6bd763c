/* SPDX-License-Identifier: Apache-2.0 */
/* options: one table per program gives flags, environment (HIVECAST_NAME), YAML file and --help;
 * the stronger source wins in that order. Thread: main, before others start. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

struct option_spec {
    /* "log-level": flag --log-level, HIVECAST_LOG_LEVEL, key logLevel or log-level. */
    const char *name;
    const char *argument; /* "ADDR:PORT"; NULL for a switch (value "true") */
    const char *fallback; /* default value, or NULL */
    const char *help;
    bool repeats;   /* values are joined with commas */
    bool flag_only; /* neither environment nor file can set it */
    char letter;    /* 'f': -f does the same; 0: none */
};

struct options;

/* Parses argv after argv[0] (and after the subcommand, if the caller cut it off). The YAML file is
 * --config FILE, HIVECAST_CONFIG, or default_file when that exists; with default_file NULL and no
 * "config" among specs there is no file. Unknown flags, keys and missing arguments are ERR_INVALID
 * with the nearest known name ("did you mean --log-level?"). "--" ends flags; what is no flag is
 * positional. A switch that the environment or the file sets to false counts as not given. */
MUST_CHECK enum err options_parse(const struct option_spec *specs, size_t count, int argc,
                                  char **argv, const char *default_file, struct options **out,
                                  struct error *e);
void options_free(struct options *o);
AUTO_DEFINE(struct options *, options_free)
/* Borrowed; the fallback when not given, NULL when there is none. */
const char *options_get(const struct options *o, const char *name);
bool options_is_set(const struct options *o, const char *name);
size_t options_positional_count(const struct options *o);
const char *options_positional(const struct options *o, size_t i);
/* --help and --version were given; the caller prints and exits with 0. */
bool options_wants_help(const struct options *o);
bool options_wants_version(const struct options *o);
/* Prints the table as people read it: flag, argument, meaning, default. */
void options_print_help(const struct option_spec *specs, size_t count);
MUST_CHECK enum err options_integer(const struct options *o, const char *name, long min, long max,
                                    long *out, struct error *e);

#endif
