"""Compares what clients were told with what is in the tables."""

import collections
import os
import threading

from psql import Lost, Psql

WAITING = ("select count(*) from {schema}.slot where seq is not null;"
           "select capacity from {schema}.about")


class Sampler(threading.Thread):
    """Asks all the time how many events wait. A database that is down is asked
    again when it is there. `parent` is this process: see psql.py."""

    def __init__(self, programs, environment, schema, pause=0.01):
        super().__init__(daemon=True)
        self.ask = lambda: Psql(programs, environment, os.getpid())
        self.question = WAITING.format(schema=schema)
        self.pause = pause
        self.samples, self.most, self.capacity = 0, 0, 0
        self.is_over = threading.Event()

    def run(self):
        while not self.is_over.is_set():
            psql = self.ask()
            try:
                while not self.is_over.wait(self.pause):
                    (waiting,), (capacity,) = psql.ask(self.question)
                    self.samples += 1
                    self.most = max(self.most, int(waiting))
                    self.capacity = int(capacity)
            except Lost:
                self.is_over.wait(0.05)
            finally:
                psql.close()

    def end(self):
        self.is_over.set()
        self.join(60)


def audit(events, psql, schema):
    """What there is of each, as numbers. In the end each event is accepted or
    certainly was not stored."""
    balances = {who: int(amount) for who, amount in
                psql.ask(f"select who, amount from {schema}.balance")}
    keys = collections.Counter(
        row[0] for row in psql.ask(f"select id from {schema}.accepted"))
    found = {"accepted": 0, "applied_once": 0, "lost": 0, "doubled": 0,
             "applied_without_202": 0, "keys_missing": 0}
    expected = collections.Counter()
    for event in events:
        found["accepted"] += event.is_accepted
        found["keys_missing"] += event.is_accepted and not keys[event.key]
        if event.is_accepted:
            expected[event.user] += event.amount
    for event in events:
        if not event.user.startswith("user-"):
            continue
        times = balances.get(event.user, 0) / event.amount
        if event.is_accepted:
            found["applied_once"] += times == 1
            found["lost"] += times == 0
            found["doubled"] += times not in (0, 1)
        else:
            found["applied_without_202"] += times != 0
    found["own_balances"] = sum(event.is_accepted and event.user.startswith(
        "user-") for event in events)
    found["sum_accepted"] = sum(expected.values())
    found["sum_applied"] = sum(balances.values())
    found["balances_wrong"] = sum(balances.get(user, 0) != amount
                                  for user, amount in expected.items())
    found["slots"] = int(psql.ask(f"select count(*) from {schema}.slot")[0][0])
    return found
