#!/usr/bin/env python3
"""Types ./workshop bug as a learner does, who also edits the files.

    test_bug.py SOURCE

In copies of the tree, of which nothing is built. Prints TAP.
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
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import usage
from processes import is_running, wait_until
from ready_build import make_ready

usage.show_if_asked(__doc__, 1)
SOURCE = pathlib.Path(sys.argv[1]).resolve()
TESTS = []

# A bug, its file, a line of it that the bug changes, and one far from it.
BUG = "19"
FILE = "stage5_queue/channel.c"
CHANGED = b"waiting(channel) > channel->capacity"
OURS = b"waiting(channel) == channel->capacity"
FAR = b"free(channel->slots);"


class Tree:
    """What ./workshop bug needs, in a directory with an odd name."""

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="thaw läuft ")
        self.root = pathlib.Path(self.directory.name) / "thaw"
        self.root.mkdir()
        self.build = self.root / "build"
        for name in ("exercises", "lib", "stage1_blocking", "stage2_async",
                     "stage3_parse", "stage4_slow", "stage5_queue",
                     "stage6_pool"):
            shutil.copytree(SOURCE / name, self.root / name,
                            ignore=shutil.ignore_patterns("copies"))
        shutil.copy(SOURCE / "workshop", self.root)
        self.file = self.root / FILE
        self.before = self.file.read_bytes()
        return self

    def __exit__(self, *_):
        self.directory.cleanup()

    def type(self, *words, status=0, path=os.environ["PATH"]):
        environment = dict(os.environ, PATH=path)
        environment.pop("THAW_BUILD", None)
        result = subprocess.run([str(self.root / "workshop"), "bug", *words],
                                env=environment, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=60,
                                check=False)
        said = result.stdout.decode("utf-8", "replace")
        assert result.returncode == status, (words, result.returncode, said)
        return said

    def replace(self, old, new):
        text = self.file.read_bytes()
        assert old in text, (old, self.file)
        self.file.write_bytes(text.replace(old, new))

    def all_files(self):
        return {path: path.read_bytes()
                for path in sorted(self.root.rglob("*")) if path.is_file()
                and "copies" not in path.parts}

    def expect_before(self):
        assert self.file.read_bytes() == self.before

    def make_build(self, script):
        """A build in which the test of the bug is this script."""
        make_ready(self.build, self.root)
        (self.build / "channel").write_text("#!/bin/sh\n" + script)
        (self.build / "channel").chmod(0o755)
        (self.build / "meson-info/intro-tests.json").write_text(json.dumps(
            [{"name": "channel", "cmd": [str(self.build / "channel")],
              "env": {"A": "1"}, "depends": []}]))
        programs = self.root / "bin"
        programs.mkdir()
        (programs / "meson").write_text("#!/bin/sh\n")
        (programs / "meson").chmod(0o755)
        return f"{programs}:{os.environ['PATH']}"


def test(function):
    """It returns why it is impossible here, or None."""
    TESTS.append(function)
    return function


def path_without(tree, *names):
    """All programs but these. (A shell script may need any other one.)"""
    directory = tree.root.parent / "programs"
    directory.mkdir()
    for part in os.environ["PATH"].split(os.pathsep):
        for path in pathlib.Path(part).glob("*") if part else ():
            if path.name not in names and not os.path.lexists(
                    directory / path.name):
                (directory / path.name).symlink_to(path)
    return str(directory)


@test
def the_list_shows_what_one_sees_and_no_file():
    with Tree() as tree:
        said = tree.type()
        patches = list((tree.root / "exercises/bugs").glob("*.patch"))
        assert len(patches) >= 14
        for number in range(1, len(patches) + 1):
            assert f"\n  {number:2}  " in said, (number, said)
        assert ".c" not in said.replace(".co", ""), said


@test
def a_bug_comes_and_goes_byte_for_byte():
    with Tree() as tree:
        files = tree.all_files()
        said = tree.type(BUG)
        assert "one event is lost" in said and FILE not in said, said
        assert CHANGED in tree.file.read_bytes()
        assert [path for path, content in tree.all_files().items()
                if content != files[path]] == [tree.file]
        assert "(in the tree)" in tree.type()
        assert "as it was before" in tree.type(BUG, "undo")
        assert tree.all_files() == files


@test
def every_bug_comes_and_goes():
    with Tree() as tree:
        files = tree.all_files()
        for number in range(1, len(list(
                (tree.root / "exercises/bugs").glob("*.patch"))) + 1):
            tree.type(str(number))
            assert tree.all_files() != files, number
            tree.type(str(number), "undo")
            assert tree.all_files() == files, number


@test
def what_one_types_is_cut_at_80_columns_and_stays_the_same():
    with Tree() as tree:
        for page in (tree.root / "exercises/bugs").glob("[0-9]*.md"):
            number = str(int(page.stem))
            said = tree.type(number)
            tree.type(number, "undo")
            for line in said.splitlines():
                # A word that cannot be cut may be longer.
                is_word = len(re.findall(r"""(?:'[^']*'|"[^"]*"|[^ '"])+""",
                                         line.rstrip("\\"))) == 1
                assert len(line) <= 80 or is_word, (number, line)
                assert line == line.rstrip(), (number, line)
            flat = " ".join(said.replace("\\\n", " ").split())
            for block in re.findall(r"```sh\n(.*?)```", page.read_text().split(
                    "## Tests")[0], re.S):
                assert " ".join(block.replace("\\\n", " ").split()) in flat, (
                    number, block, said)


