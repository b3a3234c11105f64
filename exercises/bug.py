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
import shutil
import signal
import subprocess
import sys
import tempfile

from build_lock import with_parent
from pages import hints_of, parts_of, plain, title_of
from printable import printable, say

ROOT = pathlib.Path(__file__).resolve().parents[1]
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

    def tests(self):
        return list(dict.fromkeys(name for name, _ in self.reds))

    def patched(self, content, reverse=False):
        """The file with the bug, or without it; None: it does not apply. On a
        copy, so that no .orig and no .rej comes into the tree."""
        with tempfile.TemporaryDirectory(prefix="thaw-bug-") as directory:
            copy = pathlib.Path(directory) / "copy"
            copy.write_bytes(content)
            command = ["patch", "-R" if reverse else "-N", "-i",
                       str(self.patch), str(copy)]
            result = subprocess.run(command, cwd=directory, check=False,
                                    stdin=subprocess.DEVNULL,
                                    stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)
            return copy.read_bytes() if result.returncode == 0 else None


def bugs():
    pages = sorted((ROOT / "exercises/bugs").glob("[0-9]*.md"))
    return {bug.number: bug for bug in map(Bug, pages)}


class State:
    """What is remembered: the bug that is in the tree, the file before it, and
    how many hints were shown."""

    def __init__(self):
        self.directory = ROOT / "exercises/copies/bugs"
        self.notes = self.directory / "notes.json"
        try:
            self.values = json.loads(self.notes.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self.values = {}

    def write(self, **values):
        self.values.update(values)
        self.directory.mkdir(parents=True, exist_ok=True)
        new = self.notes.with_suffix(".new")
        new.write_text(json.dumps(self.values, indent=1), encoding="utf-8")
        os.replace(new, self.notes)

    @property
    def number(self):
        return self.values.get("number")

    def original(self, bug):
        """The file as it was before the bug; None: it was not kept."""
        path = self.directory / "before" / bug.path
        return path.read_bytes() if path.exists() else None

    def keep(self, bug, kind, content):
        """Copies the file; never over another copy of a reader's work."""
        path = self.directory / kind / bug.path
        count = 1
        while kind == "mine" and path.exists():
            if path.read_bytes() == content:
                return path
            count += 1
            path = self.directory / f"{kind}-{count}" / bug.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def found(self, bug):
        return bug.number in self.values.get("found", [])

    def add_found(self, bug):
        if not self.found(bug):
            self.write(found=[*self.values.get("found", []), bug.number])


def shown(path):
    """As the reader types it, from the directory of the tree."""
    return path.relative_to(ROOT)


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
        path = ROOT / bug.path
        before = path.read_bytes()
        after = bug.patched(before)
        if after is None:
            raise Failed(f"bug {bug.number} does not fit, because {bug.path} "
                         "was changed where\nthe bug would be. Nothing was "
                         "done. If an exercise changed it:\n"
                         "  ./workshop reset")
        state.keep(bug, "before", before)
        state.write(number=bug.number)
        path.write_bytes(after)
        say(f"Bug {bug.number} is in the tree now.\n")
    write_sees(bug)


def write_sees(bug):
    say(f"{bug.title}\n\n{plain(bug.sees)}\n\n"
        f"./workshop bug {bug.number} hint      when you are stuck\n"
        f"./workshop bug {bug.number} check     when you have mended it\n"
        f"./workshop bug {bug.number} undo      to take it out")


def take_out(bug, state):
    path = ROOT / bug.path
    now = path.read_bytes()
    before = state.original(bug) if state.number == bug.number else None
    if before is not None and now == before:
        say(f"Bug {bug.number} is out: {bug.path} is as it was before.")
    elif before is not None and now == bug.patched(before):
        path.write_bytes(before)
        say(f"Bug {bug.number} is out: {bug.path} is as it was before.")
    else:
        after = bug.patched(now, reverse=True)
        if after is None:
            fail_to_take_out(bug, state, now, before)
        path.write_bytes(after)
        say(f"Bug {bug.number} is out. Your other changes to {bug.path} are "
            "still there.")
    if state.number == bug.number:
        state.write(number=None)


def fail_to_take_out(bug, state, now, before):
    if state.number != bug.number:
        raise Failed(f"bug {bug.number} is not in the tree.")
    copy = state.keep(bug, "mine", now)
    way = "" if before is None else (
        "To have the file back as it was before the bug:\n"
        f"  cp {shown(state.directory / 'before' / bug.path)} {bug.path}\n"
        f"  ./workshop bug {bug.number} undo\n")
    raise Failed(f"you changed the lines of the bug, so it cannot be taken out "
                 f"alone.\nNothing was done to {bug.path}; a copy of it is "
                 f"{shown(copy)}.\n{way}If yours is a repair, this says so: "
                 f"./workshop bug {bug.number} check")


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
    if shutil.which("patch") is None:
        raise Failed("this needs the program patch: ./workshop setup")
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
