#!/usr/bin/env python3
"""Judges an exercise: the starter, ours, other right ones, and wrong ones.

    exercises.py BUILD EXERCISE [--sanitized]

The table is in exercises/EXERCISE/exercise.json. The starter fails at its first
step, and each wrong one at the step that is about it, with the words that name
it. In a build with a sanitizer, wrong code is reported by that sanitizer, so
only the right ones are judged. Prints TAP.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # no caches in the source tree
SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(SOURCE / "tests"), str(SOURCE / "exercises")]

# pylint: disable=wrong-import-position
import catalog
import judging
import usage

usage.show_if_asked(__doc__, 2)
BUILD = pathlib.Path(sys.argv[1]).resolve()
NAME = sys.argv[2]
IS_SANITIZED = "--sanitized" in sys.argv
WRONG_MIN = 3
SKIP = "skipped"  # in the place of a fault
AT_ONCE = 10  # most of those that fail wait until they are stopped


def exercise_of(name):
    return next(one for one in catalog.exercises() if one.name == name)


def programs_of(exercise, variant):
    base = f"{exercise.name}-{variant.replace('/', '-')}"
    paths = {name: BUILD / "exercises" / f"{base}-{name}"
             for name in ("check", *judging.SANITIZERS, "server", "faulty")}
    missing = {name: "it is not built" for name in judging.SANITIZERS
               if not paths[name].exists()}
    return judging.Programs(dict(paths, lab=BUILD / "lab/lab"), missing,
                            content=exercise.variant(variant).get)


def judge(name, variant, until):
    """(name of the failing step or None, what it said), up to a step: those
    after it are not built."""
    exercise = exercise_of(name)
    exercise.variant(variant)  # does its patch apply?
    steps = exercise.steps
    if until is not None:
        steps = steps[:steps.index(exercise.step(until)) + 1]
    last = judging.judge(exercise, steps, programs_of(exercise, variant))[-1]
    wide = wide_of(last.text, exercise)
    assert not wide, f"more than 80 columns: {wide}"
    if last.kind == judging.FAILED:
        return last.step.name, " ".join(last.text.split())
    if last.kind == judging.SKIPPED and until is not None:
        return until, None  # a sanitizer that this machine does not have
    return None, ""


def wide_of(text, exercise):
    """Lines that are typed by hand. A program of this test may have a path of
    any length, and a body is one word."""
    return [line for line in text.partition("    by hand:")[2].splitlines()
            if len(line) > 80 and f"{exercise.name}-" not in line
            and not line.strip().startswith("--data '")]


def fault_of(came, step, words):
    failed, text = came
    if text is None:
        return SKIP
    if failed != step:
        return (f"wanted: {step or 'all steps'}; it failed at {failed}: {text}"
                if failed else f"wanted: it fails at {step}; it passed")
    if step is not None and (not words or words not in text):
        return f"wanted the words '{words}', came: {text}"
    return ""


def tree_fault(exercise):
    """The starter with solution.patch is the file of the tree"""
    for path in exercise.files:
        if exercise.has_starter and (
                exercise.ours(path) != (SOURCE / path).read_bytes()):
            return (f"{path} is another file than the starter with "
                    f"solution.patch. Is the exercise started? "
                    f"./workshop reset {exercise.number}")
    return ""


def patch_fault(exercise):
    """The program patch makes the same of the starter"""
    if shutil.which("patch") is None:
        return SKIP
    if not exercise.has_starter:
        return ""
    with tempfile.TemporaryDirectory(prefix="thaw-patch-") as directory:
        for path in exercise.files:
            to = pathlib.Path(directory) / path
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_bytes(exercise.starter(path))
        result = subprocess.run(
            ["patch", "-p1", "-i", exercise.directory / "solution.patch"],
            cwd=directory, capture_output=True, text=True)
        return "" if result.returncode == 0 and all(
            (pathlib.Path(directory) / path).read_bytes() == exercise.ours(path)
            for path in exercise.files) else result.stdout + result.stderr


def hole_fault(exercise):
    """Outside of the holes the starter and ours are the same"""
    if not exercise.has_starter:
        return ""
    count = 0
    for path in exercise.files:
        outside = catalog.HOLE.split(exercise.starter(path))
        count += len(outside) - 1
        pattern = b"(?:.*\n)*?".join(map(re.escape, outside))
        if not re.fullmatch(pattern, exercise.ours(path)):
            return f"{path}: ours differs outside of the holes"
    return "" if count > 0 else "there are no holes"


def warning_fault(exercise):
    """The starter compiles without a warning"""
    commands = json.loads((BUILD / "compile_commands.json").read_text("utf-8"))
    begin = f"{exercise.name}-starter-"
    found = [one for one in commands
             if pathlib.Path(one["file"]).name.startswith(begin)]
    if len({one["file"] for one in found}) < len(exercise.files):
        return "the starter is not in compile_commands.json"
    for one in found:
        words = shlex.split(one["command"])
        for option in ("-o", "-MF"):  # the build may be read-only
            if option in words:
                words[words.index(option) + 1] = os.devnull
        result = subprocess.run([*words, "-Werror"], cwd=one["directory"],
                                capture_output=True, text=True)
        if result.returncode != 0:
            return result.stderr
    return ""


def text_fault(exercise):
    """Each step has hints, and each patch is in exercise.json"""
    hints = (exercise.directory / "hints.md").read_text("utf-8")
    for step in exercise.steps:
        if exercise.has_starter and f"## {step.name} " not in hints:
            return f"hints.md: no \"## {step.name} \""
    if len(exercise.wrong) < WRONG_MIN and exercise.has_starter:
        return f"less than {WRONG_MIN} wrong solutions"
    listed = {f"{kind}/{path.stem}" for kind in ("wrong", "right")
              for path in (exercise.directory / kind).glob("*.patch")}
    unknown = listed - set(exercise.variants())
    return f"not in exercise.json: {unknown}" if unknown else ""


def checks_of(exercise):
    """(name, function that returns the fault, its arguments)"""
    first = exercise.steps[0].name
    expected = [("starter", first, exercise.first), ("solution", None, "")]
    expected += [(f"right/{name}", None, "") for name in exercise.right]
    expected += [(f"wrong/{one['patch']}", one["step"], one["words"])
                 for one in exercise.wrong]
    if IS_SANITIZED:
        expected = [row for row in expected if row[1] is None]
    return expected


def main():
    exercise = exercise_of(NAME)
    results = [(function.__doc__,
                function(exercise))
               for function in (tree_fault, patch_fault, hole_fault,
                                warning_fault, text_fault)]
    with concurrent.futures.ProcessPoolExecutor(AT_ONCE) as pool:
        rows = [(variant, step, words, pool.submit(judge, NAME, variant, step))
                for variant, step, words in checks_of(exercise)]
        for variant, step, words, future in rows:
            name = (f"{variant} passes" if step is None else
                    f"{variant} fails at {step}: {words}")
            try:
                results.append((name, fault_of(future.result(), step, words)))
            except Exception as fault:
                results.append((name, f"{type(fault).__name__}: {fault}"))
    print(f"1..{len(results)}")
    for number, (name, fault) in enumerate(results, start=1):
        is_ok = fault in ("", SKIP)
        print(f"{'ok' if is_ok else 'not ok'} {number} - {name}"
              + (" # SKIP a tool or a sanitizer is missing" if fault is SKIP
                 else ""))
        if not is_ok:
            print("\n".join(f"# {line}" for line in fault.splitlines()))


if __name__ == "__main__":
    main()
