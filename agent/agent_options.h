/* SPDX-License-Identifier: Apache-2.0 */
/* agent_options: the one table of options; all subcommands read the same configuration file, so all
 * know its keys. */
#ifndef AGENT_OPTIONS_H
#define AGENT_OPTIONS_H

#define AGENT_CONFIG_FILE "/etc/hivecast/agent.yaml"

#define AGENT_OPTION_DATA_DIR                                                                      \
    {                                                                                              \
        "data-dir", "DIR", "/var/lib/hivecast-agent", "Where the agent keeps everything", false    \
    }

#define AGENT_OPTIONS_RUN                                                                          \
    {"log-level", "LEVEL", "info", "error, warn, info or debug", false},                           \
        {"log-format", "FORMAT", "text", "text or json", false},                                   \
        {"spool-mib", "MIB", "16", "Bound of reports that wait for the manager", false},           \
        {"ring-mib", "MIB", "4", "Bound of output that is kept and sent on request only", false},  \
        {"disk-reserve-mib", "MIB", "32", "Left free: a task that needs it is refused", false},    \
        {"grace", "SECONDS", "10", "Between SIGTERM and SIGKILL when commands are stopped",        \
         false},                                                                                   \
    {                                                                                              \
        "ready-file", "FILE", NULL, "Written once the agent runs: its pid and id", false           \
    }

#define AGENT_OPTIONS_JOIN                                                                         \
    {"token", "TOKEN", NULL, "Single-use registration secret, as 12ab-34cd-56ef", false},          \
        {"id", "ID", NULL, "Unique name of this target (default: the host name)", false},          \
        {"tags", "TAGS", NULL, "Labels for grouping targets, separated by commas", true},          \
    {                                                                                              \
        "location", "LAT,LON", NULL, "Where the target stands, in degrees", false                  \
    }

#endif
