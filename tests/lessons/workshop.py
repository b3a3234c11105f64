#!/usr/bin/env python3
"""Types ./workshop as a reader does, from other directories too.

    workshop.py LAB BUILD

Most tests do not build: a meson that does nothing is first in the path, and the
build directory has the programs of BUILD. Prints TAP.
"""

import os
import pathlib
import select
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
from lessons.running import BUILD, LAB, Skip, main, test
from processes import is_running, wait_until
from ready_build import make_ready

os.environ.pop("THAW_BUILD", None)
SOURCE = pathlib.Path(__file__).resolve().parents[2]
STAGES = sorted(path.name for path in SOURCE.glob("stage[1-6]_*")
                if (pathlib.Path(BUILD) / path.name / path.name).exists())

MESON = """#!/bin/sh
[ "$1" != --version ] || exit
echo "$@" >>"$0.log"
echo '[1/1] Compiling C object main.c.o'
printf 'main.c:1:2: \\033[01;35mwarning: \\033[munused variable\\n'
"""

# setup compiles a program to see that there is a C library. These tests type
# some hundred commands, and doctor.py is about what is missing.
COMPILER = """#!/bin/sh
"""

# It builds until there is a file "go", and notes when another one does.
SLOW_MESON = """#!/bin/sh
[ "$1" != --version ] || exit
mkdir "$0.busy" || echo overlap >>"$0.log"
echo $$ >>"$0.log"
while [ ! -e "$0.go" ]; do sleep 0.01; done
rmdir "$0.busy"
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
        shutil.copytree(SOURCE / "exercises", self.root / "exercises",
                        ignore=shutil.ignore_patterns("copies"))
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
        make_ready(build, self.root)

    def move_build(self, place):
        (self.root / "build").rename(place)
        make_ready(place, self.root)

    def make_meson(self, directory):
        directory.mkdir()
        for name, text in (("meson", MESON), ("cc", COMPILER)):
            (directory / name).write_text(text)
            (directory / name).chmod(0o755)
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
        tree.move_build(tree.caller / "other")
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
        ("run",): "workshop run: expected a stage from 1 to 6, lanes, "
                  "durable or shared",
        ("run", "7"): "workshop run: expected a stage from 1 to 6, lanes, "
                      "durable or shared, got '7'",
        ("diff",): "workshop diff: expected two stages: ./workshop diff 4 5",
        ("diff", "4"): "workshop diff: expected two stages: "
                       "./workshop diff 4 5",
        ("diff", "4", "x"): "workshop diff: expected a stage from 1 to 6, "
                            "lanes, durable or shared, got 'x'",
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
def a_server_beyond_the_stages_runs_if_it_is_built():
    with Tree() as tree:
        for name in ("lanes", "durable", "shared"):
            said = tree.type("run", name, "--version", status=1).stderr
            assert f"{name} is not built, because a library is" in said, said
            assert "./workshop setup beyond\n" in said, said
            assert "beyond_programs" in tree.log.read_text()
            directory = tree.root / "build/beyond" / name
            directory.mkdir(parents=True)
            (directory / name).write_text('#!/bin/sh\necho "it runs: $*"\n')
            (directory / name).chmod(0o755)
            said = tree.type("run", name, "--version").stdout
            assert said == "it runs: --version\n", said
        tree.log.unlink()
        tree.type("run", "5", "--version")
        tree.type("lab", "list", "5")
        assert "beyond_programs" not in tree.log.read_text()
        (tree.root / "beyond/lanes").mkdir(parents=True)
        shutil.copy(tree.root / "stage5_queue/main.c",
                    tree.root / "beyond/lanes")
        changes = tree.type("diff", "6", "lanes").stdout
        assert "\n+++ beyond/lanes/main.c" in changes, changes


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
        for command in ("doctor", "setup", "pack", "tour", "test", "run",
                        "diff", "bug", "pictures", "lint", "coverage"):
            lines = tree.type(command, "--help").stdout
            assert lines.startswith(f"  ./workshop {command}"), lines
            assert lines.splitlines()[0] in whole.splitlines(), lines
            assert lines == tree.type(command, "-h").stdout
        assert "run N --help" in tree.type("run", "--help").stdout
        assert not tree.log.exists()
        assert "--port" in tree.type("run", "2", "--help").stdout


@test
def help_is_shown_wherever_it_is_asked_for():
    with Tree() as tree:
        for words, expected in (
                (("test", "-v", "--help"), "  ./workshop test "),
                (("diff", "4", "--help"), "  ./workshop diff N M"),
                (("bug", "3", "-h"), "  ./workshop bug "),
                (("fuzz", "10", "--help"), "  ./workshop fuzz MINUTES"),
                (("help", "tour"), "  ./workshop tour"),
                (("check", "5", "--help"), "Usage: ./workshop COMMAND"),
                (("help", "hint"), "Usage: ./workshop COMMAND")):
            if not (tree.root / "tests").exists() and words[0] == "fuzz":
                (tree.root / "tests").symlink_to(SOURCE / "tests")
            said = tree.type(*words).stdout
            assert said.startswith(expected), (words, said)
        for word in ("--help", "-h"):
            assert "no command" in tree.type("nonsense", word, status=2).stderr
        assert not tree.log.exists()


class Typed:
    """A command that still runs, and what it says."""

    def __init__(self, tree, *words, **environment):
        self.process = subprocess.Popen(
            [tree.root / "workshop", *words], cwd=tree.root, text=True,
            env=dict(os.environ, PATH=tree.path, **environment),
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:  # the first is passed on to the build
                os.killpg(self.process.pid, number)
                self.process.wait(timeout=5)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                pass
        self.process.communicate(timeout=60)

    def expect_waiting(self):
        ready, _, _ = select.select([self.process.stderr], [], [], 60)
        said = self.process.stderr.readline() if ready else "nothing"
        assert "waiting for the other build" in said, said


def slow(tree):
    """From now on a build lasts until the file that this returns is there."""
    (tree.log.parent / "meson").write_text(SLOW_MESON)
    return tree.log.with_suffix(".go")


def begun(tree):
    return tree.log.read_text().split() if tree.log.exists() else []


@test
def one_build_waits_for_the_other():
    with Tree() as tree:
        go = slow(tree)
        with Typed(tree, "lab", "list", "2") as one:
            wait_until(lambda: begun(tree))
            with Typed(tree, "run", "3", "--version") as two:
                two.expect_waiting()
                assert len(begun(tree)) == 1
                go.touch()
                assert one.process.wait(timeout=60) == 0
                assert two.process.wait(timeout=60) == 0
        assert len(begun(tree)) == 2 and "overlap" not in begun(tree)


@test
def a_build_that_is_ended_leaves_no_lock():
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
        with Tree() as tree:
            go = slow(tree)
            with Typed(tree, "lab", "list", "2") as one:
                wait_until(lambda: begun(tree))
                os.killpg(one.process.pid, number)
                one.process.wait(timeout=60)
                wait_until(lambda: not is_running(begun(tree)[0]))
            go.touch()
            tree.log.with_suffix(".busy").rmdir()
            tree.type("lab", "list", "2")
            assert "overlap" not in begun(tree)


@test
def a_build_directory_elsewhere_has_its_own_lock():
    with Tree() as tree:
        tree.move_build(tree.caller / "other")
        before = sorted(tree.root.rglob("*"))
        go = slow(tree)
        other = {"THAW_BUILD": str(tree.caller / "other")}
        with Typed(tree, "lab", "list", "2", **other) as one:
            wait_until(lambda: begun(tree))
            with Typed(tree, "lab", "list", "2", **other) as two:
                two.expect_waiting()
                go.touch()
                assert one.process.wait(timeout=60) == 0
                assert two.process.wait(timeout=60) == 0
        assert sorted(tree.root.rglob("*")) == before


@test
def a_stage_with_holes_says_so_when_it_runs():
    path = "stage5_queue/channel.c"
    starter = SOURCE / "exercises/5_channel/starter" / path
    with Tree() as tree:
        said = tree.type("run", "5", "--version").stderr
        assert "holes" not in said, said
        shutil.copy(starter, tree.root / path)
        holes = (f"{path} has holes: channel_try_send, channel_receive, "
                 "channel_close\n")
        for words in (("run", "5", "--version"), ("run", "6", "--version"),
                      ("lab", "try", "not-http", "5")):
            said = tree.type(*words).stderr
            assert holes in said and "./workshop reset 5" in said, said
        assert "holes" not in tree.type("run", "4", "--version").stderr
        # One is filled in, and still has its marks.
        text = starter.read_text()
        mark = "// --- build: channel_receive ---\n"
        assert mark in text
        (tree.root / path).write_text(text.replace(mark, mark + "// mine\n"))
        said = tree.type("run", "5", "--version").stderr
        assert "has holes: channel_try_send, channel_close\n" in said, said


if pathlib.Path("/dev/full").exists():
    @test
    def a_full_disk_is_told():
        with Tree() as tree:
            for words in (("--help",), ("lab", "--help"), ("run", "--help"),
                          ("run", "5", "--help"), ("check", "--help"),
                          ("diff", "4", "5"), ("progress",), ("hint", "5"),
                          ("hint", "6.order"), ("solution", "6.order"),
                          ("start", "5"), ("bug",), ("bug", "--help"),
                          ("bench", "--help")):
                with open("/dev/full", "w") as full:
                    result = subprocess.run(
                        [tree.root / "workshop", *words], stdout=full,
                        stderr=subprocess.PIPE, text=True, timeout=60,
                        env=dict(os.environ, PATH=tree.path), check=False)
                assert result.returncode != 0, (words, result)
                said = [line for line in result.stderr.splitlines()
                        if "warning" not in line]
                assert len(said) == 1, (words, result)


@test
def what_a_person_typed_reaches_the_terminal_without_escapes():
    words = "a\x1b[2Jb\x9bc\u202ed", "\\033[2J"
    with Tree() as tree:
        for word in words:
            for typed in ((word,), ("run", word), ("tour", word),
                          ("diff", "4", word), ("fuzz", word), ("bug", word),
                          ("check", word), ("start", word), ("hint", word),
                          ("progress", word), ("check", "5", "--" + word)):
                result = subprocess.run(
                    [tree.root / "workshop", *typed], cwd=tree.caller,
                    env=dict(os.environ, PATH=tree.path), capture_output=True,
                    timeout=60, check=False)
                said = (result.stdout + result.stderr).decode()
                assert result.returncode in (1, 2), (typed, result)
                assert all(one.isprintable() or one in "\n\t"
                           for one in said), (typed, said)
                assert "[2J" in said, (typed, said)


@test
def cdpath_sends_it_nowhere():
    with Tree() as tree:
        other = tree.parent / "other"
        (other / "thaw").mkdir(parents=True)
        result = tree.type("run", "1", "--version", cwd=tree.parent,
                           command="thaw/workshop", CDPATH=str(other))
        assert result.stdout.startswith("stage1_blocking"), result


# --- a build directory that came from elsewhere -----------------------------

SAYS_WHERE = """#include <stdio.h>
int main(void) { puts(WHERE); return LEVEL; }
"""
# It takes longer to start than all that it does here. The lab alone is built.
REAL_MESON = """#!/bin/sh
[ "$1" != --version ] || {{ echo {version}; exit; }}
[ "$1 $2" != "compile -C" ] || exec ninja -C "$3"
exec {meson} "$@"
"""
# With a name of its own, since every meson and compiler has another version.
OTHER_MESON = """#!/bin/sh
[ "$1" != --version ] || { echo "$OTHER_VERSION"; exit; }
exec "$REAL_MESON" "$@"
"""


class RealTree(Tree):
    """Its meson is the real one, and its lab says where it is built."""

    def __enter__(self):
        super().__enter__()
        if len(STAGES) < 6:
            raise Skip("not all stages are built")
        shutil.rmtree(self.root / "build")
        self.parent.chmod(0o755)  # another user looks at it, too
        (self.log.parent / "cc").unlink()
        self.meson = self.log.parent / "meson"
        real = shutil.which("meson")
        self.version = subprocess.check_output([real, "--version"],
                                               text=True).strip()
        self.meson.write_text(REAL_MESON.format(meson=shlex.quote(real),
                                                version=self.version))
        (self.root / "lab").mkdir(exist_ok=True)
        (self.root / "lab/says.c").write_text(SAYS_WHERE)
        (self.root / "lab/meson.build").write_text(
            "executable('lab', 'says.c', c_args: ["
            "'-DWHERE=\"@0@\"'.format(meson.project_source_root()), "
            "'-DLEVEL=' + get_option('level').to_string()])\n")
        (self.root / "meson.build").write_text(
            "project('thaw', 'c')\nsubdir('lab')\n")
        (self.root / "meson_options.txt").write_text(
            "option('level', type: 'integer', value: 0)\n")
        return self

    def lab(self, status=0, root=None, **environment):
        """What the lab prints, and what ./workshop says."""
        root = root or self.root
        result = self.type("lab", status=status, command=root / "workshop",
                           **environment)
        return result.stdout, result.stderr

    def expect_again(self, why, root=None, status=0, **environment):
        """It is set up again, says why, and only this time."""
        root = root or self.root
        for said in (f"workshop: build/ {why}: setting it up again\n", ""):
            printed, told = self.lab(status, root, **environment)
            assert (printed, told) == (f"{root}\n", said), (printed, told)


@test
def a_moved_or_copied_checkout_sets_its_build_up_again():
    with RealTree() as tree:
        assert tree.lab() == (f"{tree.root}\n",
                              "workshop: building in build/\n")
        copy = tree.parent / "the copy"
        (tree.root / "build/mine").touch()
        shutil.copytree(tree.root, copy, symlinks=True)
        why = f"was set up for {tree.root}"
        tree.expect_again(why, copy)
        assert tree.lab() == (f"{tree.root}\n", "")  # the original is the same
        moved = tree.parent / "moved"
        tree.root.rename(moved)
        tree.expect_again(why, moved)
        assert (copy / "build/mine").exists()
        assert (moved / "build/mine").exists()


@test
def the_options_of_a_build_outlive_its_move():
    with RealTree() as tree:
        subprocess.run([tree.meson, "setup", tree.root / "build", tree.root,
                        "-Dlevel=3"], check=True, stdout=subprocess.DEVNULL)
        assert tree.lab(status=3)[0] == f"{tree.root}\n"
        moved = tree.parent / "moved"
        tree.root.rename(moved)
        tree.expect_again(f"was set up for {tree.root}", moved, status=3)


@test
def a_build_that_is_only_half_set_up_is_set_up_again():
    with RealTree() as tree:
        tree.lab()
        for name, text in (("build.ninja", None),
                           ("meson-private/coredata.dat", None),
                           ("meson-info/meson-info.json", '{"meson_ver'),
                           ("meson-info", None)):
            path = tree.root / "build" / name
            if text is not None:
                path.write_text(text)
            elif path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
            tree.expect_again("was not set up to its end")


@test
def a_build_of_another_meson_or_compiler_is_set_up_again():
    with RealTree() as tree:
        programs = tree.parent / "programs"
        programs.mkdir()
        (programs / "meson").write_text(OTHER_MESON)
        gone = programs / "gone-cc"
        gone.write_text('#!/bin/sh\nexec cc "$@"\n')
        (programs / "meson").chmod(0o755)
        gone.chmod(0o755)
        tree.lab(CC=shlex.quote(str(gone)))
        other = {"REAL_MESON": str(tree.meson), "OTHER_VERSION": tree.version}
        before = tree.path
        tree.path = f"{programs}:{before}"
        assert tree.lab(**other)[1] == ""  # the same version elsewhere
        other["OTHER_VERSION"] = "0.59.9"
        said = tree.lab(**other)[1]
        assert (f"by meson {tree.version}, and this is 0.59.9: setting it up"
                in said), said
        tree.path = before
        gone.unlink()
        tree.expect_again(f"was set up for the compiler {gone}, which is gone")


def times_of(build):
    """When its files changed, the lock aside."""
    return {path: path.stat().st_mtime_ns for path in build.iterdir()
            if path.name != ".one-build"}


@test
def the_build_of_another_checkout_or_program_is_left_alone():
    with RealTree() as tree:
        tree.lab()
        copy = tree.parent / "copy"
        shutil.copytree(tree.root, copy, symlinks=True)
        elsewhere = tree.parent / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "build.ninja").write_text("# of cmake\n")
        for build, said in ((tree.root / "build", "is the build directory of "
                             f"{tree.root}. Please build elsewhere"),
                            (elsewhere, "of another program than meson")):
            before = times_of(build)
            result = subprocess.run(
                [copy / "workshop", "lab"], capture_output=True, text=True,
                env=dict(os.environ, THAW_BUILD=str(build)), timeout=60)
            assert result.returncode == 1 and said in result.stderr, result
            assert times_of(build) == before


@test
def a_build_directory_of_another_user_is_told():
    """Root may write everything, so root becomes another user."""
    def become_another():
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
    with RealTree() as tree:
        tree.lab()
        build = tree.root / "build"
        for path, mode in ((build, 0o555), (build, 0o755),
                           (build / "build.ninja", 0o444)):
            path.chmod(mode)
            # pylint: disable=subprocess-popen-preexec-fn
            result = subprocess.run(
                [tree.root / "workshop", "lab"], capture_output=True, text=True,
                env=dict(os.environ, PATH=tree.path), timeout=60,
                preexec_fn=become_another)
            if os.geteuid() != 0 and mode == 0o755:
                assert result.returncode == 0, result
                continue
            assert result.returncode == 1, result
            assert result.stderr.startswith("workshop: cannot write "), result
            assert "THAW_BUILD=DIRECTORY ./workshop" in result.stderr, result
            assert result.stderr.count("\n") == 1, result
        build.chmod(0o755)


if __name__ == "__main__":
    main()
