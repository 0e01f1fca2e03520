#!/usr/bin/env bash
# Runs the named conformance suites against protod, or all four.
#
#   scripts/conformance.sh [protobuf|connect|protovalidate|h2spec]...
#
# protobuf        protobuf's own: messages of proto2, proto3 and edition 2023, binary and JSON
# connect         connectrpc's: gRPC, gRPC-Web and Connect over HTTP/1.1, HTTP/2, TLS and TLS with client certificates, called by
#                 connect-go and grpc-go, and protod's client calling theirs
# protovalidate   protovalidate's: what the rules of buf.validate mean, and what is said of each violation
# h2spec          HTTP/2 and HPACK, frame by frame
#
# tests/conformance/SUITE/known-failing.txt, or .yaml for protovalidate, lists the cases that are known to fail, each with its
# reason. The run fails if another case fails, or if a listed case passes.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly clients=$PWD/target/clients suites=$PWD/tests/conformance

fail() {
    echo "conformance: $*" >&2
    exit 1
}

# Builds everything in one command. With the examples, the dependencies have the same features as for `cargo test`, so they
# are not built again.
build() {
    cargo build --quiet --bin protod --example conformance-protobuf --example conformance-connect \
        --example conformance-connect-client --example conformance-protovalidate
}

run_protobuf() {
    local runner glibc=$clients/protobuf/glibc
    runner=("$clients/protobuf/protoc/_bin/conformance_test_runner")
    if [[ -e $glibc ]]; then
        local libraries=("$glibc"/usr/lib/*-linux-gnu)
        local loader=("${libraries[0]}"/ld-linux-*)
        runner=("${loader[0]}" --library-path "${libraries[0]}" "${runner[@]}")
    fi
    PROTOBUF_CONFORMANCE_PROTOS=$clients/protobuf/protoc/include "${runner[@]}" --enforce_recommended \
        --maximum_edition 2026 --failure_list "$suites/protobuf/known-failing.txt" target/debug/examples/conformance-protobuf
}

run_connect() {
    "$clients/bin/connectconformance" --mode server --conf "$suites/connect/config.yaml" \
        --known-failing "@$suites/connect/known-failing.txt" -- target/debug/examples/conformance-connect "$clients/connect-protos"
    "$clients/bin/connectconformance" --mode client --conf "$suites/connect/config.yaml" \
        --known-failing "@$suites/connect_client/known-failing.txt" -- target/debug/examples/conformance-connect-client "$clients/connect-protos"
}

run_protovalidate() {
    # Messages and kinds of errors must be the same too, which the runner does not ask for by itself.
    # Its exit code is the number of failures, of which 256 look like none.
    local report
    report=$("$clients/bin/protovalidate-conformance" --strict_message --strict_error --timeout 60s \
        --expected_failures "$suites/protovalidate/known-failing.yaml" \
        target/debug/examples/conformance-protovalidate 2>&1) || true
    echo "$report"
    [[ $report =~ (^|$'\n')"PASS (failed: 0, "[^$'\n']*$ ]] || fail "protovalidate: a case fails and is not listed, or is listed and passes"
}

run_h2spec() {
    local output=target/conformance/h2spec line=
    rm -rf "$output"
    mkdir -p "$output"
    exec {log}< <(exec target/debug/protod serve --addr 127.0.0.1:0 proto 2>&1 >"$output/stdout.txt")
    local server=$!
    # shellcheck disable=SC2064 # the current value of $server
    trap "kill $server 2>/dev/null || true" EXIT
    until [[ $line == "protod listening on "* ]]; do
        read -r -t 20 line <&"$log" || fail "protod does not listen"
    done
    cat <&"$log" >"$output/stderr.txt" &

    sed '/^#/d; /^$/d' "$suites/h2spec/known-failing.txt" | sort >"$output/known.txt"
    # It exits with 1 if a case fails; the report says which.
    "$clients/bin/h2spec" --port "${line##*:}" --path /proto.StreamService/List \
        --junit-report "$output/report.xml" >"$output/report.txt" || true
    awk -F '"' '/<testcase /{name = $2 ": " $4} /<(error|failure)>/{print name}' "$output/report.xml" |
        sort >"$output/failed.txt"
    kill -0 $server || fail "protod ended during h2spec"
    kill $server
    trap - EXIT

    echo "$(grep -c '<testcase ' "$output/report.xml") cases, $(wc -l <"$output/failed.txt") failed"
    diff -u "$output"/{known,failed}.txt ||
        fail "h2spec: + fails and is not listed, - is listed and passes; see $output/report.txt"
}

[[ $# -gt 0 ]] || set -- protobuf connect protovalidate h2spec
build
for suite in "$@"; do
    case $suite in
    protobuf | connect | protovalidate | h2spec)
        scripts/install-clients.sh "$suite"
        echo "conformance: $suite" >&2
        "run_$suite"
        ;;
    *) fail "unknown suite: $suite; use protobuf, connect, protovalidate or h2spec" ;;
    esac
done
