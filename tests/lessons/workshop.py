#!/usr/bin/env python3
"""Types ./workshop as a reader does, from other directories too.

    workshop.py LAB BUILD

It does not build: a meson that does nothing is first in the path, and the
build directory has the programs of BUILD. Prints TAP.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
from lessons.running import BUILD, LAB, Skip, main, test

os.environ.pop("THAW_BUILD", None)
SOURCE = pathlib.Path(__file__).resolve().parents[2]
STAGES = sorted(path.name for path in SOURCE.glob("stage[1-6]_*")
                if (pathlib.Path(BUILD) / path.name / path.name).exists())

MESON = """#!/bin/sh
echo "$@" >>"$0.log"
echo '[1/1] Compiling C object main.c.o'
printf 'main.c:1:2: \\033[01;35mwarning: \\033[munused variable\\n'
"""


class Tree:
    """A copy of what ./workshop needs, in a directory with an odd name."""

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="thaw läuft ")
        self.parent = pathlib.Path(self.directory.name)
        self.root = self.parent / "thaw"
        self.caller = self.parent / "caller"
        self.caller.mkdir()
        self.root.mkdir()
        shutil.copy(SOURCE / "workshop", self.root)
        for name in STAGES:
            (self.root / name).mkdir()
            shutil.copy(SOURCE / name / "main.c", self.root / name)
        self.make_build(self.root / "build")
        self.make_meson(self.parent / "bin")
        return self

    def __exit__(self, *_):
        self.directory.cleanup()

    def make_build(self, build):
        for program in [LAB] + [f"{BUILD}/{name}/{name}" for name in STAGES]:
            path = pathlib.Path(program)
            target = build / path.parent.name
            target.mkdir(parents=True)
            shutil.copy(path, target)
        (build / "build.ninja").touch()

    def make_meson(self, directory):
        directory.mkdir()
        (directory / "meson").write_text(MESON)
        (directory / "meson").chmod(0o755)
        self.path = f"{directory}:{os.environ['PATH']}"
        self.log = directory / "meson.log"

    def type(self, *words, status=0, cwd=None, command=None, **environment):
        environment = dict(os.environ, PATH=self.path, **environment)
        environment.pop("THAW_BUILD", None)
        result = subprocess.run(
            [command or str(self.root / "workshop"), *words],
            cwd=cwd or self.caller, env=environment, capture_output=True,
            text=True, timeout=60)
        assert result.returncode == status, (words, result)
        return result


@test
def the_lab_is_built_before_it_runs_and_a_warning_is_shown():
    with Tree() as tree:
        result = tree.type("lab", "list", "2")
        assert "silent-clients" in result.stdout, result
        assert "unused variable" in result.stderr, result
        assert "Compiling" not in result.stderr, result
        assert f"compile -C {tree.root}/build" in tree.log.read_text()


@test
def the_lab_runs_the_servers_beside_it():
    if pathlib.Path(LAB).read_bytes().startswith(b"#!"):
        raise Skip("a script starts the lab of another directory")
    with Tree() as tree:
        program = tree.root / "build/stage2_async/stage2_async"
        program.write_text("#!/bin/sh\necho this is the copy\n")
        result = tree.type("lab", "try", "not-http", "2", status=1)
        assert "this is the copy" in result.stderr, result
        program.unlink()
        result = tree.type("lab", "try", "not-http", "2", status=1)
        assert f"{program}: No such file" in result.stderr, result
        elsewhere = dict(os.environ, THAW_BUILD=BUILD)
        subprocess.run([tree.root / "build/lab/lab", "try", "not-http", "2"],
                       env=elsewhere, check=True, capture_output=True)


@test
def a_relative_file_is_the_callers():
    with Tree() as tree:
        os.mkfifo(tree.caller / "gate")
        server = subprocess.Popen(
            [tree.root / "workshop", "run", "5", "--port", "0", "--work-gate",
             "gate", "--trace", "trace"], cwd=tree.caller,
            env=dict(os.environ, PATH=tree.path), stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)
        assert " listening on " in server.stdout.readline()
        server.terminate()
        server.communicate(timeout=60)
        assert (tree.caller / "trace").exists()
        tree.type("lab", "timeline", "3", "--svg", "picture.svg")
        assert (tree.caller / "picture.svg").exists()


@test
def a_relative_build_directory_is_the_callers():
    with Tree() as tree:
        (tree.root / "build").rename(tree.caller / "other")
        result = subprocess.run(
            [tree.root / "workshop", "run", "3", "--version"], text=True,
            env=dict(os.environ, PATH=tree.path, THAW_BUILD="other"),
            cwd=tree.caller, capture_output=True, timeout=60)
        assert "stage3_parse" in result.stdout, result
        assert not (tree.root / "build").exists()


@test
def a_copy_of_a_stage_beside_it_changes_nothing():
    with Tree() as tree:
        for name in ("stage4_mine", "stage4_another"):
            shutil.copytree(tree.root / "stage4_slow", tree.root / name)
        assert "stage4_slow" in tree.type("run", "4", "--version").stdout
        changes = tree.type("diff", "4", "5").stdout
        assert "--- stage4_slow/main.c" in changes, changes


@test
def an_incomplete_command_says_what_is_missing():
    wrong = {
        ("run",): "workshop run: expected a stage from 1 to 6",
        ("run", "7"): "workshop run: expected a stage from 1 to 6, got '7'",
        ("diff",): "workshop diff: expected two stages: ./workshop diff 4 5",
        ("diff", "4"): "workshop diff: expected two stages: "
                       "./workshop diff 4 5",
        ("diff", "4", "x"): "workshop diff: expected a stage from 1 to 6, "
                            "got 'x'",
        ("fuzz",): "workshop fuzz: expected how many minutes: "
                   "./workshop fuzz 10",
        ("fuzz", "x"): "workshop fuzz: expected how many minutes, got 'x': "
                       "./workshop fuzz 10",
        ("test", "stage1"): "workshop test: expected nothing after it, "
                            "got 'stage1'",
    }
    with Tree() as tree:
        for words, expected in wrong.items():
            result = tree.type(*words, status=2)
            assert result.stderr == f"{expected}\n", result
            assert result.stdout == "", result
        assert not tree.log.exists()


@test
def an_unknown_command_is_told_the_nearest():
    nearest = {"tset": "test", "lap": "lab", "runn": "run", "bnech": "bench",
               "env": "environments", "hnit": "hint", "diff5": "diff",
               "help me": None, "xyz": None, "a": None, "\\": None}
    with Tree() as tree:
        for word, meant in nearest.items():
            first = tree.type(word, status=2).stderr.splitlines()[0]
            expected = f"workshop: no command '{word}'" + (
                f"; did you mean '{meant}'?" if meant else "")
            assert first == expected, first


@test
def each_command_has_a_help_of_its_own_and_does_nothing():
    with Tree() as tree:
        whole = tree.type("--help").stdout
        for command in ("setup", "tour", "test", "run", "diff", "bug",
                        "pictures", "lint", "coverage"):
            lines = tree.type(command, "--help").stdout
            assert lines.startswith(f"  ./workshop {command}"), lines
            assert lines.splitlines()[0] in whole.splitlines(), lines
            assert lines == tree.type(command, "-h").stdout
        assert "run N --help" in tree.type("run", "--help").stdout
        assert not tree.log.exists()
        assert "--port" in tree.type("run", "2", "--help").stdout


@test
def cdpath_sends_it_nowhere():
    with Tree() as tree:
        other = tree.parent / "other"
        (other / "thaw").mkdir(parents=True)
        result = tree.type("run", "1", "--version", cwd=tree.parent,
                           command="thaw/workshop", CDPATH=str(other))
        assert result.stdout.startswith("stage1_blocking"), result


if __name__ == "__main__":
    main()
