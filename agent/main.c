/* SPDX-License-Identifier: Apache-2.0 */
/* hivecast-agent: subcommands and options. */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "agent_options.h"
#include "fs.h"
#include "identity.h"
#include "log.h"
#include "options.h"
#include "release_tree.h"
#include "status_print.h"
#include "status_socket.h"

enum { EXIT_USAGE = 2, MIB = 1024 * 1024 };

static const struct option_spec run_specs[] = {AGENT_OPTION_DATA_DIR, AGENT_OPTIONS_RUN,
                                               AGENT_OPTIONS_JOIN};
static const struct option_spec status_specs[] = {{"json", NULL, NULL, "As one JSON object", false},
                                                  AGENT_OPTION_DATA_DIR,
                                                  AGENT_OPTIONS_RUN,
                                                  AGENT_OPTIONS_JOIN};
enum {
    RUN_COUNT = sizeof(run_specs) / sizeof(run_specs[0]),
    RUN_HELP_COUNT = 8,
    STATUS_COUNT = sizeof(status_specs) / sizeof(status_specs[0]),
    STATUS_HELP_COUNT = 2
};

static int fail(const char *what, enum err err, const struct error *e)
{
    fprintf(stderr, "hivecast-agent %s: %s\n", what, e->text);
    return err == ERR_INVALID ? EXIT_USAGE : EXIT_FAILURE;
}

static enum err read_config(const struct options *o, struct agent_config *out, struct error *e)
{
    long spool_mib, ring_mib, reserve_mib, grace_s;
    enum log_level level;
    enum log_format format;
    enum err err = options_integer(o, "spool-mib", 1, 1024 * 1024, &spool_mib, e);
    if (err == ERR_OK)
        err = options_integer(o, "ring-mib", 1, 1024 * 1024, &ring_mib, e);
    if (err == ERR_OK)
        err = options_integer(o, "disk-reserve-mib", 0, 1L << 40, &reserve_mib, e);
    if (err == ERR_OK)
        err = options_integer(o, "grace", 1, 3600, &grace_s, e);
    if (err == ERR_OK)
        err = log_level_parse(options_get(o, "log-level"), &level, e);
    if (err == ERR_OK)
        err = log_format_parse(options_get(o, "log-format"), &format, e);
    if (err == ERR_OK && options_positional_count(o) > 0)
        err = error_set(e, ERR_INVALID, "'%.64s' is not expected here", options_positional(o, 0));
    if (err != ERR_OK)
        return err;
    log_init(level, format);
    *out = (struct agent_config){
        .data_dir = options_get(o, "data-dir"),
        .spool_bytes = (uint64_t)spool_mib * MIB,
        .ring_bytes = (uint64_t)ring_mib * MIB,
        .disk_reserve_bytes = (uint64_t)reserve_mib * MIB,
        .grace_ms = grace_s * 1000,
        .ready_file = options_get(o, "ready-file"),
    };
    return ERR_OK;
}

/* Before any thread. One arena: ours hardly allocate, and each arena would cost memory of its own.
 * Chunks go back to the system as soon as they are written: a big package takes what a small one
 * does. */
static void keep_heap_small(void)
{
    static const int settings[][2] = {
        {M_ARENA_MAX, 1}, {M_MMAP_THRESHOLD, 32 * 1024}, {M_TRIM_THRESHOLD, 64 * 1024}};
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        (void)mallopt(settings[i][0], settings[i][1]); /* NOLINT(concurrency-mt-unsafe) */
}

/* Holds the data directory for as long as the agent runs. */
static enum err serve(struct agent_config *config, struct error *e)
{
    struct identity id;
    enum err err = keys_init(e);
    if (err == ERR_OK) /* before anything is made in a directory that is not ours */
        err = identity_load(config->data_dir, &id, e);
    if (err != ERR_OK)
        return err;
    /* Commands have directories of their own, so what they are told must not be relative to ours.
     */
    AUTO_FREE char *data_dir = realpath(config->data_dir, NULL);
    if (data_dir == NULL)
        return error_errno(e, "find %s", config->data_dir);
    config->data_dir = data_dir;
    AUTO_CLOSE int lock = -1;
    err = fs_lock_dir(data_dir, &lock, e);
    return err == ERR_OK ? agent_run(config, e) : err;
}

