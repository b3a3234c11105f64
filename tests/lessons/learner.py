#!/usr/bin/env python3
"""Types ./workshop start, check ... as a learner does, and makes mistakes.

    learner.py [TEST...]

In a copy of the tree that has what exercise 5 needs, with an odd name. What the
learner's file does is bad: it hangs, prints or takes memory without end,
crashes, exits, starts processes. Prints TAP.
"""

import fcntl
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
import xml.etree.ElementTree as ElementTree

sys.dont_write_bytecode = True  # no caches in the source tree
SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests"))

# pylint: disable=wrong-import-position
import usage

usage.show_if_asked(__doc__)
FILE = "stage5_queue/channel.c"
STARTER = SOURCE / "exercises/5_channel/starter" / FILE
MARK = f"THAW_TEST_{uuid.uuid4().hex}"
IS_LINUX = sys.platform.startswith("linux")

# Only what exercise 5 needs, so that it is built in seconds.
MESON_BUILD = """
project('scratch', 'c', default_options: ['c_std=c11', 'warning_level=3',
        'buildtype=debugoptimized'])
add_project_arguments('-D_POSIX_C_SOURCE=200809L', language: 'c')
root = include_directories('.')
wraps = []
foreach name : ['mutex_lock', 'mutex_trylock', 'mutex_unlock', 'cond_wait',
                'cond_timedwait', 'cond_signal', 'cond_broadcast', 'create',
                'join']
  wraps += '-Wl,--wrap=pthread_' + name
endforeach
check = ['exercises/check.c', 'exercises/threads.c', 'stage5_queue/channel.c',
         'no_trace.c']
foreach name : ['', '_close', '_consumers', '_expect', '_ring', '_threads',
                '_unlock', '_wake']
  check += 'exercises/5_channel/check' + name + '.c'
endforeach
foreach name, args : {'': [], '_asan': ['-fsanitize=address,undefined'],
                      '_tsan': ['-fsanitize=thread']}
  if name == '' or meson.get_compiler('c').links(
      'int main(void) { return 0; }', args: args)
    executable('check_5_channel' + name, check, include_directories: root,
      dependencies: dependency('threads'),
      c_args: args + ['-DTHAW_HAS_WRAP'], link_args: args + wraps,
      build_by_default: false)
  endif
endforeach
executable('stage5_queue', 'no_server.c', build_by_default: false)
"""
NO_TRACE = """
#include "lib/base/trace.h"
bool trace_is_on;
void trace_write_instant(const char *name, int64_t id) { (void)name; (void)id; }
void trace_write_span(const char *name, int64_t start)
{ (void)name; (void)start; }
void trace_write_count(const char *name, int64_t count)
{ (void)name; (void)count; }
"""
# meson takes longer to start than all that it does here. One test has it.
MESON = """#!/bin/sh
[ "$1" != --version ] || { echo "$MESON_VERSION"; exit; }
[ "$1 $2" != "compile -C" ] || { shift 2; exec ninja -C "$@"; }
exec "$REAL_MESON" "$@"
"""
NO_SERVER = "int main(void) { return 1; }\n"

tests = []


def test(function):
    """It returns why it is impossible here, or None."""
    tests.append(function)
    return function


