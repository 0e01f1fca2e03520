"""Servers as processes, for the scripts beside this file."""

import re
import subprocess
import sys
import time


def start(command, environment=None):
    """A server, its address, and the milliseconds until it listens."""
    began = time.monotonic()
    server = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    for line in server.stderr:
        if listening := re.search(r"listening on (\S+)", line):
            # What it logs from here on must not fill the pipe.
            subprocess.Popen(["cat"], stdin=server.stderr, stdout=subprocess.DEVNULL)
            return server, listening[1], (time.monotonic() - began) * 1000
    sys.exit(f"{command[0]} does not listen")


def cpu(server):
    """The CPU time of a process and its threads so far, in seconds: the clock of clock_getcpuclockid(3)."""
    return time.clock_gettime((~server.pid << 3) | 2)
