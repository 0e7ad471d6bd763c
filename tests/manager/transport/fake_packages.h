/* SPDX-License-Identifier: Apache-2.0 */
/* fake_packages: stands in for package_store: packages of FAKE_CHUNKS chunks whose bytes tell which
 * chunk they are, without any file. */
#ifndef FAKE_PACKAGES_H
#define FAKE_PACKAGES_H

#include <stddef.h>
#include <stdint.h>

enum { FAKE_CHUNKS = 1000, FAKE_CHUNK_BYTES = 100000, FAKE_MANIFEST_BYTES = 70000 };

uint8_t fake_chunk_byte(uint64_t index);

#endif