def left_over():
    """The processes that this test started, and that still run."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/environ"):
        try:
            if MARK.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            pass  # it ended, or is another user's
    return found


class Tree:
    def __init__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="thaw läuft ")
        self.root = pathlib.Path(self.directory.name) / "thäw"
        (self.root / "stage5_queue").mkdir(parents=True)
        for name in ("workshop", "stage5_queue/channel.h",
                     "lib/base/trace.h"):
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(SOURCE / name, self.root / name)
        shutil.copytree(SOURCE / "exercises", self.root / "exercises",
                        ignore=shutil.ignore_patterns(
                            "copies", "[1-46]_*", "more", "bugs", "examples"))
        for name, text in (("meson.build", MESON_BUILD),
                           ("no_trace.c", NO_TRACE),
                           ("no_server.c", NO_SERVER)):
            (self.root / name).write_text(text)
        shim = self.root.parent / "bin/meson"
        shim.parent.mkdir()
        shim.write_text(MESON)
        shim.chmod(0o755)
        self.path = f"{shim.parent}:{os.environ['PATH']}"
        version = subprocess.check_output(["meson", "--version"], text=True)
        self.environment = dict(os.environ, PATH=self.path, **{
            MARK: "1", "REAL_MESON": shutil.which("meson"),
            "MESON_VERSION": version.strip(),
            "LANGUAGE": "en"})  # for what the compiler says
        for name in ("THAW_BUILD", "THAW_CHECK_SECONDS"):
            self.environment.pop(name, None)
        self.file = self.root / FILE
        self.type("reset", "5")
        self.ours = self.file.read_bytes()

    def clean(self):
        shutil.rmtree(self.root / "exercises/copies", ignore_errors=True)
        self.file.write_bytes(self.ours)

    def type(self, *words, status=0, **environment):
        """Types a command, and returns all that it prints."""
        result = subprocess.run(
            ["./workshop", *words], cwd=self.root, text=True,
            env=dict(self.environment, **environment), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
        assert result.returncode == status, (
            f"{words}: status {result.returncode}: {result.stdout}")
        assert not left_over(), (words, left_over())
        return result.stdout

    def write(self, statement, top=""):
        """The learner's file: ours, and this at the start of a send."""
        start = b"    enum channel_send result = CHANNEL_SENT;\n"
        assert start in self.ours
        self.file.write_bytes(top.encode() + self.ours.replace(
            start, start + b"    " + statement.encode() + b"\n"))

    def has_tsan(self):
        """Can the compiler link it?"""
        self.type("check", "5.1")
        return "check_5_channel_tsan" in (
            self.root / "build/meson-info/intro-targets.json").read_text()

    def copies(self):
        return sorted(path for path in
                      (self.root / "exercises/copies").glob("*channel.c*"))


tree = None


def has(text, *parts):
    """Lines may be broken anywhere."""
    flat = " ".join(text.split())
    for part in parts:
        assert part in flat, f"no '{part}' in:\n{text}"


# --- start, reset, hint, solution, progress ---------------------------------

@test
def start_says_which_file_which_functions_and_what_is_next():
    said = tree.type("start", "5")
    has(said, FILE, "channel_try_send", "channel_receive", "channel_close",
        "./workshop check 5", "./workshop hint 5")
    assert tree.file.read_bytes() == STARTER.read_bytes()
    assert not tree.copies()
    number = re.search(r"line (\d+) +channel_receive", said)[1]
    line = tree.file.read_text().splitlines()[int(number) - 1]
    assert line.startswith("bool channel_receive("), line


@test
def what_the_learner_wrote_is_copied_before_it_is_replaced():
    mine = []
    for i in range(3):  # in one second
        mine.append(b"// mine %d\n" % i + STARTER.read_bytes())
        tree.file.write_bytes(mine[-1])
        has(tree.type("start" if i % 2 else "reset", "5"),
            "was changed: a copy of it is in exercises/copies/")
    assert sorted(path.read_bytes() for path in tree.copies()) == mine


@test
def starting_again_loses_and_copies_nothing():
    tree.type("start", "5")
    has(tree.type("start", "5"), "nothing is written yet")
    assert not tree.copies()


@test
def reset_gives_ours_back_whatever_became_of_the_file():
    for change in (lambda: tree.file.write_bytes(b"\xff\0"),
                   tree.file.unlink, lambda: tree.type("start", "5")):
        change()
        tree.type("reset", "5")
        assert tree.file.read_bytes() == (SOURCE / FILE).read_bytes()
    has(tree.type("reset", "5"), "ours already")


@test
def a_full_disk_or_a_locked_directory_loses_nothing():
    if os.getuid() == 0:
        return "root may write everywhere"
    tree.file.write_bytes(b"mine\n")
    (tree.root / "exercises/copies").mkdir(exist_ok=True)
    (tree.root / "exercises/copies").chmod(0o500)
    try:
        has(tree.type("start", "5", status=3), "Permission denied")
    finally:
        (tree.root / "exercises/copies").chmod(0o700)
    assert tree.file.read_bytes() == b"mine\n"
    return None


@test
def hints_come_one_at_a_time_and_are_remembered():
    tree.type("start", "5")
    first = tree.type("hint", "5")
    second = tree.type("hint", "5")
    has(first, "5.1, hint 1 of")
    has(second, "5.1, hint 2 of")
    assert "hint 1 of" not in second
    has(tree.type("hint", "5.3"), "5.3, hint 1 of")
    has(tree.type("progress"), "3 hints")
    for _ in range(3):
        said = tree.type("hint", "5.4")
    has(said, "all 2 hints were shown", "hint 1 of 2", "hint 2 of 2",
        "./workshop solution 5")


