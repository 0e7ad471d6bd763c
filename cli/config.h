/* SPDX-License-Identifier: Apache-2.0 */
/* config: which manager and which token; $XDG_CONFIG_HOME/hivecast/config.yaml, mode 0600. */
#ifndef CONFIG_H
#define CONFIG_H

#include "err.h"
#include "options.h"

struct config {
    char *url; /* NULL: not known */
    char *token;
};

/* Options and environment first, then the file. A missing file is fine. */
MUST_CHECK enum err config_load(const struct options *o, struct config *out, struct error *e);
MUST_CHECK enum err config_save(const struct config *config, struct error *e);
/* The file's path; caller frees. */
MUST_CHECK enum err config_path(char **out, struct error *e);
void config_clear(struct config *config);
static inline void config_clear_auto(struct config *config)
{
    config_clear(config);
}

#endif
