#!/usr/bin/env bash
# Compiles the library without features, and with each feature alone. A warning fails. All other lints have all features.
# The compiler reads a crate on one core, so two run at a time, each with a build folder of its own.
set -euo pipefail
cd "$(dirname "$0")/.."

check_each() { # FOLDER FEATURE...
    local feature warnings folder=$1
    shift
    for feature; do
        echo "features: ${feature:-none}" >&2
        warnings=$(CARGO_TARGET_DIR=$folder cargo check --quiet --lib --no-default-features --features "$feature" 2>&1) &&
            [[ -z $warnings ]] || {
            echo "$warnings" >&2
            return 1
        }
    done
}

target=${CARGO_TARGET_DIR:-target}
check_each "$target" '' admin buf client live otlp s3 &
check_each "$target/features" compression nats rules samples sqlite tls validate verify
wait $!