@test
def the_solution_is_the_difference_from_the_learners_file_to_ours():
    tree.file.write_bytes(b"// mine\n" + STARTER.read_bytes())
    said = tree.type("solution", "5")
    has(said, "(yours)", "(ours)", "-// mine", "+static void *slot(")
    patch = tree.root / "said.patch"
    patch.write_text(said)
    result = subprocess.run(["patch", FILE, patch], cwd=tree.root, text=True,
                            capture_output=True)
    assert tree.file.read_bytes() == tree.ours, result
    has(tree.type("solution", "5"), "no difference to ours")


@test
def incomplete_and_wrong_commands_say_what_is_missing():
    for words, part in (
            (["check"], "./workshop check: expected an exercise: 5"),
            (["start"], "./workshop start: expected an exercise: 5"),
            (["hint"], "./workshop hint: expected an exercise"),
            (["check", "7"], "expected an exercise: 5; got '7'"),
            (["check", "5.9"], "exercise 5 has no step 5.9: 5.1 to 5.6"),
            (["check", "5", "--from"], "expected --from and a step"),
            (["check", "5", "--from", "9"], "got '9'"),
            (["check", "5", "--to", "5.2"], "unknown option '--to'"),
            (["check", "5", "--junit"], "expected --junit and a file"),
            (["check", "5", "--json=no"], "--json takes no value"),
            (["check", "5", "6"], "expected one exercise"),
            (["start", "5.2"], "./workshop start 5"),
            (["progress", "5"], "progress takes nothing")):
        has(tree.type(*words, status=2), part)
    for command in ("start", "check", "hint", "solution", "reset", "progress"):
        has(tree.type(command, "--help"), "./workshop check N")


@test
def progress_has_a_line_for_each_exercise():
    tree.type("reset", "5")
    has(tree.type("progress"), "5 channel not started")
    tree.type("start", "5")
    has(tree.type("progress"), "5 channel started")
    tree.type("check", "5", status=1)
    has(tree.type("progress"), "0 of 6 steps, stopped at 5.1 a full channel")
    tree.write("")
    tree.type("check", "5.1")
    has(tree.type("progress"), "1 of 6 steps")
    tree.file.write_bytes(tree.ours + b"\n")
    has(tree.type("progress"), "1 of 6 steps (changed since that check)")
    notes = tree.root / "exercises/copies/progress.json"
    for text in ("{", "[]", '{"5_channel": 7}', '{"5_channel": {"hints": 1}}'):
        notes.write_text(text)  # a broken file is no obstacle
        has(tree.type("progress"), "5 channel started")


# --- check ------------------------------------------------------------------

@test
def the_starter_fails_at_its_first_step_and_ours_passes():
    tree.type("start", "5")
    said = tree.type("check", "5", status=1)
    has(said, "nothing is written yet", "5.1 a full channel rejects", "FAILED",
        "Still as started: channel_try_send, channel_receive, channel_close",
        "again: ./workshop check 5.1",
        "by hand: build/check_5_channel full")
    assert "5.2" not in said
    tree.type("reset", "5")
    said = tree.type("check", "5.3")
    has(said, "ours", "./workshop start 5", "1 of 6 steps passed")
    assert "5.1" not in said


@test
def what_is_still_as_started_is_named():
    """Also when its lines are indented in another way."""
    tree.type("start", "5")
    starter = tree.file.read_bytes()
    begun = starter.replace(b"return CHANNEL_CLOSED;", b"return CHANNEL_FULL;")
    assert begun != starter
    tree.file.write_bytes(begun.replace(b"    ", b"\t"))
    said = tree.type("check", "5", status=1)
    has(said, "Still as started: channel_receive, channel_close")
    tree.write("return CHANNEL_CLOSED;")
    assert "as started" not in tree.type("check", "5", status=1)


@test
def from_a_step_on():
    for first in (["--from", "5.4"], ["--from=4"]):
        said = tree.type("check", "5", *first, status=1)
        has(said, "5.4 eight threads", "5.5 no data race", "5.6 as a server",
            "the server ended with status 1")
        assert "5.3 " not in said


