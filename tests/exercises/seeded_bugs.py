#!/usr/bin/env python3
"""Each seeded bug is caught by the test that its page names, for its reason.
The same for exercises that ask to break something, or that change a header.

    seeded_bugs.py SOURCE

In one copy of the tree: the tests are green; with a bug it builds without a
warning, and its test is red with the words of the page; taken out, the file is
as before, byte for byte. Prints TAP.
"""

import concurrent.futures
import importlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import usage

TRIES = 3
# What the tests would take from our own environment.
OURS = ("THAW_BUILD", "THAW_BACKEND", "THAW_STAGE", "DESTDIR")


def left_out(source):
    """For copytree: what is built, and what git and the reader have there."""
    def names_in(directory, names):
        here = directory == str(source)
        return [name for name in names if name == "copies"
                or (here and name.startswith(("build", ".git")))]
    return names_in


def program_of_ninja():
    for name in ("ninja", "ninja-build", "samu"):
        if shutil.which(name):
            return name
    sys.exit("found no ninja")


class Tree:
    """The copy, what meson knows about it, and its own bug.py."""

    def __init__(self, source, root):
        self.root = root
        self.build = root / "build"
        shutil.copytree(source, root, ignore=left_out(source))
        self.run(["meson", "setup", str(self.build), str(root),
                  "-Dbuildtype=debug", "-Dwerror=true"])
        sys.path.insert(0, str(root / "exercises"))
        self.bug, self.catalog, self.judging, self.patches, self.questions = (
            importlib.import_module(name) for name in
            ("bug", "catalog", "judging", "patches", "questions"))
        self.bugs = self.bug.bugs()
        self.targets = {
            target["id"]: [os.path.relpath(name, self.build)
                           for name in target["filename"]]
            for target in self.known("targets")}

    def known(self, what):
        path = self.build / f"meson-info/intro-{what}.json"
        return json.loads(path.read_text(encoding="utf-8"))

    def test(self, name):
        return self.bug.built_test(self.build, name)

    def make(self, names):
        """Only what these tests need."""
        needed = sorted({path for name in names
                         for target in self.test(name)["depends"]
                         for path in self.targets[target]})
        self.run([program_of_ninja(), "-C", str(self.build), *needed])

    def first_red(self, name, words=""):
        return self.bug.first_red(self.build, self.test(name), words)

    def type(self, *words):
        return self.run([sys.executable, "-B", "exercises/bug.py",
                         str(self.build), *words])

    def run(self, command):
        result = subprocess.run(command, cwd=self.root, check=False, text=True,
                                errors="replace", stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=300)
        if result.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: exit status "
                                 f"{result.returncode}\n"
                                 + result.stdout[-3000:])
        return result.stdout


def check_patch(bug, content):
    """It has one hunk, which fits at one place only, without any fuzz."""
    lines = bug.patch.read_text(encoding="utf-8").splitlines(keepends=True)
    hunks = [i for i, line in enumerate(lines) if line.startswith("@@")]
    assert len(hunks) == 1, f"{len(hunks)} hunks"
    old = "".join(line[1:] for line in lines[hunks[0] + 1:]
                  if line[0] in " -")
    assert content.count(old.encode()) == 1, \
        f"{bug.path}: its lines are there {content.count(old.encode())} times"


def check_bug(tree, bug):
    path = tree.root / bug.path
    before = path.read_bytes()
    check_patch(bug, before)
    said = tree.type(str(bug.number))
    assert bug.title in said, said
    assert bug.path not in said, f"the symptom names the file: {said}"
    assert path.read_bytes() != before, "nothing is changed"
    try:
        tree.make(bug.tests())
        for name, words in bug.reds:
            # A busy machine may hide that a server spins, or that two meet.
            red = next(filter(None, (tree.first_red(name, words)
                                     for _ in range(TRIES))), None)
            assert red, f"{name} is green with the bug"
            assert words in red, f"{name}: expected '{words}', found: {red}"
    finally:
        tree.type(str(bug.number), "undo")
        now = path.read_bytes()
        path.write_bytes(before)  # whatever happened: for the next one
    assert now == before, f"{bug.path}: not as before"


