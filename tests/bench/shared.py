#!/usr/bin/env python3
"""How many events per second `shared` accepts and applies.

    shared.py BUILD [SECONDS]

Starts a PostgreSQL, a front end with four workers and no simulated work, and
`lab load` with 64 clients and 64 users, for 10 seconds. The end is when all
that was accepted is applied. Prints the rate, and who used the processors
meanwhile, per event: if all of them are busy, that is the reason for the rate;
if not, it is the disk.
"""

import json
import os
import pathlib
import subprocess
import sys
import time

sys.dont_write_bytecode = True  # no caches in the source tree
ROOT = pathlib.Path(__file__).resolve().parents[2]
for folder in ("tests", "tests/beyond", "beyond/shared"):
    sys.path.insert(0, str(ROOT / folder))

# pylint: disable=wrong-import-position
import database as own
import usage
from shared_server import PROGRAMS, Client, Database, Program, wait_until

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        try:
            stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
        except OSError:  # it has ended
            continue
        fields = stat.rpartition(")")[2].split()
        # With children that have ended and were waited for.
        total += sum(int(field) for field in fields[11:15])
    return total / TICKS


def processes_of(folder):
    """PostgreSQL's: its folder is in the title of each."""
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if folder.name.encode() in path.read_bytes():
                yield path.parent.name
        except OSError:
            pass


def machine():
    """(busy, all) seconds of all processors so far."""
    words = pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9]
    times = [int(word) / TICKS for word in words]
    return sum(times) - times[3] - times[4], sum(times)


def load(build, port, seconds):
    done = subprocess.run(
        [build / "lab/lab", "load", "--clients", "64", "--users", "64",
         "--seconds", str(seconds), "--json", str(port)],
        check=True, text=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def main():
    usage.show_if_asked(__doc__, 1)
    build = pathlib.Path(sys.argv[1]).resolve()
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    PROGRAMS["shared"] = str(build / "beyond/shared/shared")
    with own.Postgres() as server:
        server.start()
        with Program(Database(server), "shared", "--port", "0", "--quiet",
                     "--work-ms", "0") as program:
            client = Client(program)
            client.get("/health")
            start, before = time.monotonic(), machine()
            seen = load(build, client.port, seconds)
            wait_until(lambda: client.metric("thaw_events_accepted_total") ==
                       client.metric("thaw_events_done_total"), "all applied")
            took, after = time.monotonic() - start, machine()
            applied = client.metric("thaw_events_done_total")
            used = {
                "front end and workers": cpu_seconds([program.process.pid]),
                "PostgreSQL": cpu_seconds(processes_of(server.folder)),
            }
    print(f"accepted and applied  {applied / took:.0f} per second")
    print(f"rejected              {seen['rejected']} of {seen['responses']}")
    for name, spent in used.items():
        print(f"{name:21} {1e6 * spent / applied:.0f} us of CPU per event")
    busy = (after[0] - before[0]) / (after[1] - before[1])
    print(f"the processors        {100 * busy:.0f} % busy, with all else that "
          "runs")


if __name__ == "__main__":
    sys.exit(main())
