#!/usr/bin/env bash
# Fuzzes every target for FUZZ_SECONDS with the default compiler. A sanitizer would need a nightly compiler; the coverage
# that guides the fuzzer does not. What it finds is left in target/fuzz. With --no-run it only builds the targets.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"

seconds=${FUZZ_SECONDS:-10}
out=$PWD/../target/fuzz
host=$(rustc -vV | sed -n 's/^host: //p')

# The flags of cargo-fuzz with `--sanitizer none`. With --target, cargo does not apply them to build scripts and macros.
coverage=(
    -Cpasses=sancov-module
    -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
    -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares
)
RUSTFLAGS="--cfg fuzzing ${coverage[*]}" cargo build --quiet --target "$host" --target-dir "$out"
[[ ${1-} != --no-run ]] || exit 0

fuzz() { # TARGET
    local target=$1 log=$out/$1.log
    mkdir -p "$out/corpus/$target"
    "$out/$host/debug/$target" "$out/corpus/$target" "seeds/$target" -artifact_prefix="$out/" \
        -max_total_time="$seconds" -timeout=20 -max_len=4096 >"$log" 2>&1 || {
        tail -n 60 "$log"
        return 1
    }
    echo "fuzz: $target: $(grep '^Done' "$log")"
}

# Two at a time: each has one thread.
export -f fuzz
export out host seconds
printf '%s\n' fuzz_targets/*.rs | sed 's|.*/||; s|\.rs$||' | xargs -P 2 -I '{}' bash -euo pipefail -c 'fuzz {}'
