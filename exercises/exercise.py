#!/usr/bin/env python3
"""Usage: ./workshop COMMAND ...

  ./workshop start N            put the file with holes of exercise N in place
  ./workshop check N            build it, and run its steps up to the first
                                that fails; a step alone: check 5.3; from a
                                step on: check 5 --from 5.3; for a gradebook,
                                all steps: --json, --junit FILE
  ./workshop hint N             the next hint for the step that failed last;
                                for another one: hint 5.3
  ./workshop solution N         the difference from your file to ours
  ./workshop reset N            put our file back
  ./workshop progress           which steps pass, and how many hints you saw

Your file is never lost: start and reset keep a copy of it in exercises/copies/.
check exits with 0 when all steps pass, 1 when one fails, 2 when the command is
wrong, and 3 when something of ours or of this machine is.
"""

import difflib
import os
import re
import signal
import sys
import textwrap

import building
import catalog
import grading
import judging
import patches
import questions
import workplace
from catalog import ROOT
from printable import printable
from printable import say as print_text


class Wrong(Exception):
    """The command is wrong: the text says what is missing."""


quiet = False  # with --json, only that is printed


def say(text=""):
    if not quiet:
        print_text(text)


def wrapped(*parts, indent=""):
    return textwrap.fill("".join(parts), width=80, initial_indent=indent,
                         subsequent_indent=indent, break_long_words=False,
                         break_on_hyphens=False)


def listed(names):
    return names[0] if len(names) == 1 else (
        ", ".join(names[:-1]) + " and " + names[-1])


def numbers_of(exercises):
    main = [one.number for one in exercises if one.number.isdigit()]
    more = sorted([one.number for one in exercises
                   if not one.number.isdigit()] + list(questions.questions()))
    return (f"{main[0]} to {main[-1]}" if len(main) == int(main[-1]) else
            ", ".join(main)) + "".join(f", {number}" for number in more)


def find(command, words, may_be_step=True):
    """(exercise, step or None) of the word after the command."""
    known = catalog.exercises()
    if not words:
        raise Wrong(f"expected an exercise: {numbers_of(known)}")
    if len(words) > 1:
        raise Wrong(f"expected one exercise, got '{' '.join(words)}'")
    try:
        exercise, step = catalog.find(words[0])
    except catalog.Unknown as fault:
        if "has no step" in str(fault):
            raise Wrong(str(fault)) from fault
        raise Wrong(f"expected an exercise: {numbers_of(known)}; got "
                    f"'{words[0]}'") from fault
    if step is not None and not may_be_step:
        raise Wrong(f"{command} takes a whole exercise: "
                    f"./workshop {command} {exercise.number}")
    return exercise, step


def tell_copies(copies):
    for path, to in copies.items():
        say(f"{path} was changed: a copy of it is in {to}")


# --- start, reset, solution -------------------------------------------------

def start(words):
    exercise, _ = find("start", words, may_be_step=False)
    say(f"exercise {exercise.number}: {exercise.title}")
    say(wrapped(exercise.goal))
    say()
    if exercise.has_starter:
        copies, replaced = workplace.put(exercise, {
            path: exercise.starter(path) for path in exercise.files})
        tell_copies(copies)
        if not replaced:
            say("It is started already, and nothing is written yet.")
        elif not copies:
            notes = workplace.Notes()
            notes.of(exercise).update(passed=[], skipped=[], stopped=None)
            notes.save()
    for path in exercise.files:
        say(f"Write, in {path}:")
        found = catalog.lines_of(workplace.content(path) or b"", exercise.write)
        for name in exercise.write:
            if name in found:
                say(f"    line {found[name]:<4} {name}")
    say(wrapped("What each one promises is in the comment above it. Read "
                if exercise.has_starter else "Read ", exercise.read, "."))
    say(f"""
Next:
    ./workshop check {exercise.number}
    ./workshop hint {exercise.number}""")
    return 0


def reset(words):
    exercise, _ = find("reset", words, may_be_step=False)
    copies, replaced = workplace.put(exercise, {
        path: exercise.ours(path) for path in exercise.files})
    tell_copies(copies)
    say(f"{listed(exercise.files)}: ours {'again' if replaced else 'already'}.")
    if replaced:
        say("./workshop run and ./workshop lab build it; build/lab/lab does "
            "not.")
    return 0