static int run(int argc, char **argv)
{
    struct error e = {0};
    AUTO(options_free) struct options *o = NULL;
    enum err err = options_parse(run_specs, RUN_COUNT, argc, argv, AGENT_CONFIG_FILE, &o, &e);
    if (err != ERR_OK)
        return fail("run", err, &e);
    if (options_wants_help(o)) {
        puts("Usage: hivecast-agent run [OPTION]...\nServes the manager this device has joined.\n");
        options_print_help(run_specs, RUN_HELP_COUNT);
        return EXIT_SUCCESS;
    }
    keep_heap_small();
    (void)signal(SIGPIPE, SIG_IGN); /* whoever read our log may go; children have it reset */
    struct agent_config config;
    err = read_config(o, &config, &e);
    if (err == ERR_OK)
        err = serve(&config, &e);
    return err == ERR_OK ? EXIT_SUCCESS : fail("run", err, &e);
}

static int status(int argc, char **argv)
{
    struct error e = {0};
    AUTO(options_free) struct options *o = NULL;
    enum err err = options_parse(status_specs, STATUS_COUNT, argc, argv, AGENT_CONFIG_FILE, &o, &e);
    if (err != ERR_OK)
        return fail("status", err, &e);
    if (options_wants_help(o)) {
        puts("Usage: hivecast-agent status [OPTION]...\n"
             "Tells who this target is, where it is connected and what runs.\n");
        options_print_help(status_specs, STATUS_HELP_COUNT);
        return EXIT_SUCCESS;
    }
    struct identity id;
    err = identity_load(options_get(o, "data-dir"), &id, &e);
    if (err != ERR_OK)
        return fail("status", err, &e);
    struct bytes answer = {0};
    err = status_socket_ask(options_get(o, "data-dir"), &answer, &e);
    if (err == ERR_OK || err == ERR_UNAVAILABLE)
        status_print(&id, err == ERR_OK ? &answer : NULL, options_is_set(o, "json"));
    bytes_clear(&answer);
    return err == ERR_OK || err == ERR_UNAVAILABLE ? EXIT_SUCCESS : fail("status", err, &e);
}

/* Joining needs TLS and JSON, which the resident program does without: another program, found
 * beside this one or where packages put it. */
static int join(int argc, char **argv)
{
    (void)argc;
    static const char *const places[] = {"", "../libexec/hivecast/", "../lib/hivecast/"};
    char self[3072] = "";
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *slash = length > 0 ? strrchr(self, '/') : NULL;
    if (slash == NULL) {
        fputs("hivecast-agent join: cannot find our own program\n", stderr);
        return EXIT_FAILURE;
    }
    slash[1] = '\0';
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        char path[4096];
        snprintf(path, sizeof(path), "%s%shivecast-agent-join", self, places[i]);
        execv(path, argv);
    }
    fprintf(stderr, "hivecast-agent join: hivecast-agent-join is not installed beside %s\n", self);
    return EXIT_FAILURE;
}

static int internal_sync(int argc, char **argv)
{
    return argc == 2 ? release_tree_sync_main(argv[1]) : EXIT_USAGE;
}

static int internal_remove(int argc, char **argv)
{
    return argc == 2 ? release_tree_remove_main(argv[1]) : EXIT_USAGE;
}

static int version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    puts("hivecast-agent " HIVECAST_VERSION);
    return EXIT_SUCCESS;
}

static int help(int argc, char **argv);

static const struct {
    const char *name;
    int (*fn)(int argc, char **argv); /* argv[0] is the subcommand */
    const char *text;                 /* NULL: not for people */
} commands[] = {
    {"join", join, "Make this device a target of a manager"},
    {"run", run, "Serve the manager (what the service does)"},
    {"status", status, "Who this target is, where it is connected, what runs"},
    {"version", version, "Print the version"},
    {"help", help, "Print this"},
    {"--version", version, NULL},
    {"--help", help, NULL},
    {"-h", help, NULL},
    {"internal-sync", internal_sync, NULL},
    {"internal-remove", internal_remove, NULL},
};

static int help(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    puts("Usage: hivecast-agent COMMAND [OPTION]...\nThe agent of a Hivecast target.\n");
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (commands[i].text != NULL)
            printf("  %-8s  %s\n", commands[i].name, commands[i].text);
    }
    puts("\nhivecast-agent COMMAND --help tells the options of one.");
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(commands[i].name, name) == 0)
            return commands[i].fn(argc - 1, argv + 1);
    }
    fprintf(stderr, "hivecast-agent: '%.64s' is no command; see hivecast-agent help\n", name);
    return EXIT_USAGE;
}
