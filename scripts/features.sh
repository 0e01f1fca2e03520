#!/usr/bin/env bash
# Lints the library without features, and with each feature alone. A warning fails. All other lints have all features.
set -euo pipefail
cd "$(dirname "$0")/.."

for feature in '' admin buf client compression live otlp rules samples tls validate verify; do
    echo "features: ${feature:-none}" >&2
    cargo clippy --quiet --lib --no-default-features --features "$feature" -- -D warnings
done