def solution(words):
    exercise, _ = find("solution", words, may_be_step=False)
    ours = exercise.solution()
    is_different = False
    for path in exercise.files:
        mine = (workplace.content(path) or b"").decode("utf-8", "replace")
        lines = difflib.unified_diff(
            mine.splitlines(keepends=True),
            ours[path].decode().splitlines(keepends=True),
            f"{path} (yours)", f"{path} (ours)")
        for line in lines:
            is_different = True
            say(line.rstrip("\n"))
    if not is_different:
        say(f"{listed(exercise.files)}: no difference to ours.")
    if questions.more_of(exercise):
        say("\n" + questions.more_of(exercise))
    return 0


# --- hint -------------------------------------------------------------------

def hints_of(exercise):
    """{step's name: its hints}; "" has those before any step's heading."""
    try:
        text = (exercise.directory / "hints.md").read_text("utf-8")
    except FileNotFoundError:
        return {}
    hints = {}
    step = ""
    for line in text.splitlines():
        heading = re.match(r"## +(\S+)", line)
        item = re.match(r"\d+\. (.*)", line)
        if heading:
            step = heading[1].rstrip(":")
        elif item:
            hints.setdefault(step, []).append([item[1]])
        elif step in hints and (line.startswith("   ") or not line.strip()):
            hints[step][-1].append(line[3:])
    return {step: ["\n".join(lines).strip() for lines in items]
            for step, items in hints.items()}


def step_of_hint(exercise, said, hints):
    """The step at which the last check stopped; before any check, the first
    one that has hints."""
    stopped = said.get("stopped")
    if stopped in hints:
        return stopped
    todo = [step.name for step in exercise.steps if step.name in hints
            and step.name not in said["passed"]]
    return (todo or list(hints))[0]


def hint(words):
    exercise, step = find("hint", words)
    hints = hints_of(exercise)
    if not hints:
        say(f"exercise {exercise.number} has no hints.")
        return 0
    notes = workplace.Notes()
    said = notes.of(exercise)
    name = step.name if step else step_of_hint(exercise, said, hints)
    items = hints.get(name, [])
    shown = min(said["hints"].get(name, 0), len(items))
    if shown == len(items):
        say(f"{name or exercise.number}: all {len(items)} hints were shown. "
            "Here they are again; after them comes only "
            f"./workshop solution {exercise.number}")
        first = 0
    else:
        first = shown
        said["hints"][name] = shown + 1
        notes.save()
    for number in range(first, min(shown + 1, len(items))):
        say(f"{name + ', ' if name else ''}hint {number + 1} of {len(items)}:")
        say()
        for line in items[number].splitlines():
            if not line.startswith("```"):
                say(f"  {line}" if line else "")
        say()
    return 0


# --- check ------------------------------------------------------------------

class Tree:
    """The programs of the learner's tree."""

    def __init__(self, exercise, build):
        self.exercise = exercise
        self.build = building.Build(build, ROOT)
        self.names = {"check": f"check_{exercise.name}",
                      "tsan": f"check_{exercise.name}_tsan",
                      "asan": f"check_{exercise.name}_asan",
                      "server": os.path.basename(exercise.server),
                      "faulty": f"faulty_{exercise.name}",
                      "lab": "lab"}
        self.warnings = ""

    def programs(self, steps):
        paths, missing = {}, {}
        for program, name in self.names.items():
            if not any(step.runs(program) for step in steps):
                continue
            path = self.build.find(name)
            if path is None and program in judging.SANITIZERS:
                # Or a build that is one itself: -Db_sanitize=thread.
                missing[program] = ("the compiler here links no program with "
                                    f"-fsanitize={judging.SANITIZERS[program]}")
            elif path is None:
                raise building.CannotBuild(
                    f"{self.build.directory} has no program {name}")
            else:
                paths[program] = path
        return judging.Programs(paths, missing, self.prepare,
                                workplace.content)

    def prepare(self, step):
        """The first call compiles nearly all; a warning is shown once."""
        names = [name for program, name in self.names.items()
                 if step.runs(program)]
        if not names:
            return
        said = self.build.compile(names)
        for line in said.splitlines():
            if line not in self.warnings.splitlines():
                self.warnings += line + "\n"

    def sanitize(self, step):
        """The same crash, with a report of the address sanitizer."""
        name = f"check_{self.exercise.name}_asan"
        if not step.runs("check") or self.build.find(name) is None:
            return ""
        try:
            self.build.compile([name])
            programs = judging.Programs({"check": self.build.find(name)})
            result = judging.run_step(programs.command(self.exercise, step),
                                      judging.TSAN_SECONDS, "")
        except (building.Failed, building.CannotBuild, judging.Trouble):
            return ""
        return judging.report_of(result.output)


