#!/usr/bin/env python3
"""What group commit gains, in one run, as ratios.

    durable.py BUILD [--rounds N] [--seconds N] [--directory PATH] [--json]

In each round, one after the other, in the same directory:

  fdatasync    write a page and fdatasync it, as often as possible
  one by one   accept an event in a transaction of its own, with SQLite, in WAL
               mode and with synchronous = FULL
  durable N    N clients that send one event after the other to `durable`, with
               64 workers and no work: the events that it accepted and applied

The ratios are those within a round; the table has their medians. With --json,
prints what was counted. Exits 1 where a goal is not reached.
"""

import argparse
import json
import os
import pathlib
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # no caches in the source tree

CLIENTS = (1, 16, 64)
PAGE = b"x" * 4096
GOALS = (("durable 64", "fdatasync", 8), ("durable 64", "one by one", 8))


def rate(seconds, act):
    """Calls act() for so long. Returns calls per second."""
    count = 0
    start = time.perf_counter()
    while time.perf_counter() - start < seconds:
        act()
        count += 1
    return count / (time.perf_counter() - start)


def bare(directory, seconds):
    file = os.open(f"{directory}/page", os.O_RDWR | os.O_CREAT, 0o600)
    sync = getattr(os, "fdatasync", os.fsync)

    def act():
        os.pwrite(file, PAGE, 0)
        sync(file)
    try:
        return rate(seconds, act)
    finally:
        os.close(file)


def one_by_one(directory, seconds):
    database = sqlite3.connect(f"{directory}/one.db", isolation_level=None)
    database.executescript(
        "pragma locking_mode = exclusive; pragma journal_mode = wal;"
        "pragma synchronous = full; create table if not exists"
        " events(id integer primary key, user, action, amount)")

    def act():
        database.execute("insert into events(user, action, amount)"
                         " values('alice', 'buy', 100)")
    try:
        return rate(seconds, act)
    finally:
        database.close()


class Server:
    def __init__(self, build, directory):
        self.lab = f"{build}/lab/lab"
        self.process = subprocess.Popen(
            [f"{build}/beyond/durable/durable", "--port", "0", "--quiet",
             "--work-ms", "0", "--workers", "64", "--capacity", "1000",
             "--database", f"{directory}/durable.db"],
            stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.port = line.strip().rpartition(":")[2]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def rate(self, clients, seconds):
        result = subprocess.run(
            [self.lab, "load", self.port, "--clients", str(clients),
             "--seconds", str(seconds), "--users", "40", "--json"],
            capture_output=True, text=True, check=True)
        load = json.loads(result.stdout)
        return load["accepted"] / load["seconds"]


def processor_time():
    """Of all processors: busy, and in all. A zero where there is no /proc."""
    try:
        first = pathlib.Path("/proc/stat").read_text().splitlines()[0]
    except OSError:
        return 0, 0
    times = [int(word) for word in first.split()[1:9]]
    return sum(times) - times[3] - times[4], sum(times)  # idle, iowait


def measure(build, directory, seconds):
    """One round: what was measured, per second."""
    found = {"fdatasync": bare(directory, seconds),
             "one by one": one_by_one(directory, seconds)}
    with Server(build, directory) as server:
        for clients in CLIENTS:
            before = processor_time()
            found[f"durable {clients}"] = server.rate(clients, seconds)
    busy, whole = (end - start for start, end in
                   zip(before, processor_time()))
    return found, busy / whole if whole else 0


def ratio(rounds, name, other):
    return statistics.median(found[name] / found[other] for found in rounds)


def print_table(rounds, busy):
    print(f"{'':<12} {'per second':>10} {'/ fdatasync':>12} "
          f"{'/ one by one':>13}")
    for name in rounds[0]:
        print(f"{name:<12} "
              f"{statistics.median(found[name] for found in rounds):>10.0f} "
              f"{ratio(rounds, name, 'fdatasync'):>12.2f} "
              f"{ratio(rounds, name, 'one by one'):>13.2f}")
    print(f"processors busy with {CLIENTS[-1]} clients: "
          f"{100 * statistics.median(busy):.0f} %")
    for name, other, goal in GOALS:
        found = ratio(rounds, name, other)
        print(f"{name} / {other}: {found:.2f}, goal {goal}: "
              f"{'reached' if found >= goal else 'not reached'}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--directory", help="on the disk to measure (.)",
                        default=".")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rounds, busy = [], []
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(dir=options.directory) as directory:
            found, share = measure(options.build.resolve(), directory,
                                   options.seconds)
            rounds.append(found)
            busy.append(share)
    if options.json:
        print(json.dumps(rounds, indent=1))
    else:
        print_table(rounds, busy)
    return any(ratio(rounds, name, other) < goal
               for name, other, goal in GOALS)


if __name__ == "__main__":
    sys.exit(main())
