#!/usr/bin/env python3
"""Tests that the experiment `crash` sees each way to break a promise.

    crash.py LAB BUILD

A server that keeps its promises has one fault after the other. Prints TAP.
"""

import json
import pathlib
import sys

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
from lessons.running import lab, main, test

SERVER = str(pathlib.Path(__file__).resolve().parent / "crash_server.py")


def crash(fault, *options, status=0):
    """The row of a judgement as a stage 6, which loses all."""
    result = lab("judge", 6, "--rows", "crash", "--json", *options, "--",
                 sys.executable, SERVER, fault, "{database}", status=status)
    row, = json.loads(result.stdout)["rows"]
    assert row["result"] == ("ok" if status == 0 else "differs"), row
    return row


def sees(row, verdict):
    assert row["seen"] == verdict, row


@test
def a_server_that_keeps_its_promises_keeps_all():
    row = crash("none")
    sees(row, "keeps all")
    assert row["accepted"] >= 64, row
    assert " 0 lost, 0 doubled" in row["detail"], row


@test
def what_the_kernel_has_survives_sigkill_without_fsync():
    """Only a failure of the machine would tell the two apart."""
    sees(crash("unsynced"), "keeps all")


@test
def a_202_before_the_event_is_written_loses():
    row = crash("early")
    sees(row, "loses")
    assert "before kill " in row["detail"], row


@test
def one_lost_event_is_seen_among_all():
    row = crash("last", "--rounds", 20)
    sees(row, "loses")


@test
def a_forgotten_key_doubles():
    row = crash("forgets", status=1)
    sees(row, "doubles")
    assert " 0 lost" in row["detail"], row
    assert "Idempotency-Key" in row["likely"], row


@test
def an_event_that_is_done_again_at_the_start_doubles():
    sees(crash("twice", status=1), "doubles")


@test
def a_503_that_is_applied_is_no_rejection():
    row = crash("adds", status=1)
    sees(row, "applies a 503")


@test
def a_server_that_does_not_start_again_stays_down():
    row = crash("down", status=1)
    sees(row, "stays down")
    assert "ended with status 4 before it listened" in row["detail"], row


@test
def a_key_without_an_outcome_is_not_asked_for_ever():
    row = crash("deaf", status=1)
    sees(row, "no outcome")
    assert "the last status was 409" in row["detail"], row


@test
def a_server_that_ends_by_itself_is_not_called_killed():
    row = crash("mortal", "--rounds", 20, status=1)
    sees(row, "ended before")
    assert row["died"], row


@test
def the_same_seed_kills_at_the_same_moments():
    first, again = (crash("none", "--rounds", 4, "--seed", 11)["detail"]
                    for _ in range(2))
    assert first.endswith("seed 11"), first
    assert first.split()[:2] == again.split()[:2], (first, again)


@test
def what_a_number_may_be_is_said():
    fault = lab("try", "crash", 5, "--rounds", 0, status=2).stderr
    assert "--rounds" in fault and "1000" in fault, fault


if __name__ == "__main__":
    main(at_once=3)  # each waits most of the time