def take_options(words):
    """Removes the options of check, and returns their values."""
    values = {"--from": None, "--junit": None, "--json": False}
    left = []
    words = list(words)
    while words:
        option, given, value = words.pop(0).partition("=")
        if not option.startswith("-"):
            left.append(option + given + value)
        elif option not in values:
            raise Wrong(f"unknown option '{option}': there are "
                        f"{listed(sorted(values))}")
        elif option == "--json":
            if given:
                raise Wrong(f"--json takes no value, got '{value}'")
            values[option] = True
        else:
            values[option] = value if given else words.pop(0) if words else ""
    if values["--junit"] == "":
        raise Wrong("expected --junit and a file")
    return values, left


def parse_check(first, words):
    """(exercise, the steps to run)"""
    exercise, step = find("check", words)
    if first is None:
        return exercise, exercise.steps if step is None else [step]
    names = [step.name for step in exercise.steps]
    if first not in names and f"{exercise.number}.{first}" in names:
        first = f"{exercise.number}.{first}"
    if step is not None or first not in names:
        raise Wrong(f"expected --from and a step of exercise {exercise.number}:"
                    f" {names[0]} to {names[-1]}"
                    + (f"; got '{first}'" if first else ""))
    return exercise, exercise.steps[names.index(first):]


def tell_state(exercise):
    """Returns False when there is nothing to check."""
    missing = [path for path, kind in workplace.states(exercise).items()
               if kind == workplace.MISSING]
    if missing:
        say(f"{listed(missing)}: no such file.\n"
            f"    ./workshop start {exercise.number}    begins again\n"
            f"    ./workshop reset {exercise.number}    puts ours back")
        return False
    if workplace.is_untouched(exercise):
        say(wrapped(f"{listed(exercise.files)}: nothing is written yet, so the "
                    "first step fails."))
        say()
    elif exercise.has_starter and workplace.is_ours(exercise):
        say(wrapped(f"{listed(exercise.files)}: ours, so this is what a "
                    "finished exercise shows."))
        say(f"To build it yourself: ./workshop start {exercise.number}")
        say()
    return True


def tell_step(step):
    say(f"{step.name} {step.title}")
    say(wrapped(step.does, indent="    "))


def tell_outcome(outcome):
    if outcome.kind == judging.PASSED:
        if outcome.text:
            say(judging.paragraph("printed", outcome.text))
        say(f"    passed ({outcome.seconds:.1f} s)")
    elif outcome.kind == judging.SKIPPED:
        say(judging.paragraph("skipped", outcome.text))
    else:
        say("    FAILED\n")
        say(outcome.text)
    say()


def build_first(tree, steps, said):
    """Compiles before the first step is announced. False: it failed."""
    say(wrapped(f"building {listed(tree.exercise.files)}"))
    try:
        programs = tree.programs(steps)
        for step in steps[:1]:
            tree.prepare(step)
    except building.Failed as fault:
        say(f"It does not compile:\n\n{fault}\n")
        say("The first error is the one to look at: the others may come from "
            "it.")
        return None
    # A file that was compiled already gives no warnings: remember them.
    if not tree.warnings and said.get("warned") == workplace.fingerprint(
            tree.exercise):
        tree.warnings = said.get("warnings", "")
    said["warned"] = workplace.fingerprint(tree.exercise)
    said["warnings"] = tree.warnings
    if tree.warnings:
        say("The compiler warns, and may be right:\n\n"
            + tree.warnings.rstrip() + "\n")
    else:
        say()
    return programs


def note_outcomes(exercise, said, outcomes):
    if said.get("checked") != workplace.fingerprint(exercise):
        said["passed"], said["skipped"] = [], []
    for outcome in outcomes:
        name = outcome.step.name
        for kind, key in ((judging.PASSED, "passed"),
                          (judging.SKIPPED, "skipped")):
            said[key] = [one for one in said[key] if one != name]
            if outcome.kind == kind:
                said[key].append(name)
    said["stopped"] = next((outcome.step.name for outcome in outcomes
                            if outcome.kind == judging.FAILED), None)
    said["checked"] = workplace.fingerprint(exercise)
    passed = said["passed"] + said["skipped"]
    if len(passed) == len(exercise.steps) and not workplace.is_ours(exercise):
        said["done"] = True


