"""catalog.py - the exercises: what their exercise.json says, and their files

An exercise is a directory of exercises/, or of exercises/more/. README.md says
what is in it.
"""

import json
import pathlib
import re

import patches

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent

SECONDS = 5  # of a step, when it says nothing

# A part that the learner writes: from the first mark to the next second one.
HOLE = re.compile(rb"^ *(?://|/\*|#) --- build: .*\n(?:.*\n)*?"
                  rb" *(?://|/\*|#) --- end ---.*\n", re.M)
FUNCTION = re.compile(r"^\w[^;=(\n]*?(\w+)\(", re.M)


class Unknown(Exception):
    """There is no such exercise, or no such step."""


class Step:
    def __init__(self, said):
        self.name = said["name"]
        self.title = said["title"]
        self.does = said["does"]
        self.run = said["run"]
        self.hang = said.get("hang", "")
        self.seconds = said.get("seconds", SECONDS)

    def runs(self, program):
        """Does it run the program of this name: check, tsan, server, lab?"""
        return any("{" + program + "}" in word for word in self.run)


class Exercise:
    def __init__(self, directory):
        self.directory = directory
        self.name = directory.name
        said = json.loads((directory / "exercise.json").read_text("utf-8"))
        self.number = str(said["number"])
        self.title = said["title"]
        self.goal = said["goal"]
        self.stage = said["stage"]
        self.server = said.get("server", f"{self.stage}/{self.stage}")
        self.main = said.get("main", f"{self.stage}/main.c")
        self.files = said["files"]
        self.write = said["write"]
        self.read = said["read"]
        self.first = said.get("first", "")
        self.steps = [Step(step) for step in said["steps"]]
        self.wrong = said.get("wrong", [])
        self.right = said.get("right", [])
        # It changes a header, too, so it is judged in a copy of the tree.
        self.in_tree = said.get("in_tree", False)
        self.checks = sorted(path.name for path in directory.glob("check*.c"))
        self.has_starter = (directory / "starter").is_dir()

    def starter(self, path):
        """The file that the learner begins with, as bytes."""
        if self.has_starter:
            return (self.directory / "starter" / path).read_bytes()
        return original(path)

    def unwritten(self, path, now):
        """The names of the holes of a file that are as the learner got them,
        spaces aside. `now`: its bytes, or None."""
        left = {b"".join(hole[0].split()) for hole in HOLE.finditer(now or b"")}
        if not self.has_starter or not left:
            return []
        text = self.starter(path)
        return [name_of(text, hole) for hole in HOLE.finditer(text)
                if b"".join(hole[0].split()) in left]

    def solution(self):
        """{path: bytes} of all files, finished."""
        return patches.apply(self.directory / "solution.patch",
                             {path: self.starter(path) for path in self.files})

    def ours(self, path):
        """The file as the tree has it before anything is changed."""
        return self.solution()[path] if self.has_starter else original(path)

    def variants(self):
        """The names of all that is built for the tests of this exercise."""
        return (["starter", "solution"]
                + [f"right/{name}" for name in self.right]
                + [f"wrong/{one['patch']}" for one in self.wrong])

    def variant(self, name):
        """{path: bytes} of one of them."""
        if name == "starter":
            return {path: self.starter(path) for path in self.files}
        files = self.solution()
        if name == "solution":
            return files
        return patches.apply(self.directory / f"{name}.patch", files)

    def step(self, name):
        for step in self.steps:
            if step.name == name:
                return step
        raise Unknown(f"exercise {self.number} has no step {name}: "
                      f"{self.steps[0].name} to {self.steps[-1].name}")


def exercises():
    """All of them: the main ones by number, then those of more/."""
    return [Exercise(path.parent) for path in
            sorted(HERE.glob("[1-9]_*/exercise.json")) +
            sorted(HERE.glob("more/*/exercise.json"))]


def original(path):
    """Not yet changed: ours where an exercise has a starter of it."""
    for exercise in exercises():
        if exercise.has_starter and path in exercise.files:
            return exercise.ours(path)
    return (ROOT / path).read_bytes()


def find(word):
    """(exercise, step or None) of a word such as 5, 5.3 or 6.order."""
    known = exercises()
    for exercise in known:
        if word in (exercise.number, exercise.name):
            return exercise, None
    for exercise in known:
        if word.startswith(f"{exercise.number}."):
            return exercise, exercise.step(word)
    raise Unknown("expected an exercise: " + ", ".join(
        exercise.number for exercise in known) + f"; got '{word}'")


def name_of(text, hole):
    """What its first mark says; a part of a function has a name of its own:
    the loop in main."""
    mark = hole[0].decode("utf-8", "replace").split("\n")[0]
    name = mark.partition("build: ")[2].rpartition(" ---")[0]
    before = FUNCTION.findall(text[:hole.start()].decode("utf-8", "replace"))
    is_part = mark.startswith(" ") and before and before[-1] != name
    return f"{name} in {before[-1]}" if is_part else name


def lines_of(text, functions):
    """{function: the line that its definition starts in}."""
    found = {}
    for number, line in enumerate(text.decode("utf-8", "replace").split("\n"),
                                  start=1):
        for name in functions:
            if re.match(rf"\w[^;=(]*\b{re.escape(name)}\(", line):
                found.setdefault(name, number)
    return found