class Changed:
    """The tree with these files, {path: bytes}, until the end of the block."""

    def __init__(self, tree, files):
        self.files = {tree.root / path: text for path, text in files.items()}
        self.before = {path: path.read_bytes() if path.exists() else None
                       for path in self.files}

    def __enter__(self):
        for path, text in self.files.items():
            path.write_bytes(text)

    def __exit__(self, *_):
        for path, text in self.before.items():
            if text is None:
                path.unlink()
            else:
                path.write_bytes(text)


def patched(tree, patch):
    """{path: bytes} of the files that the patch changes."""
    paths = [path for path, _ in tree.patches.parse(patch.read_bytes())]
    return tree.patches.apply(patch, {
        path: (tree.root / path).read_bytes() for path in paths
        if (tree.root / path).exists()})


def reds_of(tree, question):
    return tree.bug.reds_of(question.parts.get("Tests", ""))


def check_question(tree, question):
    """The change that it asks for makes the test red that it names."""
    reds = reds_of(tree, question)
    with Changed(tree, patched(tree, question.patch)):
        tree.make([name for name, _ in reds])
        for name, words in reds:
            red = tree.first_red(name, words)
            assert red and words in red, \
                f"{name}: expected '{words}', found: {red}"


def check_kqueue(tree):
    """It compiles; there is no kqueue here to run it with."""
    question = tree.questions.questions()["2.kqueue"]
    with Changed(tree, patched(tree, question.patch)):
        tree.run([*os.environ.get("CC", "cc").split(), "-std=c11", "-Wall",
                  "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow",
                  "-Werror", "-D_POSIX_C_SOURCE=200809L", "-I.",
                  "-Itests/exercises/kqueue", "-fsyntax-only",
                  "stage2_async/loop_kqueue.c"])
        tree.run([program_of_ninja(), "-C", str(tree.build),
                  "stage2_async/stage2_async"])


def judge(tree, exercise, variant, step, words):
    """The exercise's files are those of the variant; None: all steps pass."""
    with Changed(tree, exercise.variant(variant)):
        tree.run([program_of_ninja(), "-C", str(tree.build), exercise.server])
        programs = tree.judging.Programs({
            "server": tree.build / exercise.server})
        last = tree.judging.judge(exercise, exercise.steps, programs)[-1]
    failed = (last.step.name if last.kind == tree.judging.FAILED else None)
    text = " ".join(last.text.split())
    assert failed == step, f"{variant}: failed at {failed}, not {step}: {text}"
    assert words in text, f"{variant}: expected '{words}', came: {text}"


def check_in_tree(tree, exercise):
    judge(tree, exercise, "starter", exercise.steps[0].name, exercise.first)
    judge(tree, exercise, "solution", None, "")
    for one in exercise.wrong:
        judge(tree, exercise, f"wrong/{one['patch']}", one["step"],
              one["words"])


def exercise_checks(tree):
    """(name, function) of what is not judged where exercises are."""
    for name, question in tree.questions.questions().items():
        if reds_of(tree, question):
            yield (f"{name}: {question.title}",
                   lambda question=question: check_question(tree, question))
    yield "2.kqueue compiles", lambda: check_kqueue(tree)
    for exercise in tree.catalog.exercises():
        if exercise.in_tree:
            yield (f"{exercise.number}: the steps find what is wrong",
                   lambda exercise=exercise: check_in_tree(tree, exercise))


def check_ours(tree):
    names = sorted({name for bug in tree.bugs.values() for name in bug.tests()}
                   | {name for question in tree.questions.questions().values()
                      for name, _ in reds_of(tree, question)})
    tree.make(names)
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for name, red in zip(names, pool.map(tree.first_red, names)):
            assert not red, f"{name} is red without a bug: {red}"


def main():
    usage.show_if_asked(__doc__, 1)
    for name in OURS:
        os.environ.pop(name, None)
    source = pathlib.Path(sys.argv[1]).resolve()
    if shutil.which("patch") is None:
        print("1..0 # SKIP there is no patch(1)")
        return
    with tempfile.TemporaryDirectory(prefix="thaw bugs ") as directory:
        tree = Tree(source, pathlib.Path(directory) / "thaw")
        checks = [("the tests are green without a bug",
                   lambda: check_ours(tree))]
        checks += [(f"bug {bug.number}: {bug.title}",
                    lambda bug=bug: check_bug(tree, bug))
                   for bug in tree.bugs.values()]
        checks += exercise_checks(tree)
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
