/* SPDX-License-Identifier: Apache-2.0 */
/* options: see options.h. Each option has one value; a source may set it only while no stronger one
 * has, so the sources are simply read from the strongest to the weakest. */
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "names.h"
#include "options_file.h"
#include "strlist.h"

enum source { SOURCE_NONE, SOURCE_FILE, SOURCE_ENVIRONMENT, SOURCE_FLAG };
enum { NAME_SIZE = 64, SUGGESTION_SIZE = NAME_SIZE + 32 };

struct value {
    char *text;
    enum source source;
};

struct options {
    const struct option_spec *specs;
    size_t count;
    struct value *values;
    struct strlist positional;
    char *config; /* from --config */
    bool has_file;
    bool wants_help;
    bool wants_version;
};

/* Known to every program, beside its own table. */
static const struct option_spec config_spec = {.name = "config", .argument = "FILE"};

/* "logLevel" is "log-level". False when it does not fit. */
static bool to_kebab(const char *key, char out[static NAME_SIZE])
{
    size_t used = 0;
    for (; *key != '\0' && used + 2 < NAME_SIZE; key++) {
        bool is_upper = *key >= 'A' && *key <= 'Z';
        if (is_upper)
            out[used++] = '-';
        out[used++] = (char)(is_upper ? *key - 'A' + 'a' : *key);
    }
    out[used] = '\0';
    return *key == '\0';
}

static const struct option_spec *find_spec(const struct options *o, const char *name)
{
    for (size_t i = 0; i < o->count; i++) {
        if (strcmp(o->specs[i].name, name) == 0)
            return &o->specs[i];
    }
    return o->has_file && strcmp(name, config_spec.name) == 0 ? &config_spec : NULL;
}

static const struct option_spec *find_letter(const struct options *o, char letter)
{
    for (size_t i = 0; i < o->count; i++) {
        if (letter != '\0' && o->specs[i].letter == letter)
            return &o->specs[i];
    }
    return NULL;
}

/* " (did you mean --x?)", or "" when nothing is near. */
static void suggest(const struct options *o, const char *name, const char *prefix,
                    char out[static SUGGESTION_SIZE])
{
    const char *nearest = NULL;
    size_t least = strlen(name) / 3 + 2;
    for (size_t i = 0; i < o->count; i++) {
        size_t edits = names_distance(name, o->specs[i].name);
        if (edits < least) {
            least = edits;
            nearest = o->specs[i].name;
        }
    }
    out[0] = '\0';
    if (nearest != NULL)
        snprintf(out, SUGGESTION_SIZE, " (did you mean %s%s?)", prefix, nearest);
}

static enum err append_value(struct value *v, const char *text, struct error *e)
{
    char *joined = NULL;
    if (asprintf(&joined, "%s,%s", v->text, text) < 0)
        return error_set(e, ERR_NO_MEMORY, "no memory for an option");
    free(v->text);
    v->text = joined;
    return ERR_OK;
}

