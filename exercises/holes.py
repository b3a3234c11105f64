#!/usr/bin/env python3
"""holes.py - says which holes of the exercises are still as they were made

    holes.py STAGE    of this stage, and of those that it uses
    holes.py lab      of all of them

It prints nothing if there is none. A hole that is filled in may still have its
marks, so the text between them is compared with the starter's.
"""

import sys

import catalog
import workplace
from printable import say

OWN = ("main.c", "sketch.c")  # a later stage does not link these


def matters(path, exercise, stage):
    """Whether the program of this stage is made from the file."""
    if stage == "lab":
        return True
    if path.endswith("/sketch.c"):
        return False  # a program of its own
    return exercise.number == stage or (exercise.number < stage
                                        and not path.endswith(OWN))


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        say(__doc__.strip())
        return 0 if {"-h", "--help"} & set(sys.argv) else 2
    for exercise in catalog.exercises():
        for path in exercise.files:
            if not matters(path, exercise, sys.argv[1]):
                continue
            names = exercise.unwritten(path, workplace.content(path))
            if names:
                print(f"workshop: {path} has holes: {', '.join(names)}\n"
                      f"workshop: ours back: ./workshop reset "
                      f"{exercise.number}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
