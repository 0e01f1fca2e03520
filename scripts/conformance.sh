#!/usr/bin/env bash
# Runs conformance suites against protod: those that are named, or all three.
#
#   scripts/conformance.sh [protobuf|connect|h2spec]...
#
# protobuf   protobuf's own: proto2 and proto3 messages, binary and JSON
# connect    connectrpc's: gRPC calls by connect-go and grpc-go over plain HTTP/2, TLS and TLS with client certificates
# h2spec     HTTP/2 and HPACK, frame by frame
#
# tests/conformance/SUITE/known-failing.txt names the cases that are known to fail, each with its reason. A case that
# fails and is not named fails the run, and so does one that is named and passes.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly clients=$PWD/target/clients suites=$PWD/tests/conformance

fail() {
    echo "conformance: $*" >&2
    exit 1
}

# Builds a target of the package, and prints where it is.
built() { # --bin|--example NAME
    local folder=target/debug
    [[ $1 == --example ]] && folder+=/examples
    cargo build --quiet "$@" >&2
    echo "$folder/$2"
}

run_protobuf() {
    local testee runner glibc=$clients/protobuf/glibc
    testee=$(built --example conformance-protobuf)
    runner=("$clients/protobuf/protoc/_bin/conformance_test_runner")
    if [[ -e $glibc ]]; then
        local libraries=("$glibc"/usr/lib/*-linux-gnu)
        local loader=("${libraries[0]}"/ld-linux-*)
        runner=("${loader[0]}" --library-path "${libraries[0]}" "${runner[@]}")
    fi
    PROTOBUF_CONFORMANCE_PROTOS=$clients/protobuf/protoc/include "${runner[@]}" --enforce_recommended \
        --maximum_edition PROTO3 --failure_list "$suites/protobuf/known-failing.txt" "$testee"
}

run_connect() {
    local testee
    testee=$(built --example conformance-connect)
    "$clients/bin/connectconformance" --mode server --conf "$suites/connect/config.yaml" \
        --known-failing "@$suites/connect/known-failing.txt" -- "$testee" "$clients/connect-protos"
}

run_h2spec() {
    local protod output=target/conformance/h2spec line=
    protod=$(built --bin protod)
    rm -rf "$output"
    mkdir -p "$output"
    exec {log}< <(exec "$protod" serve --addr 127.0.0.1:0 proto 2>&1 >"$output/stdout.txt")
    local server=$!
    # shellcheck disable=SC2064 # this server, now
    trap "kill $server 2>/dev/null || true" EXIT
    until [[ $line == "protod listening on "* ]]; do
        read -r -t 20 line <&"$log" || fail "protod does not listen"
    done
    cat <&"$log" >"$output/stderr.txt" &

    sed '/^#/d; /^$/d' "$suites/h2spec/known-failing.txt" | sort >"$output/known.txt"
    # A request that is not gRPC is refused at its headers, and h2spec may still be sending the rest: some of its
    # cases depend on who is faster. Those that fail in every one of up to ten runs have failed.
    for _ in {1..10}; do
        rm -f "$output/report.xml"
        "$clients/bin/h2spec" --port "${line##*:}" --path /proto.StreamService/List \
            --junit-report "$output/report.xml" >"$output/report.txt" || true
        awk -F '"' '/<testcase /{name = $2 ": " $4} /<(error|failure)>/{print name}' "$output/report.xml" |
            sort >"$output/failed-now.txt"
        [[ -e $output/failed.txt ]] || cp "$output"/failed{-now,}.txt
        comm -12 "$output"/failed{,-now}.txt >"$output/failed-always.txt"
        mv "$output"/failed{-always,}.txt
        cmp -s "$output"/{known,failed}.txt && break
    done
    kill -0 $server || fail "protod did not outlive h2spec"
    kill $server
    trap - EXIT

    echo "$(grep -c '<testcase ' "$output/report.xml") cases, $(wc -l <"$output/failed.txt") failed"
    diff -u "$output"/{known,failed}.txt ||
        fail "h2spec: + fails and is not known to, - is known to fail and passes; $output/report.txt tells more"
}

[[ $# -gt 0 ]] || set -- protobuf connect h2spec
for suite in "$@"; do
    case $suite in
    protobuf | connect | h2spec)
        scripts/install-clients.sh "$suite"
        echo "conformance: $suite" >&2
        "run_$suite"
        ;;
    *) fail "there is no suite $suite: protobuf, connect and h2spec are known" ;;
    esac
done