static enum err replace_value(char **place, const char *text, struct error *e)
{
    char *copy = strdup(text);
    if (copy == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for an option");
    free(*place);
    *place = copy;
    return ERR_OK;
}

static enum err check_switch(const struct option_spec *spec, const char *text, struct error *e)
{
    if (spec->argument != NULL || strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        return ERR_OK;
    return error_set(e, ERR_INVALID, "%s must be true or false", spec->name);
}

static enum err set(struct options *o, const struct option_spec *spec, enum source source,
                    const char *text, struct error *e)
{
    enum err err = check_switch(spec, text, e);
    if (err != ERR_OK)
        return err;
    if (spec == &config_spec)
        return replace_value(&o->config, text, e);
    struct value *v = &o->values[spec - o->specs];
    if (v->source > source)
        return ERR_OK;
    if (v->source == source && spec->repeats)
        return append_value(v, text, e);
    err = replace_value(&v->text, text, e);
    if (err == ERR_OK)
        v->source = source;
    return err;
}

static enum err unknown_flag(const struct options *o, const char *flag, const char *name,
                             struct error *e)
{
    char near[SUGGESTION_SIZE];
    char shown[NAME_SIZE];
    suggest(o, name, "--", near);
    return error_set(e, ERR_INVALID, "unknown option %s%s",
                     names_printable(flag, shown, sizeof(shown)), near);
}

/* One flag at argv[*i]; moves *i on to its argument when that is a word of its own. */
static enum err parse_flag(struct options *o, int argc, char **argv, int *i, struct error *e)
{
    const char *flag = argv[*i];
    bool is_long = flag[1] == '-';
    const char *inner = strchr(flag, '=');
    char name[NAME_SIZE];
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(flag + 2, "="), flag + 2);
    if (strcmp(flag, "--help") == 0 || strcmp(flag, "-h") == 0) {
        o->wants_help = true;
        return ERR_OK;
    }
    if (strcmp(flag, "--version") == 0) {
        o->wants_version = true;
        return ERR_OK;
    }
    const struct option_spec *spec = is_long           ? find_spec(o, name)
                                     : flag[2] == '\0' ? find_letter(o, flag[1])
                                                       : NULL;
    if (spec == NULL)
        return unknown_flag(o, flag, is_long ? name : flag + 1, e);
    if (is_long && inner != NULL)
        return set(o, spec, SOURCE_FLAG, inner + 1, e);
    if (spec->argument == NULL)
        return set(o, spec, SOURCE_FLAG, "true", e);
    if (*i + 1 == argc)
        return error_set(e, ERR_INVALID, "option %s needs %s", flag, spec->argument);
    *i += 1;
    return set(o, spec, SOURCE_FLAG, argv[*i], e);
}

static enum err read_flags(struct options *o, int argc, char **argv, struct error *e)
{
    bool flags_ended = false;
    for (int i = 1; i < argc; i++) {
        enum err err = ERR_OK;
        if (!flags_ended && strcmp(argv[i], "--") == 0)
            flags_ended = true;
        else if (!flags_ended && argv[i][0] == '-' && argv[i][1] != '\0')
            err = parse_flag(o, argc, argv, &i, e);
        else
            err = strlist_add(&o->positional, argv[i], e);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

/* HIVECAST_LOG_LEVEL of "log-level"; an empty one counts as unset. */
static const char *environment_of(const char *name)
{
    char variable[NAME_SIZE + 16];
    snprintf(variable, sizeof(variable), "HIVECAST_%s", name);
    for (char *c = variable; *c != '\0'; c++) {
        if (*c == '-')
            *c = '_';
        else if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
    }
    /* Options are read before the first thread starts. */
    const char *value = getenv(variable); /* NOLINT(concurrency-mt-unsafe) */
    return value != NULL && *value != '\0' ? value : NULL;
}

static enum err read_environment(struct options *o, struct error *e)
{
    for (size_t i = 0; i < o->count; i++) {
        const char *value = o->specs[i].flag_only ? NULL : environment_of(o->specs[i].name);
        enum err err = ERR_OK;
        if (value != NULL)
            err = set(o, &o->specs[i], SOURCE_ENVIRONMENT, value, e);
        if (err != ERR_OK)
            return error_wrap(e, err, "environment");
    }
    return ERR_OK;
}

static enum err set_from_file(void *arg, const char *key, const char *value, struct error *e)
{
    struct options *o = arg;
    char name[NAME_SIZE];
    const struct option_spec *spec = to_kebab(key, name) ? find_spec(o, name) : NULL;
    if (spec == NULL || spec->flag_only || strcmp(spec->name, config_spec.name) == 0) {
        char near[SUGGESTION_SIZE];
        char shown[NAME_SIZE];
        suggest(o, name, "", near);
        return error_set(e, ERR_INVALID, "unknown key %s%s",
                         names_printable(key, shown, sizeof(shown)), near);
    }
    return set(o, spec, SOURCE_FILE, value, e);
}

static enum err read_file(struct options *o, const char *default_file, struct error *e)
{
    const char *path = o->config;
    if (find_spec(o, config_spec.name) != &config_spec)
        path = options_get(o, config_spec.name);
    if (path == NULL)
        path = environment_of(config_spec.name);
    if (path != NULL)
        return options_file_read(path, set_from_file, o, e);
    if (default_file == NULL)
        return ERR_OK;
    enum err err = options_file_read(default_file, set_from_file, o, e);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err options_parse(const struct option_spec *specs, size_t count, int argc, char **argv,
                       const char *default_file, struct options **out, struct error *e)
{
    AUTO(options_free) struct options *o = calloc(1, sizeof(*o));
    if (o != NULL)
        o->values = calloc(count + 1, sizeof(*o->values));
    if (o == NULL || o->values == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for options");
    o->specs = specs;
    o->count = count;
    o->has_file = default_file != NULL || find_spec(o, config_spec.name) != NULL;
    enum err err = read_flags(o, argc, argv, e);
    bool is_done = err != ERR_OK || o->wants_help || o->wants_version;
    if (!is_done)
        err = read_environment(o, e);
    if (!is_done && err == ERR_OK && o->has_file)
        err = read_file(o, default_file, e);
    if (err != ERR_OK)
        return err;
    *out = TAKE(o);
    return ERR_OK;
}

void options_free(struct options *o)
{
    if (o == NULL)
        return;
    for (size_t i = 0; o->values != NULL && i < o->count; i++)
        free(o->values[i].text);
    free(o->values);
    free(o->config);
    strlist_clear(&o->positional);
    free(o);
}

static bool is_off(const struct options *o, size_t i)
{
    return o->values[i].text == NULL ||
           (o->specs[i].argument == NULL && strcmp(o->values[i].text, "false") == 0);
}

const char *options_get(const struct options *o, const char *name)
{
    for (size_t i = 0; i < o->count; i++) {
        if (strcmp(o->specs[i].name, name) == 0)
            return is_off(o, i) ? o->specs[i].fallback : o->values[i].text;
    }
    return NULL;
}

bool options_is_set(const struct options *o, const char *name)
{
    for (size_t i = 0; i < o->count; i++) {
        if (strcmp(o->specs[i].name, name) == 0)
            return !is_off(o, i);
    }
    return false;
}

size_t options_positional_count(const struct options *o)
{
    return o->positional.count;
}

const char *options_positional(const struct options *o, size_t i)
{
    return i < o->positional.count ? o->positional.items[i] : NULL;
}

bool options_wants_help(const struct options *o)
{
    return o->wants_help;
}

bool options_wants_version(const struct options *o)
{
    return o->wants_version;
}
