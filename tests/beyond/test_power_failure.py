#!/usr/bin/env python3
"""Tests what a power failure would leave of the servers that keep events.

    test_power_failure.py LAB BUILD

SIGKILL leaves the page cache. So between the death and the next start, the
files are made what a failure of the machine may leave (power_failure.py), and
the experiment `crash` looks for lost events and doubled ones. Prints TAP.
"""

import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import urllib.request

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
from beyond import power_failure
from lessons.running import BUILD, Skip, lab, main, test

HERE = pathlib.Path(__file__).resolve().parent
DURABLE = f"{BUILD}/beyond/durable/durable"
LIBRARY = f"{BUILD}/tests/beyond/synced.so"
FAILS = [sys.executable, str(HERE / "power_failure.py"), LIBRARY, "{database}"]
FAKE = [sys.executable, str(HERE.parent / "lessons/crash_server.py")]


def need(program):
    if not os.path.exists(LIBRARY):
        raise Skip("only on Linux, and without a sanitizer")
    if not os.path.exists(program):
        raise Skip("no SQLite: ./workshop setup beyond")


def seen_after_failures(*command):
    result = lab("judge", 6, "--rows", "crash", "--rounds", 10, "--json", "--",
                 *FAILS, *command)
    row, = json.loads(result.stdout)["rows"]
    return row["seen"], row["detail"]


@test
def what_durable_accepts_survives_a_power_failure():
    need(DURABLE)
    seen, detail = seen_after_failures(DURABLE, "--database", "{database}")
    assert seen == "keeps all", detail


@test
def what_durable_syncs_is_copied():
    """Otherwise the test above would test nothing."""
    need(DURABLE)
    with tempfile.TemporaryDirectory(prefix="thaw-power-") as directory:
        path = f"{directory}/database"
        environment, library = power_failure.preload(
            LIBRARY, os.path.realpath(directory))
        with subprocess.Popen(
                [DURABLE, "--port", "0", "--work-ms", "1", "--database", path],
                env=environment, pass_fds=(library,),
                stdout=subprocess.PIPE, text=True) as server:
            os.close(library)
            url = server.stdout.readline().split()[-1]
            opener = urllib.request.build_opener(
                urllib.request.ProxyHandler({}))
            opener.open(url, b'{"user": "zoe-of-power", "action": "buy", '
                        b'"amount": 1}', timeout=60).close()
            wal = pathlib.Path(f"{path}-wal.synced").read_bytes()
            server.kill()
            server.communicate()
    assert b"zoe-of-power" in wal, len(wal)


@test
def fsync_before_the_202_keeps_all():
    need(FAKE[0])
    seen, detail = seen_after_failures(*FAKE, "none", "{database}")
    assert seen == "keeps all", detail


@test
def a_202_before_fsync_loses():
    """SIGKILL alone does not show that: see tests/lessons/crash.py."""
    need(FAKE[0])
    seen, detail = seen_after_failures(*FAKE, "unsynced", "{database}")
    assert seen == "loses", detail


@test
def what_was_synced_is_in_the_file_whatever_came_since():
    synced, written = b"s" * 700, b"s" * 700 + b"w" * 900
    for seed in range(200):
        choose = random.Random(seed).choice
        mixed = power_failure.mix(synced, written, choose)
        assert mixed[:700] == synced, seed
        assert len(mixed) in (700, 1600), len(mixed)
        assert set(mixed[700:]) <= set(b"w\0"), seed


@test
def a_sector_is_there_as_a_whole_or_not_at_all():
    old, new = b"o" * 2048, b"n" * 2048
    mixes = {power_failure.mix(old, new, random.Random(seed).choice)
             for seed in range(200)}
    sectors = {mixed[at:at + 512] for mixed in mixes
               for at in range(0, 2048, 512)}
    assert sectors == {b"o" * 512, b"n" * 512}, sectors
    assert len(mixes) == 16, len(mixes)


if __name__ == "__main__":
    main(at_once=2)
