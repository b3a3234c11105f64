#!/usr/bin/env python3
"""Runs a PostgreSQL of its own, front ends and workers, until Ctrl-C.

    cluster.py BUILD [OPTION...]

What is killed is started again after a second, as a service manager would do
it. When it ends, nothing of it is left.
"""

import argparse
import os
import pathlib
import shlex
import signal
import sys
import time

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

# pylint: disable=wrong-import-position
from database import Fault, NoPostgres, Postgres
from members import Member, must_be_built

NO_POSTGRES = 77
PAUSE = 1  # seconds until something is started again
WORDS = """
Type in another terminal:
  curl -d '{{"user":"alice","action":"buy","amount":100}}' 127.0.0.1:{first}
  curl 127.0.0.1:{last}/balances
  psql -h {folder} -U thaw postgres -c 'select * from {schema}.slot limit 5'
  kill -9 {worker}
What is killed is started again. Ctrl-C ends all of it."""


class Stopped(Exception):
    """By a signal; the exit status is 0, as the servers' is."""


def say(text):
    print(text, flush=True)


def on_signal(*_):
    """A second one ends this program at once; guard.py does the rest."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(1))
    raise Stopped


class Cluster:
    def __init__(self, options, database):
        self.options, self.database = options, database
        directory = pathlib.Path(options.build).resolve() / "beyond/shared"
        common = ["--quiet", "--schema", options.schema, "--work-ms",
                  str(options.work_ms), "--start-timeout-ms", "60000"]
        self.front_ends = [Member(
            f"front end {number + 1}",
            [str(directory / "shared"), *common, "--workers", "0",
             "--capacity", str(options.capacity), "--port",
             str(options.port + number if options.port else 0)],
            database.environment()) for number in range(options.front_ends)]
        self.workers = [Member(
            f"worker {number + 1}",
            [str(directory / "shared_worker"), *common, "--workers", "1"],
            database.environment()) for number in range(options.workers)]
        self.members = self.front_ends + self.workers

    def start_member(self, member):
        member.start()
        if member.port:
            member.words[-1] = str(member.port)  # the same one the next time
        say(f"{member.name:<12} process {member.pid:>7}" +
            (f"   http://127.0.0.1:{member.port}" if member.port else ""))

    def start_database(self):
        self.database.start()
        say(f"{'database':<12} process {self.database.server.pid:>7}   "
            f"{self.database.folder}")

    def run(self):
        self.start_database()
        for member in self.members:
            self.start_member(member)
        say(WORDS.format(first=self.front_ends[0].port,
                         last=self.front_ends[-1].port,
                         folder=shlex.quote(str(self.database.folder)),
                         schema=self.options.schema,
                         worker=self.workers[0].pid if self.workers
                         else self.front_ends[-1].pid))
        while True:
            time.sleep(0.1)
            self.look()

    def look(self):
        """Starts again what has ended."""
        if self.database.server.poll() is not None:
            self.tell("database", self.database.server)
            self.start_database()
        for member in self.members:
            if member.process.poll() is not None:
                self.tell(member.name, member.process)
                self.start_member(member)

    def tell(self, name, process):
        status = process.returncode
        say(f"{name} has ended, " + (f"exit status {status}" if status >= 0
                                     else f"by signal {-status}"))
        time.sleep(PAUSE)

    def running(self):
        return [member for member in self.members if member.is_running()]

    def end(self):
        """Each server is told once: a second SIGTERM would end its work."""
        for member in self.running():
            member.process.terminate()
        patient_until = time.monotonic() + PAUSE
        while self.running() and time.monotonic() < patient_until:
            time.sleep(0.05)
        if self.running():
            say("What is in work is finished first; a second Ctrl-C ends all "
                "of it at once.")
        for member in self.members:
            if member.process:
                member.wait()
                for line in member.said.splitlines():
                    say(f"{member.name}: {line}")


def number(least, most):
    def parse(text):
        if not text.isdigit() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(
                f"expected a number from {least} to {most}, got '{text}'")
        return int(text)
    return parse


def parse_options():
    parser = argparse.ArgumentParser(
        prog="workshop cluster", description=__doc__.partition("\n\n")[0],
        usage="./workshop cluster [OPTION...]")
    parser.add_argument("build", help=argparse.SUPPRESS)
    for name, least, most, default, text in (
            ("front-ends", 1, 100, 2, "how many (2)"),
            ("workers", 0, 100, 2, "how many (2)"),
            ("port", 0, 65435, 8080, "of the first front end, and one more for "
             "each other; 0: any free ones (8080)"),
            ("work-ms", 0, 60000, 500, "for one event (500)"),
            ("capacity", 1, 100000, 100, "of the queue (100)")):
        parser.add_argument(f"--{name}", type=number(least, most), metavar="N",
                            default=default, help=text)
    parser.add_argument("--schema", default="thaw", help="of the tables (thaw)")
    return parser.parse_args()


def main():
    options = parse_options()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, on_signal)
    try:
        must_be_built(f"{options.build}/beyond/shared/shared")
        with Postgres() as database:
            cluster = Cluster(options, database)
            try:
                cluster.run()
            finally:
                cluster.end()
    except Stopped:
        return 0
    except NoPostgres as fault:
        print(f"workshop cluster: {fault}", file=sys.stderr)
        return NO_POSTGRES
    except (Fault, OSError) as fault:
        print(f"workshop cluster: {fault}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
