#!/usr/bin/env python3
"""Runs a test with a PostgreSQL of its own.

    with_postgres.py PROGRAM [--tap] COMMAND [ARGUMENT...]

PROGRAM is the server that needs it. If it is not built, or this machine has no
PostgreSQL, the test is skipped, by name: the exit status is 77, or with --tap
that is what is printed. Otherwise this is beyond/shared/postgres.py COMMAND.
"""

import os
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True  # no caches in the source tree
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

# pylint: disable=wrong-import-position
import usage

SKIPPED = 77  # for meson, and from postgres.py
POSTGRES = str(ROOT / "beyond/shared/postgres.py")


def main():
    usage.show_if_asked(__doc__, 2)
    program, *command = sys.argv[1:]
    has_plan = command[0] == "--tap"
    words = [POSTGRES, *command[has_plan:]]
    if not os.path.exists(program):
        what, status = "libpq", SKIPPED
    elif has_plan:
        what, status = "PostgreSQL", subprocess.run(words).returncode
    else:
        os.execv(POSTGRES, words)
    if status != SKIPPED:
        return status
    said = f"no {what}: ./workshop setup beyond"
    print(f"1..0 # SKIP {said}" if has_plan else said)
    return 0 if has_plan else SKIPPED


if __name__ == "__main__":
    sys.exit(main())
