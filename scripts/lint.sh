#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What ./run lint checks beside formatting and the clang build; ends with the first check that fails.
set -eu
cd "$(dirname "$0")/.."
bin=tests/node_modules/.bin

echo "== shell scripts"
shellcheck run .ci/run scripts/*.sh

echo "== proto"
"$bin/buf" lint
"$bin/buf" breaking --against proto/baseline.binpb

echo "== openapi"
"$bin/redocly" lint openapi/manager.yaml

echo "== clang-tidy"
# The database of the clang build, so that flags are ones it knows. Generated code is not ours to judge.
run-clang-tidy -quiet -p build/clang -j "$(nproc)" '^(?!.*/(gen|build)/).*\.c$' >build/clang-tidy.log 2>/dev/null || {
    grep -E 'error:|warning:' build/clang-tidy.log | sort -u
    exit 1
}
echo "lint is clean"
