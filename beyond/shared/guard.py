#!/usr/bin/env python3
"""Makes a folder for a PostgreSQL, and removes both in the end.

    guard.py BASE

Prints the folder's path. When standard input ends, as it does when the process
at its other side ends, whatever has ended it, the processes of the PostgreSQL
in the folder are killed, and the folder is removed.
"""

import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SECONDS_MAX = 60
PROGRAMS = {"postgres", "initdb", "pg_basebackup"}
IPC_RMID = 0


def commands():
    """(pid, words) of all processes."""
    if pathlib.Path("/proc/self/cmdline").exists():
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().replace(b"\0", b" ").strip()
            except OSError:  # it has ended
                continue
            yield int(path.parent.name), os.fsdecode(words)
    else:
        done = subprocess.run(["ps", "-A", "-o", "pid=,args="], text=True,
                              capture_output=True, check=False)
        for line in done.stdout.splitlines():
            pid, _, words = line.strip().partition(" ")
            yield int(pid), words


def processes_of(folder):
    """cluster_name puts the folder's name into the title of each."""
    for pid, words in commands():
        program = words.partition(" ")[0].rstrip(":")
        if (os.path.basename(program) in PROGRAMS and folder.name in words):
            yield pid


def memory_of(folder):
    """The ids of its shared memory, which a SIGKILL leaves."""
    try:
        lines = (folder / "data/postmaster.pid").read_text().splitlines()
        return [int(lines[6].split()[1])]
    except (OSError, IndexError, ValueError):
        return []


def remove(folder):
    """Whether it is gone, and its processes are."""
    pids = list(processes_of(folder))
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    if pids:
        return False
    for memory in memory_of(folder):
        ctypes.CDLL(None).shmctl(memory, IPC_RMID, None)
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


def main():
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="thaw-pg-", dir=sys.argv[1]))
    print(folder, flush=True)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(1, 2)
    sys.stdin.buffer.read()
    end = time.monotonic() + SECONDS_MAX
    while not remove(folder) and time.monotonic() < end:
        time.sleep(0.02)


if __name__ == "__main__":
    main()
