#!/usr/bin/env python3
"""Every exercise at the end of a stage has a hint, a check and a solution.

    test_more.py SOURCE

In a copy of exercises/, so that a learner's notes stay as they are. Prints TAP.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "exercises")]

# pylint: disable=wrong-import-position
import pages
import usage
from ready_build import make_ready

usage.show_if_asked(__doc__, 1)
SOURCE = pathlib.Path(sys.argv[1]).resolve()


def named_in_readmes():
    """{name: the README} of the lists "More exercises"."""
    found = {}
    for readme in sorted(SOURCE.glob("stage[1-6]_*/README.md")):
        section = re.search(r"^## More exercises\n(.*?)^## ",
                            readme.read_text("utf-8"), re.M | re.S)
        for name in re.findall(r"^- \*\*([\w.]+)\*\*: ", section[1], re.M):
            found[name] = readme
    return found


class Tree:
    """Where a learner types; all that the commands read is there."""

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="thaw läuft ")
        self.root = pathlib.Path(self.directory.name) / "thaw"
        for name in ("exercises", "lib", *(path.name for path in
                                           SOURCE.glob("stage[1-6]_*"))):
            shutil.copytree(SOURCE / name, self.root / name,
                            ignore=shutil.ignore_patterns("copies"))
        shutil.copy(SOURCE / "workshop", self.root)
        make_ready(self.root / "build", self.root)
        return self

    def __exit__(self, *_):
        self.directory.cleanup()

    def type(self, *words):
        result = subprocess.run([str(self.root / "workshop"), *words],
                                stdout=subprocess.PIPE, timeout=60,
                                stderr=subprocess.STDOUT, check=False)
        said = result.stdout.decode("utf-8", "replace")
        assert result.returncode == 0, f"{' '.join(words)}: {said}"
        return said


def check_names():
    there = {path.name for path in (SOURCE / "exercises/more").iterdir()
             if path.is_dir()}
    assert there == set(named_in_readmes()), \
        f"not in both: {sorted(there ^ set(named_in_readmes()))}"


def check_exercise(tree, name):
    directory = tree.root / "exercises/more" / name
    solution = tree.type("solution", name)
    first = tree.type("hint", name)
    assert "hint 1 of " in first, first
    page = directory / "question.md"
    if page.exists():
        parts = pages.parts_of(page.read_text("utf-8"))
        second = tree.type("hint", name)
        assert second != first and "hint" in second, second
        started, checked = tree.type("start", name), tree.type("check", name)
        for said, part in ((started, "Question"), (checked, "Check"),
                           (solution, "Solution")):
            assert pages.plain(parts[part]) in said, (part, said)
        told = pages.plain(parts["Solution"]).splitlines()[0]
        assert told not in started + checked, told
        assert "```sh" in parts["Check"], "a check without a command"
        tree.type("reset", name)
        patch = directory / "change.patch"
        assert not patch.exists() or patch.read_text("utf-8") in solution
    else:
        said = json.loads((directory / "exercise.json").read_text("utf-8"))
        assert said["number"] == name and said["steps"]
        text = (directory / "solution.md").read_text("utf-8")
        assert text.strip().splitlines()[-1] in solution, solution
        assert "(ours)" in solution
    # A number from a run, or a place in a document.
    assert re.search(r"\d", solution), solution


def check_columns(tree):
    """What start and check print of an exercise itself."""
    for number in "123456":
        said = tree.type("start", number)
        code = ("import catalog, exercise; exercise.tell_state(found := "
                f"catalog.find('{number}')[0]); "
                "[exercise.tell_step(step) for step in found.steps]")
        result = subprocess.run([sys.executable, "-B", "-c", code], text=True,
                                cwd=tree.root / "exercises", check=True,
                                stdout=subprocess.PIPE)
        assert "nothing is written yet" in " ".join(result.stdout.split())
        tree.type("reset", number)
        for line in (said + result.stdout).splitlines():
            assert len(line) <= 80 and line == line.rstrip(), repr(line)


def main():
    checks = [("every exercise is in a README, and every name there exists",
               check_names)]
    with Tree() as tree:
        checks += [(f"{name} has hints, a check and a solution",
                    lambda name=name: check_exercise(tree, name))
                   for name in sorted(named_in_readmes())]
        checks.append(("no line is wider than a terminal",
                       lambda: check_columns(tree)))
        print(f"1..{len(checks)}", flush=True)
        for number, (name, check) in enumerate(checks, start=1):
            try:
                check()
                print(f"ok {number} - {name}", flush=True)
            except Exception as fault:  # pylint: disable=broad-except
                print(f"not ok {number} - {name}")
                for line in (str(fault) or repr(fault)).splitlines():
                    print(f"# {line}", flush=True)


if __name__ == "__main__":
    main()
