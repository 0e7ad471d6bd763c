#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# scripts/gen.sh OUT: protobuf-c and nanopb output of proto/ below OUT (gen/ in the repository).
set -eu
cd "$(dirname "$0")/.."
out=$1
rm -rf "$out/protobuf-c" "$out/nanopb"
mkdir -p "$out/protobuf-c" "$out/nanopb"
protos=$(find proto -name '*.proto' | LC_ALL=C sort)
# shellcheck disable=SC2086 # a list of names
protoc-c --c_out="$out/protobuf-c" -Iproto $protos
# No time stamps; the .options files stand beside the .proto files.
for proto in $protos; do
    /usr/bin/python3 /usr/bin/nanopb_generator.py -q -T -I proto -D "$out/nanopb" "${proto#proto/}"
done
