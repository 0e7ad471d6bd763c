/* SPDX-License-Identifier: Apache-2.0 */
/* hivecast-agent-join: what `hivecast-agent join` becomes (exec). Owns the options of joining. */
#include <curl/curl.h>
#include <stdio.h>

#include "agent_options.h"
#include "device_registrator.h"
#include "fs.h"
#include "options.h"

/* What this program is about comes first; the rest may stand in the configuration file. */
static const struct option_spec specs[] = {AGENT_OPTIONS_JOIN, AGENT_OPTION_DATA_DIR,
                                           AGENT_OPTIONS_RUN};
enum { SPEC_COUNT = sizeof(specs) / sizeof(specs[0]), HELP_COUNT = 5 };

static void print_help(void)
{
    puts("Usage: hivecast-agent join URL --token TOKEN [OPTION]...\n"
         "Makes this device a target of the manager at URL. May be repeated.\n");
    options_print_help(specs, HELP_COUNT);
}

static enum err join(const struct options *o, struct error *e)
{
    if (options_positional_count(o) != 1)
        return error_set(e, ERR_INVALID,
                         "give the URL of the manager: hivecast-agent join URL "
                         "--token TOKEN");
    struct join_request r = {
        .url = options_positional(o, 0),
        .token = options_get(o, "token"),
        .id = options_get(o, "id"),
        .tags = options_get(o, "tags"),
        .location = options_get(o, "location"),
        .data_dir = options_get(o, "data-dir"),
    };
    enum err err = keys_init(e);
    if (err == ERR_OK)
        err = fs_mkdirs(r.data_dir, 0700, e);
    AUTO_CLOSE int lock = -1;
    if (err == ERR_OK)
        err = fs_lock_dir(r.data_dir, &lock, e);
    struct identity id;
    if (err == ERR_OK)
        err = device_registrator_join(&r, &id, e);
    if (err == ERR_OK)
        printf("This device is now target %s of %s.\n", id.id, id.manager_url);
    return err;
}

int main(int argc, char **argv)
{
    struct error e = {0};
    AUTO(options_free) struct options *o = NULL;
    enum err err = options_parse(specs, SPEC_COUNT, argc, argv, AGENT_CONFIG_FILE, &o, &e);
    if (err == ERR_OK && options_wants_help(o)) {
        print_help();
        return 0;
    }
    if (err == ERR_OK && options_wants_version(o)) {
        puts("hivecast-agent " HIVECAST_VERSION);
        return 0;
    }
    if (err == ERR_OK && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        err = error_set(&e, ERR_INTERNAL, "libcurl does not start");
    if (err == ERR_OK) {
        err = join(o, &e);
        curl_global_cleanup();
    }
    if (err == ERR_OK)
        return 0;
    fprintf(stderr, "hivecast-agent join: %s\n", e.text);
    return err == ERR_INVALID ? 2 : 1;
}
