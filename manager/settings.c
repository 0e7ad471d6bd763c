/* SPDX-License-Identifier: Apache-2.0 */
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#define DEFAULT_FILE "/etc/hivecast/manager.yaml"

enum {
    HEARTBEAT_MAX_S = 3600,
    BODY_MAX_MIB = 1024,
    UPLOAD_MAX_MIB = 1024 * 1024,
    PORT_MAX = 65535
};

/* Name, argument, default, help. */
static const struct option_spec specs[] = {
    {"config", "FILE", NULL, "read options from this YAML file (" DEFAULT_FILE " if it exists)"},
    {"data-dir", "DIR", "/var/lib/hivecast-manager",
     "where everything is kept: keys, database, packages"},
    {"http", "ADDR:PORT", "127.0.0.1:8080",
     "where people and programs reach the REST interface; port 0: any free one"},
    {"control", "ENDPOINT", "tcp://*:5557", "where agents connect; port *: any free one"},
    {"bulk", "ENDPOINT", "tcp://*:5558", "where agents fetch packages; port *: any free one"},
    {"advertise-host", "HOST", NULL,
     "what agents are told to connect to (default: the host by which they reached REST)"},
    {"source-dir", "DIR", NULL, "below it, source.paths of tasks may name files (default: none)"},
    {"ready-file", "FILE", NULL, "written once everything is bound: pid and addresses as JSON"},
    {"heartbeat", "SECONDS", "15",
     "how often agents give a sign; three missed ones make a target offline"},
    {"max-body-mib", "MIB", "4",
     "largest body of a REST request other than uploads; each of 512 connections may hold one"},
    {"max-upload-mib", "MIB", "8192", "largest archive that POST /uploads takes"},
    {"log-level", "LEVEL", "info", "error, warn, info or debug"},
    {"log-format", "FORMAT", "text", "text or json"},
};
enum { SPEC_COUNT = sizeof(specs) / sizeof(specs[0]) };

static enum err set_up_log(const struct options *o, struct error *e)
{
    enum log_level level = LOG_LEVEL_INFO;
    enum log_format format = LOG_FORMAT_TEXT;
    enum err err = log_level_parse(options_get(o, "log-level"), &level, e);
    if (err == ERR_OK)
        err = log_format_parse(options_get(o, "log-format"), &format, e);
    if (err == ERR_OK)
        log_init(level, format);
    return err;
}

/* "127.0.0.1:8080", "[::1]:8080". */
static enum err split_address(const char *text, struct settings *s, struct error *e)
{
    const char *colon = strrchr(text, ':');
    char *end = NULL;
    long port = colon != NULL ? strtol(colon + 1, &end, 10) : -1;
    if (colon == NULL || end == colon + 1 || *end != '\0' || port < 0 || port > PORT_MAX)
        return error_set(e, ERR_INVALID, "--http %s: ADDR:PORT is expected", text);
    size_t size = (size_t)(colon - text);
    bool has_brackets = size >= 2 && text[0] == '[' && colon[-1] == ']';
    if (has_brackets) {
        text++;
        size -= 2;
    }
    if (size == 0 || size >= sizeof(s->http_address) ||
        (!has_brackets && memchr(text, ':', size) != NULL))
        return error_set(e, ERR_INVALID, "--http: a numeric address is expected, IPv6 as [::1]");
    memcpy(s->http_address, text, size);
    s->http_address[size] = '\0';
    s->http_port = (uint16_t)port;
    return ERR_OK;
}

static enum err read_numbers(struct settings *s, struct error *e)
{
    long heartbeat_s = 0;
    long body_mib = 0;
    enum err err = options_integer(s->options, "heartbeat", 1, HEARTBEAT_MAX_S, &heartbeat_s, e);
    if (err == ERR_OK)
        err = options_integer(s->options, "max-body-mib", 1, BODY_MAX_MIB, &body_mib, e);
    long upload_mib = 0;
    if (err == ERR_OK)
        err = options_integer(s->options, "max-upload-mib", 1, UPLOAD_MAX_MIB, &upload_mib, e);
    s->heartbeat_ms = (uint32_t)heartbeat_s * 1000;
    s->body_max_bytes = (uint64_t)body_mib * 1024 * 1024;
    s->upload_max_bytes = (uint64_t)upload_mib * 1024 * 1024;
    return err;
}

enum err settings_read(int argc, char **argv, struct settings *out, struct error *e)
{
    struct settings s = {0};
    enum err err = options_parse(specs, SPEC_COUNT, argc, argv, DEFAULT_FILE, &s.options, e);
    if (err == ERR_OK)
        err = set_up_log(s.options, e);
    if (err == ERR_OK)
        err = split_address(options_get(s.options, "http"), &s, e);
    if (err == ERR_OK)
        err = read_numbers(&s, e);
    if (err == ERR_OK && options_positional_count(s.options) > 0)
        err = error_set(e, ERR_INVALID, "%s: no option; see --help",
                        options_positional(s.options, 0));
    if (err != ERR_OK) {
        settings_clear(&s);
        return err;
    }
    s.data_dir = options_get(s.options, "data-dir");
    s.control_endpoint = options_get(s.options, "control");
    s.bulk_endpoint = options_get(s.options, "bulk");
    s.advertise_host = options_get(s.options, "advertise-host");
    s.source_dir = options_get(s.options, "source-dir");
    s.ready_file = options_get(s.options, "ready-file");
    *out = s;
    return ERR_OK;
}

void settings_print_help(void)
{
    puts("hivecast-manager: deploys software to swarms of devices\n\n"
         "usage: hivecast-manager [options]\n");
    options_print_help(specs, SPEC_COUNT);
}

void settings_clear(struct settings *s)
{
    options_free(s->options);
    memset(s, 0, sizeof(*s));
}
