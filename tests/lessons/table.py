#!/usr/bin/env python3
"""Compares a table of experiments with what is tested, and with the README.

    table.py LAB README "EXPERIMENT ..." [rude]

The table in the README is what `lab matrix --markdown` or `lab rude --markdown`
prints if all stages show what they must. Whether they do, the other tests say.
Prints TAP.
"""

import pathlib
import subprocess
import sys


def output(*command):
    return subprocess.run(command, capture_output=True, text=True,
                          check=True).stdout


def main():
    lab, readme, tested, *which = sys.argv[1:]
    names = {line for line in output(lab, "list", *which).splitlines()
             if not line.startswith(" ")}
    table = output(lab, "list", *which, "--markdown")
    faults = [
        ("every experiment is tested",
         sorted(names ^ set(tested.split()))),
        ("the README shows the table of lab list --markdown",
         [] if table in pathlib.Path(readme).read_text(encoding="utf-8")
         else table.splitlines()),
    ]
    print(f"1..{len(faults)}")
    for number, (name, fault) in enumerate(faults, start=1):
        print(f"{'not ok' if fault else 'ok'} {number} - {name}")
        for line in fault:
            print(f"# {line}")


if __name__ == "__main__":
    main()