@test
def there_is_one_bug_at_a_time():
    with Tree() as tree:
        tree.type(BUG)
        files = tree.all_files()
        assert f"./workshop bug {BUG} undo" in tree.type("3", status=1)
        assert "in the tree already" in tree.type(BUG)
        assert tree.all_files() == files


@test
def hints_come_one_at_a_time():
    with Tree() as tree:
        first, second, third = (tree.type(BUG, word)
                                for word in ("hint", "--hint", "hint"))
        assert first.startswith("Hint 1 of 2") and FILE not in first
        assert second.startswith("Hint 2 of 2") and second == third
        assert f"bug {BUG} solution" in second


@test
def the_solution_names_the_file_and_the_lesson():
    with Tree() as tree:
        said = tree.type(BUG, "solution")
        assert FILE in said and "The lesson" in said
        assert "+    } else if (" + CHANGED.decode() in said, said
        tree.expect_before()


@test
def a_file_that_the_bug_does_not_fit_stays_as_it_is():
    with Tree() as tree:
        tree.replace(OURS, b"is_full(channel)")
        mine = tree.all_files()
        assert "Nothing was" in tree.type(BUG, status=1)
        assert tree.all_files() == mine
        assert "(in the tree)" not in tree.type()


@test
def other_changes_survive():
    with Tree() as tree:
        tree.replace(FAR, b"/* mine */ " + FAR)
        mine = tree.file.read_bytes()
        tree.type(BUG)
        tree.replace(b"channel->received++;", b"channel->received += 1;")
        assert "other changes" in tree.type(BUG, "undo")
        assert tree.file.read_bytes() == mine.replace(
            b"channel->received++;", b"channel->received += 1;")


@test
def a_copy_is_made_of_what_cannot_be_taken_out():
    with Tree() as tree:
        tree.type(BUG)
        tree.replace(CHANGED, b"is_full(channel)")
        mine = tree.file.read_bytes()
        for _ in range(2):
            said = tree.type(BUG, "undo", status=1)
            assert tree.file.read_bytes() == mine
        copy = said.split("copy of it is\n")[1].split()[0].rstrip(".")
        assert (tree.root / copy).read_bytes() == mine
        way = [line for line in said.splitlines() if line.startswith("  cp")]
        subprocess.run(way[0], shell=True, check=True, cwd=tree.root)
        tree.type(BUG, "undo")
        tree.expect_before()
        assert (tree.root / copy).read_bytes() == mine


@test
def an_older_copy_is_never_overwritten():
    with Tree() as tree:
        for text in (b"is_full(channel)", b"too_full(channel)"):
            tree.type(BUG)
            tree.replace(CHANGED, text)
            tree.type(BUG, "undo", status=1)
            tree.file.write_bytes(tree.before)
            tree.type(BUG, "undo")
        copies = [path.read_bytes() for path
                  in (tree.root / "exercises/copies").rglob("*channel.c*")]
        assert any(b"is_full(channel)" in copy for copy in copies)
        assert any(b"too_full(channel)" in copy for copy in copies)


