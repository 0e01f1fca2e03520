#!/usr/bin/env bash
# Makes descriptors/*.binpb again from proto/*.proto, with protoc.
#
# `protod serve descriptors/stream.binpb` serves them, and protod's own compile of the text must equal them. They include
# imports and source info, and files are named as in an import.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install-clients.sh
for name in stream search; do
    target/clients/bin/protoc --proto_path=proto --include_imports --include_source_info \
        --descriptor_set_out="descriptors/$name.binpb" "$name.proto"
done
