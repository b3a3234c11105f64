#!/usr/bin/env python3
"""A worker that is wrong: it frees a slot and changes the balance in two
transactions. If it is killed between them, the event is lost or doubled.

    wrong_worker.py frees-first|applies-first [OPTION...]

Its place is that of shared_worker in "lab chaos --worker".
"""

import os
import pathlib
import signal
import sys
import time

sys.dont_write_bytecode = True  # no caches in the source tree
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "beyond/shared")]

# pylint: disable=wrong-import-position
import database
import psql
import usage

PAUSE = 0.02  # seconds, between the two transactions
NEXT = ("select n, who, amount from slot where seq is not null "
        "order by seq limit 1")
FREE = "update slot set seq = null where n = {0}"
APPLY = ("insert into balance values ('{1}', {2}) on conflict (who) "
         "do update set amount = balance.amount + excluded.amount")


def work(session, steps):
    while True:
        jobs = session.ask(NEXT)
        for job in jobs:
            session.ask(steps[0].format(*job))
            time.sleep(PAUSE)
            session.ask(steps[1].format(*job))
        if not jobs:
            time.sleep(0.005)


def main():
    usage.show_if_asked(__doc__, 1)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    steps = [FREE, APPLY] if sys.argv[1] == "frees-first" else [APPLY, FREE]
    schema = sys.argv[sys.argv.index("--schema") + 1]
    print("a wrong worker", flush=True)
    while True:
        session = psql.Psql(database.programs(), os.environ, os.getpid())
        try:
            session.ask(f"set search_path to {schema}")
            work(session, steps)
        except psql.Lost:
            time.sleep(0.05)
        finally:
            session.close()


if __name__ == "__main__":
    main()
