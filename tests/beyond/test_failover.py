#!/usr/bin/env python3
"""Checks beyond/shared/failover.py: what a standby loses, and what it does not.

    test_failover.py BUILD

Prints TAP.
"""

import http.client
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # no caches in the source tree
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "beyond/shared")]

# pylint: disable=wrong-import-position
import database
import members
import packages
import psql
import tap
import usage


def faults_of(wanted, words, *options):
    with tempfile.TemporaryDirectory(prefix="it's a ") as folder:
        os.chmod(folder, 0o777)
        done = subprocess.run(
            [sys.executable, "-B", ROOT / "beyond/shared/failover.py",
             sys.argv[1], *options], text=True, capture_output=True,
            timeout=500, check=False, env={**os.environ, "TMPDIR": folder})
    if done.returncode == wanted and words in done.stdout:
        return []
    return [f"expected exit status {wanted} and '{words}', got "
            f"{done.returncode}", *done.stdout.splitlines(),
            *done.stderr.splitlines()]


def wait_until(server, statement):
    end = time.monotonic() + 60
    while not server.ask(statement):
        if time.monotonic() > end:
            raise database.Fault(f"no row after 60 s: {statement}")
        time.sleep(0.02)


def status_of_an_offer(front_end):
    client = http.client.HTTPConnection(front_end.host, front_end.port,
                                        timeout=60)
    client.request("POST", "/", '{"user":"a","action":"buy","amount":1}',
                   {"Idempotency-Key": '"one"'})
    status = client.getresponse().status
    client.close()
    return status


def faults_of_a_repeated_offer():
    """Its commit waits for a standby that is gone. When the session ends that
    waits, the row is visible; but it is on one disk only."""
    with database.Postgres() as primary:
        primary.start()
        server = psql.Psql(primary.programs, primary.environment(), os.getpid())
        front_end = members.Member(
            "front end", [f"{sys.argv[1]}/beyond/shared/shared", "--quiet",
                          "--port", "0", "--workers", "0",
                          "--offer-timeout-ms", "500"],
            primary.environment(), primary.folder)
        front_end.start()
        try:
            server.ask("alter system set synchronous_standby_names = '*'")
            server.ask("select pg_reload_conf()")
            wait_until(server, "select 1 from pg_settings where setting = '*' "
                       "and name = 'synchronous_standby_names'")
            statuses = [status_of_an_offer(front_end)]
            server.ask("select pg_terminate_backend(pid) from pg_stat_activity "
                       "where wait_event = 'SyncRep'")
            wait_until(server, "select 1 from thaw.accepted")
            while (status := status_of_an_offer(front_end)) == 503:
                time.sleep(0.02)
            statuses.append(status)
        finally:
            front_end.remove()
            server.close()
    return ([] if statuses == [504, 504] else
            [f"expected two 504, without a standby; got {statuses}"])


def main():
    usage.show_if_asked(__doc__, 1)
    missing = packages.missing(sys.argv[1])
    if missing:
        print(f"1..0 # SKIP no {missing}: ./workshop setup beyond")
        return
    tap.report([
        ("a synchronous standby has all that was accepted",
         faults_of(0, ", 0 are lost, 0 doubled")),
        ("an asynchronous standby that is late has not",
         faults_of(1, "accepted events were not applied", "--asynchronous")),
        ("a repeated offer waits for a synchronous standby, too",
         faults_of_a_repeated_offer()),
    ])


if __name__ == "__main__":
    main()
