/* SPDX-License-Identifier: Apache-2.0 */
/* agent_options: options that several subcommands of the agent have. */
#ifndef AGENT_OPTIONS_H
#define AGENT_OPTIONS_H

#define AGENT_OPTION_DATA_DIR                                                                      \
    {                                                                                              \
        "data-dir", "DIR", "/var/lib/hivecast-agent", "Where the agent keeps everything", false    \
    }

#define AGENT_CONFIG_FILE "/etc/hivecast/agent.yaml"

#endif
