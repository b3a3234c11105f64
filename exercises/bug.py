#!/usr/bin/env python3
"""bug.py - puts a bug into the tree, for you to find

    ./workshop bug                list the bugs, by what one sees
    ./workshop bug N              put bug N into the tree, and say what one sees
    ./workshop bug N hint         the next hint
    ./workshop bug N check        build, and run the tests that the bug fails
    ./workshop bug N solution     the line, the reason, the lesson
    ./workshop bug N undo         take it out again; your other changes stay

A bug is two files of exercises/bugs/: NN.md (what one sees, tests, hints,
solution) and NN.patch. Nothing here needs git.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys

import patches
import workplace
from build_lock import with_parent
from pages import hints_of, parts_of, plain, title_of
from printable import printable, say

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUGS = "exercises/copies/bugs"
NOTES = f"{BUGS}/notes.json"
VERBS = ("hint", "check", "solution", "undo")


class Failed(Exception):
    """What to tell the reader; nothing was changed."""


def reds_of(text):
    """(test, words that it says) of the lines of a section "Tests"."""
    return re.findall(r"^- `(.*)`: `(.*)`$", text, re.M)


class Bug:
    """One of exercises/bugs/; its parts are the sections of NN.md."""

    def __init__(self, page):
        text = page.read_text(encoding="utf-8")
        self.number = int(page.stem)
        self.patch = page.with_suffix(".patch")
        self.title = title_of(text)
        parts = parts_of(text)
        self.sees = parts["What you see"]
        self.reds = reds_of(parts["Tests"])
        self.hints = hints_of(parts["Hints"])
        self.solution = parts["Solution"]
        self.path = re.search(r"^\+\+\+ b/(.*)$", self.patch.read_text("utf-8"),
                              re.M)[1]
        self.before = f"{BUGS}/before/{self.path}"  # the file without the bug

    def tests(self):
        return list(dict.fromkeys(name for name, _ in self.reds))

    def patched(self, content, reverse=False):
        """The file with the bug, or without it; None: it does not apply."""
        try:
            return patches.apply(self.patch, {self.path: content},
                                 reverse)[self.path]
        except patches.DoesNotApply:
            return None


def bugs():
    pages = sorted((ROOT / "exercises/bugs").glob("[0-9]*.md"))
    return {bug.number: bug for bug in map(Bug, pages)}


class State:
    """What is remembered: the bug that is in the tree, the file before it, and
    how many hints were shown."""

    def __init__(self):
        try:
            self.values = json.loads(workplace.content(NOTES) or "{}")
        except ValueError:
            self.values = {}

    def write(self, **values):
        self.values.update(values)
        workplace.write(NOTES, json.dumps(self.values, indent=1).encode())

    @property
    def number(self):
        return self.values.get("number")

    def found(self, bug):
        return bug.number in self.values.get("found", [])

    def add_found(self, bug):
        if not self.found(bug):
            self.write(found=[*self.values.get("found", []), bug.number])


def write_list(state):
    say("Each of these is one small mistake in a tree that works. What one "
        "sees:\n")
    for bug in bugs().values():
        note = ("   (in the tree)" if state.number == bug.number else
                "   (found)" if state.found(bug) else "")
        say(f"  {bug.number:2}  {bug.title}{note}")
    say("\n./workshop bug N puts one into the tree.")


def put_in(bug, state):
    if state.number not in (None, bug.number):
        raise Failed(f"bug {state.number} is in the tree; take it out first:\n"
                     f"  ./workshop bug {state.number} undo")
    if state.number == bug.number:
        say(f"Bug {bug.number} is in the tree already.\n")
    else:
        before = workplace.content(bug.path)
        after = None if before is None else bug.patched(before)
        if after is None:
            raise Failed(f"bug {bug.number} does not fit, because {bug.path} "
                         "was changed where\nthe bug would be. Nothing was "
                         "done. If an exercise changed it:\n"
                         "  ./workshop reset")
        workplace.write(bug.before, before)
        state.write(number=bug.number)
        workplace.write(bug.path, after)
        say(f"Bug {bug.number} is in the tree now.\n")
    write_sees(bug)


def write_sees(bug):
    say(f"{bug.title}\n\n{plain(bug.sees)}\n\n"
        f"./workshop bug {bug.number} hint      when you are stuck\n"
        f"./workshop bug {bug.number} check     when you have mended it\n"
        f"./workshop bug {bug.number} undo      to take it out")


def take_out(bug, state):
    now = workplace.content(bug.path)
    before = workplace.content(bug.before) if state.number == bug.number else (
        None)
    if before is not None and now in (before, bug.patched(before)):
        if now != before:
            workplace.write(bug.path, before)
        say(f"Bug {bug.number} is out: {bug.path} is as it was before.")
    else:
        after = None if now is None else bug.patched(now, reverse=True)
        if after is None:
            fail_to_take_out(bug, state, before)
        workplace.write(bug.path, after)
        say(f"Bug {bug.number} is out. Your other changes to {bug.path} are "
            "still there.")
    if state.number == bug.number:
        state.write(number=None)


def fail_to_take_out(bug, state, before):
    if state.number != bug.number:
        raise Failed(f"bug {bug.number} is not in the tree.")
    if workplace.content(bug.path) is None:
        raise Failed(f"there is no {bug.path}. As it was before the bug:\n"
                     f"  cp {bug.before} {bug.path}")
    copy = workplace.copy(bug.path)
    way = "" if before is None else (
        "To have the file back as it was before the bug:\n"
        f"  cp {bug.before} {bug.path}\n"
        f"  ./workshop bug {bug.number} undo\n")
    raise Failed(f"you changed the lines of the bug, or next to them, so it "
                 f"cannot be taken\nout alone. Nothing was done to {bug.path}; "
                 f"a copy of it is\n{copy}.\n{way}If yours is a repair, this "
                 f"says so: ./workshop bug {bug.number} check")


def write_hint(bug, state):
    hints = state.values.get("hints", {})
    count = min(hints.get(str(bug.number), 0) + 1, len(bug.hints))
    say(f"Hint {count} of {len(bug.hints)}: {plain(bug.hints[count - 1])}")
    if count == len(bug.hints):
        say(f"\nThat was the last one: ./workshop bug {bug.number} solution")
    state.write(hints={**hints, str(bug.number): count})


def write_solution(bug):
    say(plain(bug.solution) + "\n")
    for line in bug.patch.read_text(encoding="utf-8").splitlines():
        if not line.startswith(("diff", "index")):
            say(f"    {line}")


# --- Tests -------------------------------------------------------------------

def built_test(build, name):
    """What meson knows of the test: its command, its environment."""
    path = pathlib.Path(build) / "meson-info/intro-tests.json"
    for test in json.loads(path.read_text(encoding="utf-8")):
        if test["name"] == name:
            return test
    raise Failed(f"{path} has no test '{name}'")


def stop(process):
    """Check ends its own children when it is told to end."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=5)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass
    process.stdout.close()