@test
def what_the_compiler_says_is_shown():
    tree.file.write_bytes(tree.ours + b"int unused(void) { int x; }\n")
    for _ in range(2):  # the second time, nothing is left to compile
        has(tree.type("check", "5.1"), "The compiler warns",
            f"{FILE}:", "unused variable", "passed")
    tree.file.write_bytes(tree.ours.replace(b"CHANNEL_SENT;", b"CHANNEL_SENT"))
    said = tree.type("check", "5", status=1)
    has(said, "It does not compile", f"{FILE}:", "error: expected")
    assert "5.1" not in said and "ninja" not in said, said
    tree.file.write_bytes(tree.ours[:tree.ours.index(b"size_t channel_len")])
    has(tree.type("check", "5", status=1), "undefined reference",
        "channel_length")


@test
def a_file_that_is_not_there():
    tree.file.unlink()
    has(tree.type("check", "5", status=1), f"{FILE}: no such file",
        "./workshop start 5", "./workshop reset 5")


@test
def a_hang_is_ended_with_its_likely_cause():
    tree.write("pthread_mutex_lock(&channel->mutex);")
    start = time.monotonic()
    has(tree.type("check", "5", status=1, THAW_CHECK_SECONDS="1"),
        "sent: 3 jobs into a channel with 3 slots", "it only waited",
        "does each path")
    tree.write("for (volatile int i = 0;; i++);")
    has(tree.type("check", "5", status=1, THAW_CHECK_SECONDS="1"),
        "it computed all the time")
    assert time.monotonic() - start < 60


@test
def a_hang_that_ignores_all_signals():
    tree.write("sigset_t all; sigfillset(&all); "
               "pthread_sigmask(SIG_BLOCK, &all, NULL); while (1) pause();",
               top="#include <signal.h>\n#include <unistd.h>\n")
    has(tree.type("check", "5", status=1, THAW_CHECK_SECONDS="1"), "no end")


@test
def output_without_end_is_stopped_and_the_little_is_shown():
    tree.write('while (1) puts("around and around");',
               top="#include <stdio.h>\n")
    said = tree.type("check", "5", status=1)
    has(said, "more than 256 KiB", "around and around")
    assert len(said) < 5000
    tree.write('puts("I am here");', top="#include <stdio.h>\n")
    has(tree.type("check", "5.1"), "printed: ", "I am here", "passed")
    tree.write('printf("no newline"); return CHANNEL_FULL;',
               top="#include <stdio.h>\n")
    has(tree.type("check", "5", status=1), "sent: 3 jobs",
        "came: job 1: CHANNEL_FULL", "printed: no newline")


@test
def memory_without_end_is_stopped():
    if not IS_LINUX:
        return "only Linux says how much memory a process uses"
    tree.write("for (;;) memset(malloc(1 << 20), 1, 1 << 20);")
    has(tree.type("check", "5", status=1), "more than 512 MiB of memory")
    return None


@test
def a_crash_names_its_signal_and_the_line():
    tree.write("*(volatile int *)NULL = 1;")
    has(tree.type("check", "5", status=1), "signal 11, SIGSEGV",
        "sent: 3 jobs", "a pointer that is NULL",
        "channel_try_send stage5_queue/channel.c:")
    tree.write("abort();")
    has(tree.type("check", "5", status=1), "SIGABRT")


@test
def an_exit_in_the_middle_is_no_success():
    for status in (0, 1):
        tree.write(f"exit({status});")
        has(tree.type("check", "5", status=1), "in the middle of the step",
            f"exit status {status}", "does your code call exit?")
    tree.write('puts("passed"); exit(0);', top="#include <stdio.h>\n")
    tree.type("check", "5.1", status=1)


def grade(statement, top=""):
    """What a gradebook gets: (JSON, {step: (failures, skipped)} of JUnit). The
    last step fails always, because the copy has no server."""
    tree.write(statement, top)
    (tree.root / "a b.xml").unlink(missing_ok=True)
    said = tree.type("check", "5", "--json", "--junit", "a b.xml", status=1)
    cases = ElementTree.parse(tree.root / "a b.xml").iter("testcase")
    said = said[said.index("{"):]  # the first time, it says that it builds
    return json.loads(said), {
        case.get("name").split()[0]: (len(case.findall("failure")),
                                      len(case.findall("skipped")))
        for case in cases}


