#!/usr/bin/env python3
"""Kills a primary under load, promotes its standby by hand, and audits.

    failover.py BUILD [--asynchronous]

The standby is synchronous: a commit waits until it has the commit, too. With
--asynchronous no commit waits, and the standby is late when the primary dies.
The exit status is 1 if an accepted event is lost, 3 if it could not be found
out, and 77 if there is no PostgreSQL.
"""

import os
import pathlib
import re
import signal
import sys
import time

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

# pylint: disable=wrong-import-position
import audit
import report
import storm
from database import Fault, NoPostgres, Postgres
from members import Member, must_be_built
from psql import Lost, Psql

TROUBLE, NO_POSTGRES = 3, 77
SCHEMA = "failover"
PATIENCE = 120  # seconds
EVENTS = 200  # accepted, before and after
SENDER = ("select pid, coalesce(sync_state, '') from pg_stat_replication "
          "where state = 'streaming'")


def wait_until(what, condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise Fault(f"not within {PATIENCE} s: {what}")
        time.sleep(0.02)


def say(text):
    print(text, flush=True)


def quoted(value):
    """As libpq reads it, whatever TMPDIR is."""
    return "'" + re.sub(r"[\\']", r"\\\g<0>", value) + "'"


class Failover:
    def __init__(self, build, primary, standby):
        self.primary, self.standby = primary, standby
        directory = pathlib.Path(build).resolve() / "beyond/shared"
        hosts = quoted(f"{primary.folder},{standby.folder}")
        common = ["--quiet", "--schema", SCHEMA, "--database",
                  f"host={hosts} target_session_attrs=read-write"]
        environment = primary.environment()
        self.members = [
            Member(f"front end {number}",
                   [str(directory / "shared"), *common, "--port", "0",
                    "--workers", "0"], environment, primary.folder)
            for number in (1, 2)]
        self.storm = storm.Storm(list(self.members), 16, 0.02, 1)
        self.members.append(Member(
            "worker", [str(directory / "shared_worker"), *common, "--work-ms",
                       "0"], environment, primary.folder))

    @staticmethod
    def psql(database):
        return Psql(database.programs, database.environment(), os.getpid())

    def wait_for_events(self, count):
        wanted = self.storm.accepted() + count
        wait_until(f"{count} more events are accepted",
                   lambda: self.storm.accepted() >= wanted)

    def set_up(self, is_synchronous):
        psql = self.psql(self.primary)
        if is_synchronous:
            psql.ask("alter system set synchronous_standby_names = '*'")
            psql.ask("select pg_reload_conf()")
        state = "sync" if is_synchronous else "async"
        wait_until("the standby follows", lambda: psql.ask(SENDER) and
                   psql.ask(SENDER)[0][1] == state)
        self.sender = int(psql.ask(SENDER)[0][0])
        psql.close()
        say(f"the standby follows, pg_stat_replication says {state}")

    def run(self, is_synchronous):
        self.set_up(is_synchronous)
        for member in self.members:
            member.start()
        self.storm.start()
        self.wait_for_events(EVENTS)
        if not is_synchronous:
            os.kill(self.sender, signal.SIGSTOP)
            self.wait_for_events(EVENTS)
        self.primary.kill()
        say(f"{self.storm.accepted()} events are accepted; kill -9 of the "
            "primary")
        began = time.monotonic()
        self.standby.tool("pg_ctl", "promote", "--wait", "--pgdata",
                          str(self.standby.data))
        say("pg_ctl promote at the standby")
        self.wait_for_events(1)
        say(f"the next event is accepted {time.monotonic() - began:.1f} s "
            "after the kill")
        self.wait_for_events(EVENTS)
        return self.audit()

    def audit(self):
        if not self.storm.end(PATIENCE):
            raise Fault("clients are still in doubt")
        psql = self.psql(self.standby)
        wait_until("all events are applied", lambda: psql.ask(
            audit.WAITING.format(schema=SCHEMA))[0] == ["0"])
        found = audit.audit(self.storm.events, psql, SCHEMA)
        psql.close()
        return {**found, "capacity": 100, "most_waiting": 0, "samples": 1}

    def end(self):
        self.storm.is_over.set()
        for member in self.members:
            member.remove()


def perform(build, is_synchronous):
    with Postgres() as primary:
        primary.start()
        with Postgres(primary=primary) as standby:
            standby.start()
            failover = Failover(build, primary, standby)
            try:
                return failover.run(is_synchronous)
            finally:
                failover.end()


def main():
    words = sys.argv[1:]
    if {"-h", "--help"} & set(words):
        print(__doc__.strip())
        return 0
    if not words or words[1:] not in ([], ["--asynchronous"]):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        must_be_built(f"{words[0]}/beyond/shared/shared")
        found = perform(words[0], is_synchronous=len(words) == 1)
    except NoPostgres as fault:
        print(f"failover.py: {fault}", file=sys.stderr)
        return NO_POSTGRES
    except (Fault, Lost, OSError) as fault:
        print(f"failover.py: {fault}", file=sys.stderr)
        return TROUBLE
    say(f"{found['accepted']} accepted; of {found['own_balances']} with a "
        f"balance of their own, {found['lost']} are lost, {found['doubled']} "
        "doubled")
    faults = report.faults(found)
    for fault in faults:
        say(f"WRONG: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
