#!/usr/bin/env python3
"""holes.py - says which holes of the exercises are still as they were made

    holes.py STAGE    of this stage, and of those that it uses
    holes.py lab      of all of them

It prints nothing if there is none. A hole that is filled in may still have its
marks, so the text between them is compared with the starter's.
"""

import re
import sys

import catalog
import workplace

OWN = ("main.c", "sketch.c")  # a later stage does not link these
NAME = re.compile(rb"--- build: (.*?) ---")


def holes(exercise, path):
    """The names of those that are as in the starter."""
    now = workplace.content(path) or b""
    if b"--- build: " not in now:
        return []
    mine = {hole[0] for hole in catalog.HOLE.finditer(now)}
    return [NAME.search(hole[0])[1].decode()
            for hole in catalog.HOLE.finditer(exercise.starter(path))
            if hole[0] in mine]


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
        print(__doc__.strip())
        return 0 if {"-h", "--help"} & set(sys.argv) else 2
    for exercise in catalog.exercises():
        if not exercise.has_starter:
            continue
        for path in exercise.files:
            if not matters(path, exercise, sys.argv[1]):
                continue
            names = holes(exercise, path)
            if names:
                print(f"workshop: {path} has holes: {', '.join(names)}\n"
                      f"workshop: ours back: ./workshop reset "
                      f"{exercise.number}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
