#!/usr/bin/env python3
"""variants.py - what meson builds for the exercises

    variants.py list                          lines for exercises/meson.build
    variants.py write EXERCISE VARIANT FILE OUTPUT
                                              one file of a variant

A variant is the starter, the solution, another right one, or a wrong one. The
lines, whose words are separated by "|":

    input|FILE                       meson looks again when it changes
    exercise|NAME|STAGE|MAIN|CHECK|SOURCES
    variant|EXERCISE|NAME|PROGRAMS|INPUT|...
                                     which of check, tsan, asan, server it
                                     needs, and the files that it is made from
"""

import pathlib
import sys

import catalog


def sources_of(exercise):
    return [path for path in exercise.files if path.endswith(".c")]


def programs_of(exercise, variant):
    """A wrong one needs no program of a step after the one that it fails at."""
    until = len(exercise.steps)
    for wrong in exercise.wrong:
        if variant == f"wrong/{wrong['patch']}":
            until = exercise.steps.index(exercise.step(wrong["step"])) + 1
    return [program for program in ("check", "tsan", "asan", "server")
            if any(step.runs(program) for step in exercise.steps[:until])
            and (variant != "starter" or program in ("check", "server"))]


def inputs_of(exercise, variant):
    if exercise.has_starter:
        yield from (exercise.directory / "starter" / path
                    for path in exercise.files)
    else:
        yield from (catalog.ROOT / path for path in exercise.files)
    if variant != "starter":
        yield exercise.directory / "solution.patch"
    if "/" in variant:
        yield exercise.directory / f"{variant}.patch"


def print_list():
    for exercise in catalog.exercises():
        print("input", exercise.directory / "exercise.json", sep="|")
        print("exercise", exercise.name, exercise.stage, exercise.main,
              "check.c" if exercise.has_check else "",
              ",".join(sources_of(exercise)), sep="|")
        for variant in exercise.variants():
            print("variant", exercise.name, variant,
                  ",".join(programs_of(exercise, variant)),
                  *inputs_of(exercise, variant), sep="|")


def write(name, variant, path, output):
    for exercise in catalog.exercises():
        if exercise.name == name:
            pathlib.Path(output).write_bytes(exercise.variant(variant)[path])


if __name__ == "__main__":
    if sys.argv[1:] == ["list"]:
        print_list()
    elif sys.argv[1:2] == ["write"] and len(sys.argv) == 6:
        write(*sys.argv[2:])
    else:
        sys.exit(__doc__)
