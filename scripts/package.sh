#!/usr/bin/env bash
# Builds protod from only the files of its package, like a user of crates.io, and runs the examples of the library's docs.
# It reuses what cargo has built for the repository.
set -euo pipefail
cd "$(dirname "$0")/.."

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
readonly unpacked=$CARGO_TARGET_DIR/package/unpacked

rm -rf "$CARGO_TARGET_DIR"/package/protod-*.crate "$unpacked"
cargo package --quiet --package protod --no-verify --allow-dirty --locked
mkdir -p "$unpacked"
tar -xzf "$CARGO_TARGET_DIR"/package/protod-*.crate -C "$unpacked" --strip-components 1

cd "$unpacked"
# With an example, the dependencies have the same features as for `cargo test`, so they are not built again.
cargo build --locked --quiet --bin protod --example typed
cargo test --locked --quiet --doc
