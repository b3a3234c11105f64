#!/usr/bin/env python3
"""Compares a table of experiments with what is tested, and with the README.

    table.py LAB README "EXPERIMENT ..." "EXPERIMENT ..." [rude]

The experiments are those with tests, for the stages and for the sketch. The
tables in the README are what `lab matrix --markdown` or `lab rude --markdown`
prints if all servers show what they must. Whether they do, the other tests say.
Prints TAP.
"""

import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import tap
import usage


def output(*command):
    return subprocess.run(command, capture_output=True, text=True,
                          check=True).stdout


def main():
    usage.show_if_asked(__doc__, 4)
    lab, readme, tested, tested_sketch, *which = sys.argv[1:]
    text = pathlib.Path(readme).read_text(encoding="utf-8")

    def untested(names, *servers):
        listed = {line for line in
                  output(lab, "list", *which, *servers).splitlines()
                  if line and not line.startswith(" ")}
        return sorted(listed ^ set(names.split()))

    def missing(*servers):
        table = output(lab, "list", *which, *servers, "--markdown")
        return [] if table in text else table.splitlines()

    faults = [
        ("every experiment is tested", untested(tested)),
        ("every experiment with the sketch is tested",
         untested(tested_sketch, "sketch")),
        ("the README shows the table of lab list --markdown", missing()),
        ("the README shows the table of lab list 2 sketch --markdown",
         missing("2", "sketch")),
    ]
    tap.report(faults)


if __name__ == "__main__":
    main()