@test
def a_gradebook_gets_a_point_for_each_step_that_passes():
    most, cases = grade("")
    results = [step["result"] for step in most["steps"]]
    skipped = results.count("skipped")
    assert results[0] == "passed" and results[-1] == "failed", most
    assert most["of"] == len(results) - skipped, most
    assert most["points"] == most["of"] - 1, most
    assert cases == {step["step"]: (int(step["result"] == "failed"),
                                    int(step["result"] == "skipped"))
                     for step in most["steps"]}, cases
    # The first step fails, and the others are run all the same.
    some, cases = grade(
        'puts("\\x1b]0;\\x01"); if (channel->sent - channel->received == '
        "channel->capacity) return CHANNEL_CLOSED;",
        top="#include <stdio.h>\n")
    assert some["steps"][0]["result"] == "failed", some
    assert 0 < some["points"] < most["points"], some
    assert some["of"] == most["of"], some
    assert cases["5.1"] == (1, 0) and (0, 0) in cases.values(), cases
    # Without a program there is no step.
    none, cases = grade("this is no C;")
    assert none["points"] == 0 and none["of"] == len(results), none
    assert {step["result"] for step in none["steps"]} == {"not run"}, none
    assert set(cases.values()) == {(1, 0)}, cases
    said = tree.type("check", "5", "--junit", "/no/such/file", status=3)
    has(said, "cannot write /no/such/file: No such file or directory")
    assert "no fault of yours" not in said, said


@test
def processes_that_the_code_starts_are_ended():
    tree.write("if (fork() == 0) { setsid(); if (fork() == 0) "
               "while (1) sleep(1); _exit(0); }",
               top="#include <unistd.h>\n")
    tree.type("check", "5.1")  # it passes: but type() sees what is left


@test
def files_that_the_code_leaves_are_removed():
    tree.write('puts(getenv("TMPDIR")); chdir(getenv("TMPDIR")); '
               'fclose(fopen("left", "w"));',
               top="#include <stdio.h>\n#include <unistd.h>\n")
    said = tree.type("check", "5.1")
    path = re.search(r"\S*thaw-step-\w+", said)[0]
    assert not pathlib.Path(path).exists(), path


@test
def a_data_race_names_both_places():
    tree.write("static int sends; sends++;")
    if tree.has_tsan():
        has(tree.type("check", "5.5", status=1), "a data race",
            "channel_try_send", FILE)
    else:
        has(tree.type("check", "5.5"), "skipped: the compiler here")


@test
def a_check_that_is_interrupted_leaves_nothing():
    tree.write("while (1) pause();", top="#include <unistd.h>\n")
    tree.type("check", "5", status=1, THAW_CHECK_SECONDS="0.5")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        process = subprocess.Popen(
            ["./workshop", "check", "5"], cwd=tree.root, text=True,
            env=tree.environment, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, restore_signals=True)
        for line in process.stdout:
            if line.startswith("5.1"):
                break
        end = time.monotonic() + 30
        while len(left_over()) < 2 and time.monotonic() < end:
            time.sleep(0.01)
        process.send_signal(number)
        said = process.communicate(timeout=30)[0]
        assert process.returncode != 0
        assert said.endswith("\ninterrupted\n"), said
        # The kernel ends what is left; that may take a moment.
        end = time.monotonic() + 5
        while left_over() and time.monotonic() < end:
            time.sleep(0.01)
        assert not left_over(), number


@test
def a_check_waits_for_the_other_build():
    tree.type("check", "5.1")  # so that there is a build directory
    with open(tree.root / "build/.one-build", "a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = subprocess.Popen(
            ["./workshop", "check", "5.1"], cwd=tree.root, text=True,
            env=tree.environment, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        said = ""
        for line in process.stdout:
            said += line
            if "waiting" in line:
                break
    said += process.communicate(timeout=60)[0]
    has(said, "waiting for the other build in", "passed")


@test
def a_build_directory_elsewhere():
    other = tree.root.parent / "other build"
    has(tree.type("check", "5.1", THAW_BUILD=str(other),
                  PATH=os.environ["PATH"]), "passed")
    has(tree.type("check", "5.1", THAW_BUILD="../other build"), "passed")
    assert (other / "build.ninja").exists()


def main():
    global tree
    tree = Tree()
    chosen = [one for one in tests
              if one.__name__ in sys.argv[1:] or not sys.argv[1:]]
    print(f"1..{len(chosen)}")
    for number, function in enumerate(chosen, start=1):
        tree.clean()
        try:
            why = function()
            print(f"ok {number} - {function.__name__}"
                  + (f" # SKIP {why}" if why else ""))
        except Exception as fault:
            print(f"not ok {number} - {function.__name__}")
            for line in f"{type(fault).__name__}: {fault}".splitlines():
                print(f"# {line}")
        sys.stdout.flush()
    tree.directory.cleanup()


if __name__ == "__main__":
    main()
