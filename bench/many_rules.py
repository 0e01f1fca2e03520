#!/usr/bin/env python3
"""What many rules cost: until the server listens, in memory, and for a call that the last of them answers or that none does.

    bench/many_rules.py PROTOD KIND COUNT[,COUNT…] [CALLS]

KIND is what each rule asks for: a field, two fields, metadata and a field, a range, how a text begins, an expression, or presence:
match, two, metadata, range, begin, when, there; with `.json` after it the file is JSON, and else YAML. CALLS is how many calls
of each kind a round has, 20,000 unless it is given. Needs Linux and Python 3, and nothing else; run it alone on the machine.
"""

import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

from servers import cpu, start

ROUNDS = 5

PROTO = """syntax = "proto3";
package shop;
message Request { string name = 1; int64 id = 2; string tenant = 3; int32 size = 4; }
message Response { string text = 1; int64 cents = 2; }
service Shop { rpc Order(Request) returns (Response); }
"""

# The condition of the nth rule, a request that it alone matches, and one that none does, each with its metadata.
KINDS = {
    "match": (
        lambda n: {"match": {"name": f"tea {n}"}},
        lambda n: ({"name": f"tea {n}"}, []),
        ({"name": "none"}, []),
    ),
    "two": (
        lambda n: {"match": {"tenant": f"t{n % 100}", "id": str(n)}},
        lambda n: ({"tenant": f"t{n % 100}", "id": n}, []),
        ({"tenant": "t5", "id": -1}, []),
    ),
    "metadata": (
        lambda n: {"metadata": {"x-tenant": f"t{n % 100}"}, "match": {"id": str(n)}},
        lambda n: ({"id": n}, [f"x-tenant: t{n % 100}"]),
        ({"id": -1}, ["x-tenant: t5"]),
    ),
    "range": (
        lambda n: {"when": f"request.id >= {n * 10} && request.id < {n * 10 + 10}"},
        lambda n: ({"id": n * 10 + 5}, []),
        ({"id": -1}, []),
    ),
    "begin": (
        lambda n: {"when": f"request.name.startsWith('tea-{n:06}-')"},
        lambda n: ({"name": f"tea-{n:06}-x"}, []),
        ({"name": "none"}, []),
    ),
    "when": (
        lambda n: {"when": f"request.name == 'tea {n}' && request.size > 3"},
        lambda n: ({"name": f"tea {n}", "size": 5}, []),
        ({"name": "tea 5", "size": 1}, []),
    ),
    "there": (
        lambda n: {"metadata": {f"x-{n}": {}}},
        lambda n: ({}, [f"x-{n}: 1"]),
        ({}, ["y: 1"]),
    ),
}


def write(folder, kind, count, is_json):
    """Writes the proto, and the rules for it."""
    (folder / "shop.proto").write_text(PROTO)
    rules = [
        {"method": "shop.Shop/Order", **KINDS[kind][0](n), "reply": {"text": f"answer {n}", "cents": str(n)}}
        for n in range(count)
    ]
    if is_json:
        (folder / "shop.rules.json").write_text(json.dumps({"rules": rules}, indent=1))
        return
    with open(folder / "shop.rules.yaml", "w", encoding="utf-8") as file:
        file.write("rules:\n")
        for rule in rules:
            lines = [f"{key}: {json.dumps(value)}" for key, value in rule.items()]
            file.write("  - " + "\n    ".join(lines) + "\n")


def memory(server, name):
    """A value of the process in MiB."""
    status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
    return int(re.search(rf"{name}:\s+(\d+)", status)[1]) / 1024


def call(protod, address, server, calls, request, metadata):
    """The server's CPU time of a call, in microseconds."""
    headers = [part for header in metadata for part in ("-H", header)]
    before = cpu(server)
    # Calls of a warm-up take the server's time, too, and would not be counted.
    bench = [protod, "bench", address, "shop.Shop/Order", "-d", json.dumps(request), "-c", "64", "-n", str(calls), "--warm-up", "0s"]
    # Calls that nothing matches fail, which is its exit code.
    subprocess.run(bench + headers, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return (cpu(server) - before) / calls * 1e6


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    protod, kind, counts, *rest = sys.argv[1:]
    kind, _, form = kind.partition(".")
    calls = int(rest[0]) if rest else 20_000
    print("| rules | listens after, ms | memory, MiB | at its highest | the last, µs | none, µs | none / last |")
    print("|---|---|---|---|---|---|---|")
    for count in map(int, counts.split(",")):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            write(folder, kind, count, form == "json")
            listens = []
            for _ in range(ROUNDS):
                server, address, took = start([protod, "serve", folder, "--addr", "127.0.0.1:0", "--admin-addr", "none"])
                listens.append(took)
                if len(listens) < ROUNDS:
                    server.kill()
                    server.wait()
            idle, most = memory(server, "VmRSS"), memory(server, "VmHWM")
            last, none = [], []
            for _ in range(ROUNDS):
                last.append(call(protod, address, server, calls, *KINDS[kind][1](count - 1)))
                none.append(call(protod, address, server, calls, *KINDS[kind][2]))
            server.kill()
            server.wait()
        ratio = statistics.median(miss / hit for miss, hit in zip(none, last) if hit)
        figures = [statistics.median(listens), idle, most, statistics.median(last), statistics.median(none)]
        print(f"| {count:,} | " + " | ".join(f"{figure:.1f}" for figure in figures) + f" | {ratio:.2f} |", flush=True)


main()
