/* SPDX-License-Identifier: Apache-2.0 */
/* body_json: the bytes of a request as JSON, whether they are JSON or YAML. What it costs is
 * bounded before anything is built: depth, number of values; duplicate keys are refused. Thread:
 * any. */
#ifndef BODY_JSON_H
#define BODY_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "err.h"

enum { BODY_DEPTH_MAX = 32, BODY_VALUES_MAX = 200000 };

/* ERR_INVALID with the place, ERR_TOO_LARGE beyond a bound. *out is a new reference. */
MUST_CHECK enum err body_json_parse(const char *text, size_t size, json_t **out, struct error *e);
/* One YAML 1.2 document of the core schema: no anchors that are used, no tags but !!str. */
MUST_CHECK enum err body_yaml_parse(const char *text, size_t size, json_t **out, struct error *e);

#endif
