#!/usr/bin/env python3
"""Judges a server of ours as itself, as if the lab did not know it.

    judged.py LAB PROGRAM STAGE [OPTION...]

PROGRAM starts with these options. All rows are as the table has them, none is
skipped, and without a STAGE the lab finds out which one it is. Prints TAP.
"""

import concurrent.futures
import json
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import tap
import usage

usage.show_if_asked(__doc__, 3)
LAB, PROGRAM, STAGE, *OPTIONS = sys.argv[1:]
ECHOES = {"responses", "events", "echo", "restart"}
LOOP = {"keep-alive"}
WORKS = {"responses", "events", "restart", "keep-alive", "metrics", "work",
         "gate", "balances", "lines"}
HAS = {"1": ECHOES, "2": ECHOES | LOOP,
       "3": {"responses", "events", "restart", "keep-alive", "metrics",
             "early responses"},
       "4": WORKS}
HAS = HAS.get(STAGE, WORKS | {"early responses"})
ALL = WORKS | ECHOES | {"early responses", "trace"}


def judge(*words):
    result = subprocess.run([LAB, "judge", *words, "--json", "--work-ms", "200",
                             "--", PROGRAM, *OPTIONS],
                            capture_output=True, text=True, timeout=250)
    return result.returncode, json.loads(result.stdout)


def main():
    if not pathlib.Path(PROGRAM).exists():
        print(f"1..0 # SKIP {STAGE} is not built: ./workshop setup beyond")
        return
    with concurrent.futures.ThreadPoolExecutor() as threads:
        as_itself, as_any = threads.submit(judge, STAGE), threads.submit(judge)
    status, found = as_itself.result()
    others = [row for row in found["rows"] if row["result"] != "ok"]
    likely, guessed = as_any.result()
    # Of an echo, a gate is not looked for.
    lacks = ALL - HAS - ({"gate"} if "echo" in HAS else set())
    results = [
        ("all rows are as the table has them", others),
        ("the exit status is 0", [] if status == 0 else [status]),
        ("what it has is found", sorted(HAS ^ found["has"].keys())),
        ("what it lacks is told", sorted(lacks ^ found["lacks"].keys())),
        ("it is most like itself",
         [] if guessed["as"] == pathlib.Path(PROGRAM).name and likely == 0
         else [likely, guessed["likeness"], guessed["likeness_beyond"]]),
    ]
    tap.report(results)


if __name__ == "__main__":
    main()