def first_red(build, test, words=""):
    """Runs it until its first line that is not ok and has these words; without
    one, the first that is not ok. None: there is none."""
    first = None
    environment = {**os.environ, **test["env"]}
    environment.pop("CK_RUN_CASE", None)
    with subprocess.Popen(test["cmd"], env=environment, text=True, cwd=build,
                          errors="replace", stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          preexec_fn=with_parent,
                          start_new_session=True) as process:
        try:
            for line in process.stdout:
                if line.startswith("not ok"):
                    first = first or line.strip()
                    if words in line:
                        return line.strip()
            status = process.wait()
        finally:
            stop(process)
    return first or (None if status == 0 else f"exit status {status}")


def check(bug, state, build):
    reds = {name: first_red(build, built_test(build, name))
            for name in bug.tests()}
    for name, red in reds.items():
        say(f"{'red  ' if red else 'green'} {name}"
            + (f"\n      {red}" if red else ""))
    if any(reds.values()):
        say("\nIt is still there. By hand: "
            + ", ".join(f"meson test -C {shown_build(build)} '{name}'"
                        for name in reds))
        return 1
    if state.number != bug.number:
        say(f"\nAll is well, but bug {bug.number} is not in the tree.")
        return 0
    state.add_found(bug)
    say(f"\nYou have mended it. Compare: ./workshop bug {bug.number} solution\n"
        f"Then, for the next one:      ./workshop bug {bug.number} undo")
    return 0


def shown_build(build):
    path = pathlib.Path(build)
    return path.relative_to(ROOT) if ROOT in path.parents else path


def run(build, words):
    state = State()
    if not words:
        write_list(state)
        return 0
    known = bugs()
    bug = known.get(int(words[0])) if words[0].isdigit() else None
    if bug is None:
        raise Failed(f"expected a bug from 1 to {max(known)}, got '{words[0]}'")
    verb = words[1].lstrip("-") if len(words) > 1 else ""
    if len(words) > 2 or (len(words) == 2 and verb not in VERBS):
        raise Failed(f"after the number, expected {', '.join(VERBS)}; got '"
                     + " ".join(words[1:]) + "'")
    if verb == "check":
        return check(bug, state, build)
    {"": lambda: put_in(bug, state), "undo": lambda: take_out(bug, state),
     "hint": lambda: write_hint(bug, state),
     "solution": lambda: write_solution(bug)}[verb]()
    return 0


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    try:
        sys.exit(run(sys.argv[1], sys.argv[2:]))
    except Failed as failed:
        print(f"workshop: {printable(str(failed))}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(130)


if __name__ == "__main__":
    main()
