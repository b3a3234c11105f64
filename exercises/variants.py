#!/usr/bin/env python3
"""variants.py - what meson builds for the exercises

    variants.py list                      lines for exercises/meson.build
    variants.py write EXERCISE DIRECTORY  the files of all its variants

A variant is the starter, the solution, another right one, or a wrong one. The
lines, whose words are separated by "|":

    input|FILE              meson looks again when it changes
    exercise|NAME|STAGE|MAIN|CHECK,...|SOURCE,...
    inputs|FILE|...         what all variants come from
    outputs|FILE|...        their files, variant by variant
    variant|NAME|KIND|PROGRAM,...
                            which of check, tsan, asan, server, faulty it needs
"""

import pathlib
import sys

import catalog
import patches


def sources_of(exercise):
    return [path for path in exercise.files if path.endswith(".c")]


def programs_of(exercise, variant):
    """A wrong one needs no program of a step after the one that it fails at."""
    until = len(exercise.steps)
    for wrong in exercise.wrong:
        if variant == f"wrong/{wrong['patch']}":
            until = exercise.steps.index(exercise.step(wrong["step"])) + 1
    return [program for program in ("check", "tsan", "asan", "server", "faulty")
            if any(step.runs(program) for step in exercise.steps[:until])
            and (variant != "starter" or program in ("check", "server"))]


def inputs_of(exercise):
    """All files that a variant is made from."""
    begin = exercise.directory / "starter" if exercise.has_starter else (
        catalog.ROOT)
    yield from (begin / path for path in exercise.files)
    yield exercise.directory / "solution.patch"
    yield from (exercise.directory / f"{variant}.patch"
                for variant in exercise.variants() if "/" in variant)


def name_of(exercise, variant):
    return f"{exercise.name}-{variant.replace('/', '-')}"


def output_of(exercise, variant, path):
    return f"{name_of(exercise, variant)}-{pathlib.Path(path).name}"


def print_list():
    for exercise in catalog.exercises():
        print("input", exercise.directory / "exercise.json", sep="|")
        if exercise.in_tree:
            continue
        print("exercise", exercise.name, exercise.stage, exercise.main,
              ",".join(exercise.checks),
              ",".join(sources_of(exercise)), sep="|")
        print("inputs", *inputs_of(exercise), sep="|")
        print("outputs", *(output_of(exercise, variant, path)
                           for variant in exercise.variants()
                           for path in sources_of(exercise)), sep="|")
        for variant in exercise.variants():
            print("variant", name_of(exercise, variant),
                  variant.partition("/")[0],
                  ",".join(programs_of(exercise, variant)), sep="|")


def files_of(exercise, variant):
    """The starter, which fails, in the place of a patch that does not apply:
    the other tests are built all the same, and that of this exercise says it.
    """
    try:
        return exercise.variant(variant)
    except patches.DoesNotApply:
        return exercise.variant("starter")


def write(name, directory):
    exercise = next(one for one in catalog.exercises() if one.name == name)
    for variant in exercise.variants():
        files = files_of(exercise, variant)
        for path in sources_of(exercise):
            to = pathlib.Path(directory) / output_of(exercise, variant, path)
            if not to.exists() or to.read_bytes() != files[path]:
                to.write_bytes(files[path])


if __name__ == "__main__":
    if sys.argv[1:] == ["list"]:
        print_list()
    elif sys.argv[1:2] == ["write"] and len(sys.argv) == 4:
        write(*sys.argv[2:])
    else:
        sys.exit(__doc__)