def run_steps(exercise, steps, build, to_the_end):
    """The outcomes, and why there are no more: "" or what was said."""
    if not tell_state(exercise):
        return [], "a file is missing"
    notes = workplace.Notes()
    said = notes.of(exercise)
    tree = Tree(exercise, build)
    programs = build_first(tree, steps, said)
    if programs is None:
        note_outcomes(exercise, said, [])
        notes.save()
        return [], "it does not compile"
    try:
        outcomes = judging.judge(exercise, steps, programs, tell_step,
                                 tell_outcome, tree.sanitize, to_the_end)
    except building.Failed as fault:
        say(f"    It does not compile:\n\n{fault}")
        return [], "it does not compile"
    note_outcomes(exercise, said, outcomes)
    notes.save()
    return outcomes, ""


def check(words, build):
    global quiet
    options, words = take_options(words)
    exercise, steps = parse_check(options["--from"], words)
    quiet = options["--json"]
    grade = grading.Grade(exercise, steps, options)
    say(wrapped(f"exercise {exercise.number}: {exercise.title}"))
    outcomes, why = run_steps(exercise, steps, build, grade.is_wanted)
    grade.write(outcomes, why)
    failed = [one for one in outcomes if one.kind == judging.FAILED]
    if failed:
        say(f"./workshop hint {exercise.number} gives a hint.")
    elif outcomes:
        say(summary(exercise, outcomes))
    return 1 if failed or why else 0


def summary(exercise, outcomes):
    skipped = [outcome.step.name for outcome in outcomes
               if outcome.kind == judging.SKIPPED]
    count = len(outcomes) - len(skipped)
    text = (f"{count} of {len(exercise.steps)} steps passed" if
            count < len(exercise.steps) else "all steps passed")
    text += f", {listed(skipped)} skipped." if skipped else "."
    if len(outcomes) < len(exercise.steps) or workplace.is_ours(exercise):
        return text
    return (f"{text} It is yours now: the tree is built with it.\n"
            f"./workshop solution {exercise.number} shows how ours differs.")


# --- progress ---------------------------------------------------------------

def progress_of(exercise, said):
    if workplace.is_ours(exercise):
        return "done; ours is in place" if said.get("done") else "not started"
    if not said.get("checked"):
        return "started"
    done = len(said["passed"]) + len(said["skipped"])
    text = f"{len(said['passed'])} of {len(exercise.steps)} steps"
    if done == len(exercise.steps):
        text = "done" if not said["skipped"] else (
            f"done, but for {listed(said['skipped'])}, skipped")
    for step in exercise.steps:
        if step.name == said.get("stopped"):
            text += f", stopped at {step.name} {step.title}"
    if said["checked"] != workplace.fingerprint(exercise):
        text += " (changed since that check)"
    return text


def progress(words):
    if words:
        raise Wrong(f"progress takes nothing after it, got '{words[0]}'")
    notes = workplace.Notes()
    for exercise in catalog.exercises():
        said = notes.of(exercise)
        if not exercise.number.isdigit() and not said.get("checked"):
            continue
        count = sum(said["hints"].values())
        hints = f"; {count} hint{'' if count == 1 else 's'}" if count else ""
        say(f"{exercise.number:<8} {exercise.title:<12} "
            f"{progress_of(exercise, said)}{hints}")
    return 0


def ask(command, question):
    """The same commands, for an exercise in which nothing is built."""
    notes = workplace.Notes()
    questions.COMMANDS[command](question, notes.of(question))
    notes.save()
    return 0


def main():
    build, command, *words = sys.argv[1:]
    if "--help" in words or "-h" in words:
        say(__doc__.strip())
        return 0
    try:
        question = questions.find(words)
        if question is not None and command in questions.COMMANDS:
            return ask(command, question)
        if command == "check":
            return check(words, build)
        return {"start": start, "hint": hint, "solution": solution,
                "reset": reset, "progress": progress}[command](words)
    except Wrong as fault:
        print(f"./workshop {command}: {printable(str(fault))}", file=sys.stderr)
        return 2
    except (building.Stopped, grading.CannotWrite) as fault:
        print(f"./workshop {command}: {printable(str(fault))}", file=sys.stderr)
        return 3
    except (building.CannotBuild, workplace.CannotWrite, judging.Trouble,
            patches.DoesNotApply, OSError) as fault:
        print(f"./workshop {command}: {printable(str(fault))}\n"
              "This is no fault of yours.", file=sys.stderr)
        return 3


def stop(number, frame):
    del frame
    # Not by print: the signal may have come in the middle of one.
    os.write(2, b"\ninterrupted\n")
    sys.exit(128 + number)  # so that what runs is ended


if __name__ == "__main__":
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, stop)
    try:
        sys.exit(main())
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(1)
