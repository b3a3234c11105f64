#!/usr/bin/env python3
"""Runs the tests in the environments that participants' machines have.

    run.py BUILD [--selection] [[--but] NAME...]

Each environment of environments.py, or only those that are named, or with --but
the others, gets one line of the output: how many tests passed, which failed, or
why it was skipped. The suites are those of the servers, the lessons, the
READMEs and teaching/; --selection runs only a few tests of each. The log of
NAME is BUILD/meson-logs/environment-NAME.txt, and .json. Exits 1 if a test
failed.
"""

import ctypes
import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # no caches in the source tree

# pylint: disable=wrong-import-position
from enter import wrap_programs
from environments import ENVIRONMENTS, PROGRAMS, Room

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
sys.path.insert(0, str(HERE.parent))

import usage
from processes import children_of

SET_CHILD_SUBREAPER = 36  # of Linux' prctl
SUITES = [f"--suite={name}" for name in
          (*(f"stage{number}" for number in range(1, 7)), "beyond", "lessons",
           "docs", "exercises", "teaching")]


def files_of(source):
    """Those that git knows, and new ones; without git, all of an archive."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=source, capture_output=True, check=False)
    names = [os.fsdecode(name) for name in listed.stdout.split(b"\0") if name]
    if listed.returncode == 0 and "meson.build" in names:
        return names
    return [path.relative_to(source) for path in source.rglob("*")
            if not path.relative_to(source).parts[0].startswith("build")]


def copy_source(room):
    """A copy that every user can read, with a build of its own."""
    if room.copy.exists():
        return
    for name in files_of(SOURCE):
        if (SOURCE / name).is_file():
            to = room.copy / name
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(SOURCE / name, to)
    # It needs no speed, and this builds in half the time.
    subprocess.run(["meson", "setup", "--buildtype=debug", "-Doptimization=0",
                    room.copy / "build"],
                   cwd=room.copy, check=True, stdout=subprocess.DEVNULL)


def run_tests(environment, room, names):
    """Returns the results: {"name": ..., "result": ...}, one for each test."""
    build = room.build
    if environment.is_copy:
        copy_source(room)
        room = Room(room.path, room.copy / "build")
    if environment.around == PROGRAMS:
        wrap_programs(environment, room)
    base = f"environment-{environment.name}"
    wrapper = [*room.enter, environment.name, room.path, room.build]
    command = ["meson", "test", "-C", room.build, "--logbase", base,
               "--num-processes", "4", "--timeout-multiplier", "0.2",
               *names, "--wrapper",
               " ".join(shlex.quote(str(part)) for part in wrapper)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    # meson adds the wrapper's name.
    logs = {path.suffix: path for path in
            (room.build / "meson-logs").glob(f"{base}-*")}
    if ".json" not in logs:
        return [{"name": "meson test", "result": "FAIL",
                 "stdout": ran.stdout + ran.stderr}]
    for suffix, path in logs.items():
        shutil.copy(path, build / "meson-logs" / (base + suffix))
        if not environment.is_copy:
            path.unlink()
    log = build / "meson-logs" / f"{base}.json"
    results = [json.loads(line) for line in
               log.read_text(encoding="utf-8").splitlines()]
    for result in results:  # "thaw:stage1 / wire 1"
        result["name"] = result["name"].rpartition(" / ")[2]
    return results


def adopt_orphans():
    """A server that ignores SIGTERM outlives its test: it becomes our child."""
    try:
        ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except AttributeError:
        pass  # no Linux


def end_orphans():
    while True:
        children = children_of(os.getpid())
        if not children:
            return
        for child in children:
            os.kill(int(child), signal.SIGKILL)
            os.waitpid(int(child), 0)


def run(environment, room, is_selection):
    """Prints one line, and what failed. Returns whether all is well."""
    start = time.monotonic()
    print(f"{environment.name:12}{environment.how}: ", end="", flush=True)
    why = environment.prepare(room)
    if why:
        print(f"skipped: {why}")
        return True
    names = environment.selection if is_selection else SUITES
    results = run_tests(environment, room, names)
    failed = [result for result in results
              if result["result"] not in ("OK", "EXPECTEDFAIL", "SKIP")]
    if is_selection:
        ran = {result["name"] for result in results}
        failed += [{"name": name, "result": "no such test"} for name in names
                   if name not in ran]
    end_orphans()
    seconds = time.monotonic() - start
    print(f"failed {len(failed)} of {len(results)}" if failed else
          f"passed {len(results)}", f"({seconds:.0f} s)")
    for result in failed:
        print(f"    {result['name']}: {result['result']}")
        said = result.get("stdout", "") + result.get("stderr", "")
        wrong = [line for line in said.splitlines()
                 if not line.startswith("ok ")]
        for line in wrong[-12:]:
            print(f"        {line}")
    sys.stdout.flush()
    return not failed


def make_room(build):
    # Not in /tmp, which one of the environments makes read-only.
    path = tempfile.mkdtemp(prefix="thaw-environment-", dir="/var/tmp")
    os.chmod(path, 0o755)
    room = Room(path, build)
    room.code.mkdir()
    for name in ("enter.py", "environments.py"):
        shutil.copy(HERE / name, room.code)
    return room


def main():
    usage.show_if_asked(__doc__, 1)
    arguments = [one for one in sys.argv[1:]
                 if one not in ("--selection", "--but")]
    known = [environment.name for environment in ENVIRONMENTS]
    if not arguments or set(arguments[1:]) - set(known):
        sys.exit(f"{__doc__}\nNAME: {' '.join(known)}")
    names = set(arguments[1:]) or set(known)
    if "--but" in sys.argv:
        names = set(known) - names
    build = pathlib.Path(arguments[0]).resolve()
    room = make_room(build)
    adopt_orphans()
    try:
        passed = [run(environment, room, "--selection" in sys.argv)
                  for environment in ENVIRONMENTS if environment.name in names]
    finally:
        shutil.rmtree(room.path)
    sys.exit(0 if all(passed) else 1)


if __name__ == "__main__":
    main()
