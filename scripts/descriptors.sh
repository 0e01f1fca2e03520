#!/usr/bin/env bash
# Makes descriptors/*.binpb anew from proto/*.proto, with the real protoc.
#
# They are served as they are by `protod serve descriptors/stream.binpb`, and they are what protod's own compile of
# the text must equal. Imports and source info are in them, and files are named as an import would name them.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install-clients.sh
for name in stream search; do
    target/clients/bin/protoc --proto_path=proto --include_imports --include_source_info \
        --descriptor_set_out="descriptors/$name.binpb" "$name.proto"
done
