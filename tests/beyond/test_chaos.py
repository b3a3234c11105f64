#!/usr/bin/env python3
"""Checks "lab chaos": what is shared loses nothing, and what is wrong is found.

    test_chaos.py BUILD

Prints TAP.
"""

import json
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # no caches in the source tree
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "beyond/shared")]

# pylint: disable=wrong-import-position
import guard
import members
import packages
import processes
import tap
import usage

WRONG_WORKER = ROOT / "tests/beyond/wrong_worker.py"


def command(*words):
    return [sys.executable, "-B", ROOT / "beyond/shared/chaos.py", sys.argv[1],
            *words]


def chaos(*words):
    """Its exit status, and what it found or said."""
    done = subprocess.run(command("--json", *words), text=True,
                          capture_output=True, timeout=500, check=False)
    try:
        return done.returncode, json.loads(done.stdout)
    except ValueError:
        return done.returncode, {"faults": [done.stderr]}


def has(found, words):
    return any(words in fault for fault in found["faults"])


def with_wrong_worker(order, is_seen):
    """Half of the users have one event each, which is lost or doubled; of the
    others the sum is less or more than it should be."""
    with tempfile.TemporaryDirectory() as directory:
        program = pathlib.Path(directory) / "worker"
        program.write_text("#!/bin/sh\nexec " + " ".join(map(shlex.quote, [
            sys.executable, "-B", str(WRONG_WORKER), order])) + ' "$@"\n')
        program.chmod(0o755)
        status, found = chaos("--kills", "12", "--workers", "1", "--calm-ms",
                              "200", "--worker", str(program))
    return [] if status == 1 and "lost" in found and is_seen(found) else [
        f"expected exit status 1 and this fault, got {status}: {found}"]


def nothing_is_lost_while_all_of_it_is_killed():
    status, found = chaos("--seconds", "8", "--kills", "12")
    if status != 0:
        return [str(found)]
    kinds = [kind for kind, count in found["kills"].items() if not count]
    return ([f"not killed: {kinds}"] if kinds else []) + (
        [] if found["own_balances"] == found["applied_once"] > 0
        else [str(found)])


def a_worker_that_frees_the_slot_first_loses_events():
    return with_wrong_worker(
        "frees-first", lambda found: found["lost"] > 0 or
        found["sum_applied"] < found["sum_accepted"])


def a_worker_that_frees_the_slot_last_applies_events_twice():
    return with_wrong_worker(
        "applies-first", lambda found: found["doubled"] > 0 or
        found["sum_applied"] > found["sum_accepted"])


def counting_without_a_lock_accepts_too_many():
    status, found = chaos("--admission", "count", "--kills", "3", "--clients",
                          "64", "--pause-ms", "1")
    return [] if status == 1 and has(found, "waited at once") else [
        f"expected exit status 1, got {status}: {found}"]


def a_kill_of_it_leaves_nothing():
    parent = os.getpid()
    # pylint: disable=consider-using-with
    with tempfile.TemporaryDirectory() as base:
        os.chmod(base, 0o755)
        process = subprocess.Popen(command("--seconds", "300"),
                                   env={**os.environ, "TMPDIR": base},
                                   preexec_fn=lambda: (
                                       members.end_with_parent(parent)))
        base = pathlib.Path(base)
        processes.wait_until(lambda: [*base.glob("*/worker 2.log")])
        process.send_signal(signal.SIGKILL)
        process.wait()
        processes.wait_until(lambda: not [*base.iterdir()] and not any(
            str(base) in words for _, words in guard.commands()))
    return []


def a_wrong_option_is_said():
    done = subprocess.run(command("--seconds", "x"), text=True, check=False,
                          capture_output=True)
    said = "--seconds: expected a number, 0 or more, got 'x'"
    return [] if done.returncode == 2 and said in done.stderr else [str(done)]


TESTS = [
    nothing_is_lost_while_all_of_it_is_killed,
    a_worker_that_frees_the_slot_first_loses_events,
    a_worker_that_frees_the_slot_last_applies_events_twice,
    counting_without_a_lock_accepts_too_many,
    a_kill_of_it_leaves_nothing,
    a_wrong_option_is_said,
]


def main():
    usage.show_if_asked(__doc__, 1)
    missing = packages.missing(sys.argv[1])
    if missing:
        print(f"1..0 # SKIP no {missing}: ./workshop setup beyond")
        return
    tap.report([(test.__name__.replace("_", " "), test()) for test in TESTS])


if __name__ == "__main__":
    main()
