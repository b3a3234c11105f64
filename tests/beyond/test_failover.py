#!/usr/bin/env python3
"""Checks beyond/shared/failover.py: what a standby loses, and what it does not.

    test_failover.py BUILD

Prints TAP.
"""

import os
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True  # no caches in the source tree
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "beyond/shared")]

# pylint: disable=wrong-import-position
import database
import tap
import usage


def faults_of(wanted, words, *options):
    done = subprocess.run(
        [sys.executable, "-B", ROOT / "beyond/shared/failover.py", sys.argv[1],
         *options], text=True, capture_output=True, timeout=500, check=False)
    if done.returncode == wanted and words in done.stdout:
        return []
    return [f"expected exit status {wanted} and '{words}', got "
            f"{done.returncode}", *done.stdout.splitlines(),
            *done.stderr.splitlines()]


def main():
    usage.show_if_asked(__doc__, 1)
    missing = "" if os.path.exists(
        f"{sys.argv[1]}/beyond/shared/shared") else "libpq"
    try:
        database.programs()
    except database.NoPostgres:
        missing = "PostgreSQL"
    if missing:
        print(f"1..0 # SKIP no {missing}: ./workshop setup beyond")
        return
    tap.report([
        ("a synchronous standby has all that was accepted",
         faults_of(0, ", 0 are lost, 0 doubled")),
        ("an asynchronous standby that is late has not",
         faults_of(1, "accepted events were not applied", "--asynchronous")),
    ])


if __name__ == "__main__":
    main()
