"""Runs a command whose stderr is a terminal, and prints what it says there, a line for each time that the cursor returns."""

import os
import pty
import subprocess
import sys

ours, theirs = pty.openpty()
command = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs)
os.close(theirs)
try:
    while said := os.read(ours, 4096):
        os.write(1, said.replace(b"\r", b"\n"))
except OSError:
    # How Linux tells that the other side has closed.
    pass
sys.exit(command.wait())
