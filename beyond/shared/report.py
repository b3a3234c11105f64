"""What chaos.py prints."""

import sys

from storm import OUTCOMES


def progress(chaos):
    """A line that changes, for a person."""
    if sys.stderr.isatty():
        print(f"\r{sum(chaos.kills.values())} kills, "
              f"{len(chaos.storm.events):,} events, "
              f"{chaos.storm.accepted():,} accepted", end="   ",
              file=sys.stderr, flush=True)


def faults(found):
    """What must not be, as sentences."""
    wrong = [(f"{found['lost']} accepted events were not applied",
              found["lost"]),
             (f"{found['doubled']} events were applied more than once",
              found["doubled"]),
             (f"{found['applied_without_202']} events were applied that no "
              "client saw accepted", found["applied_without_202"]),
             (f"{found['keys_missing']} keys of accepted events are not in "
              "the table", found["keys_missing"]),
             (f"{found['balances_wrong']} balances differ from the accepted "
              "amounts", found["balances_wrong"]),
             (f"the sum of all balances is {found['sum_applied']}, expected "
              f"{found['sum_accepted']}",
              found["sum_applied"] != found["sum_accepted"]),
             (f"{found['most_waiting']} events waited at once, expected at "
              f"most {found['capacity']}",
              found["most_waiting"] > found["capacity"]),
             (f"the table has {found['slots']} slots, expected "
              f"{found['capacity']}", found["slots"] != found["capacity"]),
             ("no event was accepted", found["accepted"] == 0),
             ("no one asked how many events wait", found["samples"] == 0)]
    return [text for text, is_wrong in wrong if is_wrong]


def rows(title, names):
    print(f"\n{title}")
    for name, count in names:
        print(f"  {name:<30}{count:>12,}")


def table(found, wrong):
    if sys.stderr.isatty():
        print("\r" + " " * 70, end="\r", file=sys.stderr, flush=True)
    print(f"{found['events']:,} events in {found['seconds']} s, "
          f"{sum(found['kills'].values())} kills, seed {found['seed']}")
    rows("killed", found["kills"].items())
    rows("what the clients saw", [
        (name, found["outcomes"].get(name, 0)) for name in OUTCOMES])
    rows("the audit", [
        ("events accepted", found["accepted"]),
        ("with a balance of their own", found["own_balances"]),
        ("applied once", found["applied_once"]),
        ("lost", found["lost"]),
        ("doubled", found["doubled"]),
        ("applied without a 202", found["applied_without_202"]),
        ("accepted amounts", found["sum_accepted"]),
        ("sum of all balances", found["sum_applied"]),
        ("most events waiting at once", found["most_waiting"]),
        ("capacity", found["capacity"]),
    ])
    print()
    for text in wrong:
        print(f"WRONG: {text}")
    if not wrong:
        print("nothing is lost, nothing is doubled")
