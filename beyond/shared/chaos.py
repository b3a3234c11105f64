#!/usr/bin/env python3
"""Kills front ends, workers and the database in a storm of clients; and audits.

    chaos.py BUILD [OPTION...]

The clients repeat what is in doubt, with the same Idempotency-Key. In the end,
each event that a client saw accepted must be applied exactly once. The exit
status is 1 if that is not so, 3 if it could not be found out, and 77 if there
is no PostgreSQL.
"""

import json
import os
import pathlib
import random
import signal
import sys
import time

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

# pylint: disable=wrong-import-position
import audit
import chaos_options
import report
import storm
from database import Fault, NoPostgres, Postgres
from members import Member, must_be_built
from psql import Lost, Psql

TROUBLE, NO_POSTGRES = 3, 77
SCHEMA = "chaos"
PATIENCE = 120  # seconds until something goes on after a kill
CLIENTS = ("select pid from pg_stat_activity where backend_type = "
           "'client backend' and pid <> pg_backend_pid() "
           "order by random() limit 1")


class Broken(Exception):
    """What a server must not do."""


class Chaos:
    def __init__(self, options, database):
        self.options, self.database = options, database
        self.choose = random.Random(options.seed)
        self.kills = dict.fromkeys(self.kinds(), 0)
        shared = ["--quiet", "--schema", SCHEMA, "--start-timeout-ms", "60000"]
        self.front_ends = [self.member(
            f"front end {number}", options.front_end, *shared, "--port", "0",
            "--workers", "0", "--connections", "4", "--capacity",
            str(options.capacity), "--admission", options.admission)
            for number in range(1, options.front_ends + 1)]
        self.workers = [self.member(
            f"worker {number}", options.worker, *shared, "--workers", "2",
            "--work-ms", str(options.work_ms))
            for number in range(1, options.workers + 1)]
        self.storm = storm.Storm(self.front_ends, options.clients,
                                 options.pause_ms / 1000, options.seed)
        self.sampler = audit.Sampler(database.programs, database.environment(),
                                     SCHEMA)

    def member(self, name, *words):
        return Member(name, list(words), self.database.environment(),
                      self.database.folder)

    def psql(self):
        """Waits for a database that still recovers from the last kill."""
        end = time.monotonic() + PATIENCE
        while True:
            psql = Psql(self.database.programs, self.database.environment(),
                        os.getpid())
            try:
                psql.ask("select 1")
                return psql
            except Lost:
                psql.close()
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)

    # --- Kills ---------------------------------------------------------------

    def kinds(self):
        return {"front end": self.kill_front_end, "worker": self.kill_worker,
                "all workers": self.kill_workers,
                "connection's process": self.kill_backend,
                "postmaster": self.kill_postmaster,
                "stop -m immediate": self.stop_database}

    def kill_some(self, members, seconds_max):
        for member in members:
            member.kill()
        time.sleep(self.choose.uniform(0, seconds_max))
        for member in members:
            member.start()

    def kill_front_end(self):
        self.kill_some([self.choose.choice(self.front_ends)], 0.3)

    def kill_worker(self):
        self.kill_some([self.choose.choice(self.workers)], 0.3)

    def kill_workers(self):
        self.kill_some(self.workers, 1)

    def kill_backend(self):
        """PostgreSQL then ends all others too, and recovers by itself."""
        psql = self.psql()
        end = time.monotonic() + PATIENCE
        found = psql.ask(CLIENTS)
        while not found and time.monotonic() < end:
            time.sleep(0.02)
            found = psql.ask(CLIENTS)
        psql.close()
        if not found:
            raise Fault("found no connection to kill")
        try:
            os.kill(int(found[0][0]), signal.SIGKILL)
        except ProcessLookupError:
            pass  # it has ended by itself

    def kill_postmaster(self):
        self.without_database(self.database.kill)

    def stop_database(self):
        self.without_database(lambda: self.database.stop("immediate"))

    def without_database(self, end):
        """At times a front end or a worker dies while there is none."""
        others = self.choose.sample(self.front_ends + self.workers,
                                    self.choose.choice([0, 0, 1, 2]))
        end()
        for member in others:
            member.kill()
        time.sleep(self.choose.uniform(0, 0.5))
        self.database.start()
        for member in others:
            member.start()

    # --- A run ---------------------------------------------------------------

    def is_done(self):
        options = self.options
        return (time.monotonic() - self.since >= options.seconds and
                len(self.storm.events) >= options.events and
                sum(self.kills.values()) >= options.kills)

    def run(self):
        self.since = time.monotonic()
        for member in self.front_ends + self.workers:
            member.start()
        self.storm.start()
        self.sampler.start()
        kinds = []
        while not self.is_done():
            if not kinds:
                kinds = self.choose.sample(list(self.kills), len(self.kills))
            kind = kinds.pop()
            self.check(f"before {kind}")
            time.sleep(self.choose.uniform(0, self.options.calm_ms / 500))
            self.kinds()[kind]()
            self.kills[kind] += 1
            report.progress(self)
        return self.finish()

    def check(self, when):
        """Between two kills all goes on, and none ends that was not killed."""
        self.check_responses()
        if not self.storm.sees_progress(PATIENCE):
            raise Broken(f"no event was accepted for {PATIENCE} s, {when}")
        for member in self.front_ends + self.workers:
            if member.process.poll() is not None:
                raise Broken(member.ended())

    def check_responses(self):
        unexpected = set(self.storm.outcomes) - set(storm.OUTCOMES)
        if unexpected:
            raise Broken(f"unexpected response: {', '.join(unexpected)}")

    def finish(self):
        """What was found, for the report."""
        seconds = time.monotonic() - self.since
        if not self.storm.end(PATIENCE):
            raise Broken(f"clients are still in doubt after {PATIENCE} s in "
                         "which all was running")
        self.check_responses()
        psql = self.psql()
        self.wait_until_applied(psql)
        self.sampler.end()
        for member in self.front_ends + self.workers:
            status = member.end()
            if status != 0:
                raise Broken(f"{member.name}: exit status {status} after "
                             "SIGTERM, expected 0")
        found = audit.audit(self.storm.events, psql, SCHEMA)
        psql.close()
        return {"seed": self.options.seed, "seconds": round(seconds, 1),
                "events": len(self.storm.events), "kills": self.kills,
                "outcomes": dict(self.storm.outcomes), **found,
                "most_waiting": self.sampler.most,
                "samples": self.sampler.samples,
                "capacity": self.sampler.capacity}

    def wait_until_applied(self, psql):
        end = time.monotonic() + PATIENCE
        while psql.ask(audit.WAITING.format(schema=SCHEMA))[0] != ["0"]:
            if time.monotonic() > end:
                raise Broken(f"events still wait after {PATIENCE} s in which "
                             "the workers were running")
            time.sleep(0.05)

    def end(self):
        self.storm.is_over.set()
        self.sampler.is_over.set()
        for member in self.front_ends + self.workers:
            member.remove()


def perform(options):
    with Postgres() as database:
        database.start()
        chaos = Chaos(options, database)
        try:
            return chaos.run()
        finally:
            chaos.end()


def main():
    options = chaos_options.parse(__doc__.partition("\n\n")[0])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        must_be_built(options.front_end)
        found = perform(options)
    except NoPostgres as fault:
        print(f"lab chaos: {fault}", file=sys.stderr)
        return NO_POSTGRES
    except (Fault, Lost, OSError) as fault:
        print(f"lab chaos: {fault}\n(seed {options.seed})", file=sys.stderr)
        return TROUBLE
    except Broken as fault:
        print(f"lab chaos: {fault}\n(seed {options.seed})", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    faults = report.faults(found)
    if options.json:
        print(json.dumps({**found, "faults": faults}))
    else:
        report.table(found, faults)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
