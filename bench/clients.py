#!/usr/bin/env python3
"""protod and its twin under the clients of others: the server's CPU time of a call of Search, and calls per second.

    bench/clients.py PROTOD TWIN [--clients h2load,ghz,protod] [--connections 1,4,64] [--calls 100000] [--rounds 5]

64 calls are in flight, over so many connections. The servers answer in turn in each round: the twin and protod, with as many
workers as there are cores, and protod with one. Ratios are taken within a round; the table has their medians, the least and the
greatest. h2load is of Debian's nghttp2-client, ghz is `go install github.com/bojand/ghz/cmd/ghz@latest`; the third is `PROTOD bench`.
Needs Linux and Python 3; run it alone on the machine, in the folder of the repository.
"""

import argparse
import json
import os
import re
import statistics
import struct
import subprocess
import sys
import tempfile

from servers import cpu, start

IN_FLIGHT = 64
METHOD = "proto.SearchService/Search"
REQUEST = '{"request":"X"}'
# The same message as bytes of gRPC: its length, and its first field.
FRAME = struct.pack(">BI", 0, 3) + b"\x0a\x01X"


def serve(command, workers=None):
    """A server and its address."""
    environment = dict(os.environ, RUST_LOG="warn")
    environment.pop("TOKIO_WORKER_THREADS", None)
    if workers:
        environment["TOKIO_WORKER_THREADS"] = str(workers)
    return start(command, environment)[:2]


def h2load(address, connections, calls, frame):
    command = ["h2load", "-n", calls, "-c", connections, "-m", IN_FLIGHT // connections, "-d", frame]
    command += ["-H", "content-type: application/grpc", "-H", "te: trailers", f"http://{address}/{METHOD}"]
    printed = run(command)
    done = re.search(r"(\d+) succeeded", printed)
    return int(done[1]), float(re.search(r"finished in .*?, ([\d.]+) req/s", printed)[1])


def ghz(address, connections, calls, _):
    command = ["ghz", "--insecure", "--proto", "proto/search.proto", "--call", METHOD, "-d", REQUEST, "--format", "json"]
    command += ["-c", IN_FLIGHT, "--connections", connections, "-n", calls, address]
    report = json.loads(run(command))
    return report["statusCodeDistribution"].get("OK", 0), report["rps"]


def protod(address, connections, calls, _):
    command = [arguments.protod, "bench", address, METHOD, "-d", REQUEST, "-c", IN_FLIGHT]
    command += ["--connections", connections, "-n", calls, "--warm-up", "0s", "--json", "--proto", "proto"]
    report = json.loads(run(command))
    return report["calls"], report["calls_per_second"]


CLIENTS = {"h2load": h2load, "ghz": ghz, "protod": protod}


def run(command):
    return subprocess.run([str(part) for part in command], capture_output=True, check=True, text=True).stdout


def spread(ratios, digits=2):
    return f"{statistics.median(ratios):.{digits}f} ({min(ratios):.{digits}f}–{max(ratios):.{digits}f})"


def measure(client, connections, servers, frame):
    """For each server, what each round has taken: microseconds of a call, and calls per second."""
    figures = {name: [] for name in servers}
    for is_measured in [False] + [True] * arguments.rounds:
        for name, (server, address) in servers.items():
            before = cpu(server)
            done, rate = CLIENTS[client](address, connections, arguments.calls, frame)
            took = (cpu(server) - before) / arguments.calls * 1e6
            if done != arguments.calls:
                sys.exit(f"{name}: {done} of {arguments.calls} calls of {client} were answered")
            if is_measured:
                figures[name].append((took, rate))
    return figures


def main():
    protod = [arguments.protod, "serve", "proto", "--addr", "127.0.0.1:0", "--admin-addr", "none", "--no-journal"]
    servers = {"twin": serve([arguments.twin]), "protod": serve(protod), "one worker": serve(protod, 1)}
    print("| client | connections | twin, µs | protod | of twin | twin, a second | protod | of twin | CPU of one worker's | rate |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    with tempfile.NamedTemporaryFile() as frame:
        frame.write(FRAME)
        frame.flush()
        for client in arguments.clients.split(","):
            for connections in map(int, arguments.connections.split(",")):
                figures = measure(client, connections, servers, frame.name)
                columns = []
                for what, form in [(0, "{:.1f}"), (1, "{:,.0f}")]:
                    twin, own = ([round[what] for round in figures[name]] for name in ["twin", "protod"])
                    columns += [form.format(statistics.median(values)) for values in [twin, own]]
                    columns.append(spread([one / other for one, other in zip(own, twin)]))
                for what in [0, 1]:
                    own, one = ([round[what] for round in figures[name]] for name in ["protod", "one worker"])
                    columns.append(spread([one / other for one, other in zip(own, one)]))
                print(f"| {client} | {connections} | " + " | ".join(columns) + " |", flush=True)
    for server, _ in servers.values():
        server.kill()


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("protod", help="the program protod")
parser.add_argument("twin", help="the program twin, which `cargo build --release -p bench` makes")
parser.add_argument("--clients", default=",".join(CLIENTS))
parser.add_argument("--connections", default="1,4,64")
parser.add_argument("--calls", type=int, default=100_000)
parser.add_argument("--rounds", type=int, default=5)
arguments = parser.parse_args()
main()
