#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# scripts/fuzz.sh SECONDS: replays every corpus, then fuzzes each target for so long. New inputs go to build/, findings to
# build/fuzz-findings; a finding belongs into tests/fuzz/corpus with its fix.
set -eu
cd "$(dirname "$0")/.."
seconds=$1
findings=build/fuzz-findings
mkdir -p "$findings"
failed=0
passed=0
for target in build/fuzz/fuzz/fuzz_*; do
    name=${target##*/fuzz_}
    corpus=build/fuzz-corpus/$name
    mkdir -p "$corpus"
    if "$target" -max_total_time="$seconds" -max_len=65536 -timeout=20 -rss_limit_mb=1024 -print_final_stats=1 \
        -artifact_prefix="$findings/$name-" "$corpus" "tests/fuzz/corpus/$name" >"build/fuzz-$name.log" 2>&1; then
        passed=$((passed + 1))
        echo "fuzz $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz-$name.log") executions, no finding"
    else
        failed=$((failed + 1))
        tail -n 40 "build/fuzz-$name.log"
        echo "fuzz $name: FAILED, see $findings"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