@test
def a_bug_that_is_mended_is_out():
    with Tree() as tree:
        tree.type(BUG)
        tree.replace(CHANGED, OURS)
        assert "as it was before" in tree.type(BUG, "undo")
        tree.expect_before()
        tree.type("3")


@test
def it_is_taken_out_even_if_the_notes_are_lost():
    with Tree() as tree:
        tree.type(BUG)
        shutil.rmtree(tree.root / "exercises/copies")
        tree.type(BUG, "undo")
        tree.expect_before()
        assert "not in the tree" in tree.type(BUG, "undo", status=1)
        tree.expect_before()


@test
def notes_that_cannot_be_read_do_no_harm():
    with Tree() as tree:
        tree.type(BUG)
        (tree.root / "exercises/copies/bugs/notes.json").write_text("{")
        tree.type(BUG, "undo")
        tree.expect_before()


@test
def it_needs_no_git_and_no_patch():
    with Tree() as tree:
        path = path_without(tree, "git", "patch", "gpatch")
        tree.type(BUG, path=path)
        assert CHANGED in tree.file.read_bytes()
        tree.type(BUG, "undo", path=path)
        tree.expect_before()


@test
def it_works_inside_another_repository():
    if shutil.which("git") is None:
        return "there is no git"
    with Tree() as tree:
        subprocess.run(["git", "init", "--quiet", str(tree.root.parent)],
                       check=True)
        tree.type(BUG)
        assert CHANGED in tree.file.read_bytes()
        tree.type(BUG, "undo")
        tree.expect_before()
    return None


@test
def a_file_that_is_gone_comes_back():
    with Tree() as tree:
        tree.file.unlink()
        assert "Nothing was" in tree.type(BUG, status=1)
        tree.file.write_bytes(tree.before)
        tree.type(BUG)
        tree.file.unlink()
        said = tree.type(BUG, "undo", status=1)
        way = [line for line in said.splitlines() if line.startswith("  cp")]
        subprocess.run(way[0], shell=True, check=True, cwd=tree.root)
        tree.type(BUG, "undo")
        tree.expect_before()


@test
def a_wrong_word_is_explained():
    with Tree() as tree:
        assert "from 1 to" in tree.type("99", status=1)
        assert "from 1 to" in tree.type("x", status=1)
        assert "hint, check, solution, undo" in tree.type("3", "x", status=1)
        tree.type("3", "hint", "more", status=1)


@test
def check_says_whether_the_tests_are_green():
    with Tree() as tree:
        path = tree.make_build(
            "echo 1..2; echo ok 1 - one\n"
            f'grep -q "{CHANGED.decode()}" "{FILE}" || exit 0\n'
            "echo not ok 2 - two: it is wrong; sleep 60\n".replace(
                f'"{FILE}"', f'"$(dirname "$0")/../{FILE}"'))
        tree.type(BUG)
        said = tree.type(BUG, "check", status=1, path=path)
        assert "red   channel\n      not ok 2 - two: it is wrong" in said, said
        tree.replace(CHANGED, b"channel->capacity <= waiting(channel)")
        said = tree.type(BUG, "check", path=path)
        assert "green channel" in said and "mended" in said, said
        assert "(in the tree)" in tree.type()
        tree.file.write_bytes(tree.before)
        tree.type(BUG, "undo")
        assert "(found)" in tree.type()


@test
def no_test_outlives_a_check_that_is_interrupted():
    with Tree() as tree:
        path = tree.make_build('echo $$ >"$0.pid"; sleep 1000\n')
        with subprocess.Popen(
                [sys.executable, "-B", str(tree.root / "exercises/bug.py"),
                 str(tree.build), BUG, "check"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env=dict(os.environ, PATH=path)) as process:
            note = tree.build / "channel.pid"
            wait_until(lambda: note.exists() and note.read_text().strip())
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=60) != 0
        wait_until(lambda: not is_running(note.read_text().strip()))


def main():
    print(f"1..{len(TESTS)}", flush=True)
    for number, function in enumerate(TESTS, start=1):
        name = function.__name__.replace("_", " ")
        try:
            why = function()
            print(f"ok {number} - {name}" + (f" # SKIP {why}" if why else ""),
                  flush=True)
        except Exception:  # pylint: disable=broad-except
            print(f"not ok {number} - {name}")
            for line in traceback.format_exc().splitlines():
                print(f"# {line}", flush=True)


if __name__ == "__main__":
    main()
