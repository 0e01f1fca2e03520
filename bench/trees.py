#!/usr/bin/env python3
"""Measures protod on a large tree of protos, and protoc beside it.

    bench/trees.py TREE [--protod target/release/protod] [--protoc protoc] [--rounds 5] [--swaps 100]

TREE is a folder such as that of `npm pack google-proto-files`, in which imports are found. What is measured:

- `check` from nothing and from the cache, and protoc, alternating: wall time, CPU time and the highest resident memory;
- `serve`: the time until it listens and its resident memory at rest;
- saves of one proto that no other imports, and of a rules file: from the write to the line of the log that says that the
  swap is done; and resident memory after 10 and after all of them.

The tree is copied, so that TREE itself is not written. Copies of google/protobuf in it are left out for both programs.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time

WELL_KNOWN = "/google/protobuf/"


def run(command, folder):
    """Runs a command. Returns wall seconds, CPU seconds and MiB."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{command}:\n{errors[-2000:]}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def protos_of(tree):
    paths = []
    for folder, folders, files in os.walk(tree):
        folders[:] = [name for name in folders if name != "node_modules" and not name.startswith(".")]
        paths += [os.path.join(folder, name) for name in files if name.endswith(".proto") and not name.startswith(".")]
    return sorted(path for path in paths if WELL_KNOWN not in path)


def leaf_of(tree, protos):
    """A proto with a method that no other proto imports, its text, and the name of the method."""
    texts = {path: open(path, encoding="utf-8", errors="replace").read() for path in protos}
    imported = {name for text in texts.values() for name in re.findall(r'^import[^"]*"([^"]+)"', text, re.MULTILINE)}
    for path, text in reversed(texts.items()):
        package = re.search(r"^package\s+([\w.]+)", text, re.MULTILINE)
        method = re.search(r"^service\s+(\w+)\s*\{.*?\brpc\s+(\w+)", text, re.MULTILINE | re.DOTALL)
        if package and method and os.path.relpath(path, tree) not in imported:
            return path, text, f"{package[1]}.{method[1]}/{method[2]}"
    raise SystemExit(f"{tree}: every proto with a service is imported")


class Server:
    def __init__(self, command):
        begin = time.perf_counter()
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.line_with("listening on")
        self.start = time.perf_counter() - begin

    def line_with(self, text):
        lines = []
        for line in self.process.stderr:
            if text in line:
                return
            lines.append(line)
        raise SystemExit(f"protod ended and never said {text!r}:\n{''.join(lines)}")

    def memory(self):
        """Resident MiB, two seconds after the last work: by then what is not needed has been given back."""
        time.sleep(2)
        status = open(f"/proc/{self.process.pid}/status").read()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def save(self, path, text):
        """Milliseconds from a write to the line that says that it is served."""
        begin = time.perf_counter()
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        self.line_with("reloaded in")
        took = time.perf_counter() - begin
        # The next save is another one.
        time.sleep(0.1)
        return took * 1e3

    def stop(self):
        self.process.terminate()
        self.process.wait()


def spread(values, digits):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree")
    parser.add_argument("--protod", default="target/release/protod")
    parser.add_argument("--protoc", default="protoc")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--swaps", type=int, default=100)
    arguments = parser.parse_args()
    protod = os.path.abspath(arguments.protod)
    protoc = os.path.abspath(arguments.protoc) if os.path.exists(arguments.protoc) else arguments.protoc

    with tempfile.TemporaryDirectory() as folder:
        tree, caches = os.path.join(folder, "tree"), os.path.join(folder, "caches")
        shutil.copytree(arguments.tree, tree)
        protos = protos_of(tree)
        size = sum(os.path.getsize(path) for path in protos)
        print(f"{len(protos)} protos, {size / 1e6:.0f} MB")
        names = os.path.join(folder, "names")
        with open(names, "w", encoding="utf-8") as file:
            file.writelines(os.path.relpath(path, tree) + "\n" for path in protos)

        programs = {
            "protoc": [protoc, "-I.", "--include_imports", "--include_source_info", "-o", "/dev/null", f"@{names}"],
            "check, from nothing": [protod, "check", ".", "--no-cache"],
            "check, from the cache": [protod, "check", ".", "--cache-dir", caches],
        }
        run(programs["check, from the cache"], tree)
        figures = {name: [] for name in programs}
        for _ in range(arguments.rounds):
            for name, command in programs.items():
                figures[name].append(run(command, tree))
        print(f"\n{'':24}{'wall, s':24}{'CPU, s':24}{'MiB':16}of protoc's wall, memory")
        base = [[one[part] for one in figures["protoc"]] for part in range(3)]
        for name, rounds in figures.items():
            wall, cpu, memory = ([one[part] for one in rounds] for part in range(3))
            ratio = statistics.median(a / b for a, b in zip(wall, base[0]))
            share = statistics.median(a / b for a, b in zip(memory, base[2]))
            print(f"{name:24}{spread(wall, 2):24}{spread(cpu, 2):24}{statistics.median(memory):<16.0f}{ratio:.3f}, {share:.2f}")

        leaf, text, method = leaf_of(tree, protos)
        rules = os.path.join(tree, "trees.rules.yaml")

        def rule(number):
            return f"rules:\n  - method: {method}\n    status: {{code: NOT_FOUND, message: number {number}}}\n"

        with open(rules, "w", encoding="utf-8") as file:
            file.write(rule(0))
        serve = [protod, "serve", tree, "--addr", "127.0.0.1:0", "--cache-dir", caches]
        print()
        for name in "from nothing", "from the cache":
            server = Server(serve)
            print(f"serve, {name}: listens after {server.start:.2f} s, at rest {server.memory():.0f} MiB")
            server.stop()
        server = Server(serve)
        print(f"\nsaves, ms; the proto is {os.path.relpath(leaf, tree)}")
        edits = {
            "the proto": lambda number: server.save(leaf, f"{text}\nmessage ProtodTrees{number} {{}}\n"),
            "the rules": lambda number: server.save(rules, rule(number + 1)),
        }
        for name, edit in edits.items():
            first = [edit(number) for number in range(10)]
            after_ten = server.memory()
            saves = first + [edit(number) for number in range(10, arguments.swaps)]
            print(
                f"{name}: {spread(saves, 0)}; at rest after 10 {after_ten:.0f} MiB, "
                f"after {len(saves)} {server.memory():.0f} MiB"
            )
        server.stop()


if __name__ == "__main__":
    main()
