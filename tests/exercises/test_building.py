#!/usr/bin/env python3
"""A build that did not end by itself is told as what it was.

    test_building.py SOURCE

Here meson is a script that says what gcc, clang and the linkers say when the
machine has no time, memory or room for them. Prints TAP.
"""

import os
import pathlib
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import usage

usage.show_if_asked(__doc__, 1)
SOURCE = pathlib.Path(sys.argv[1]).resolve()
sys.path.insert(0, str(SOURCE / "exercises"))
import building

EITHER = "Either the machine has too little time or memory"
ERROR = "a.c:3:5: error: 'x' undeclared"
# Name, what the script does, which exception, what its text has.
CASES = [
    ("an error is the compiler's", f'echo "{ERROR}"; exit 1', "Failed",
     [ERROR]),
    ("an error beside words like ours",
     f'echo "{ERROR}"; echo "    3 |  puts(x, \\"gcc: out of memory\\");"; '
     'echo "a.c:3:9: note: No signal terminated program x"; exit 1',
     "Failed", [ERROR, "out of memory"]),
    ("the compiler was killed",
     'echo "gcc: fatal error: Killed signal terminated program cc1"; exit 1',
     "Stopped", ["Killed signal terminated program cc1", EITHER]),
    ("the compiler's time was over",
     'echo "gcc: internal compiler error: CPU time limit exceeded signal '
     'terminated program cc1"; exit 1',
     "Stopped", ["CPU time limit exceeded", EITHER]),
    ("the compiler had no memory",
     'echo "cc1: out of memory allocating 65536 bytes"; exit 1',
     "Stopped", ["out of memory allocating", EITHER]),
    ("clang was killed",
     'echo "clang: error: unable to execute command: Killed"; exit 1',
     "Stopped", ["unable to execute command: Killed", EITHER]),
    ("the linker was killed",
     'echo "collect2: fatal error: ld terminated with signal 9 [Killed]"; '
     "exit 1", "Stopped", ["ld terminated with signal 9", EITHER]),
    ("no process is left",
     'echo "ninja: fatal: posix_spawn: Resource temporarily unavailable"; '
     "exit 1", "Stopped", ["posix_spawn: Resource temporarily", EITHER]),
    ("a signal ended meson", "kill -9 $$", "Stopped",
     ["a signal ended the build: Killed (9)", EITHER]),
    ("the disk is full",
     'echo "a.c:9: fatal error: error writing to /tmp/a.s: No space left on '
     'device"; exit 1', "CannotBuild", ["the disk is full: a.c:9:"]),
    ("it takes too long", "while :; do sleep 0.1; done", "Stopped",
     ["the build took more than 3 s, and was stopped", EITHER]),
    ("it prints too much", 'while :; do echo "a.c:1:1: warning: x"; done',
     "Stopped", ["the build printed more than 100 KiB, and was stopped",
                 EITHER]),
    ("what it says beside a success is no fault",
     'echo "ld: warning: out of memory"', None, []),
]


def fault_of(script, kind, parts):
    with tempfile.TemporaryDirectory(prefix="thaw läuft ") as directory:
        meson = pathlib.Path(directory, "meson")
        meson.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        meson.chmod(0o755)
        building.SECONDS = 3 if "while" in script else 60
        building.OUTPUT_MAX = 100 << 10
        build = building.Build(pathlib.Path(directory, "build"), SOURCE)
        try:
            build.run([meson])
            raised, text = None, ""
        except Exception as fault:
            raised, text = type(fault).__name__, str(fault)
    if raised != kind:
        return f"expected {kind}, got {raised}: {text}"
    missing = [part for part in parts if part not in text]
    return f"no '{missing[0]}' in: {text}" if missing else ""


def main():
    os.environ["LC_ALL"] = "C"
    print(f"1..{len(CASES)}")
    for number, (name, *case) in enumerate(CASES, start=1):
        fault = fault_of(*case)
        print(f"{'not ok' if fault else 'ok'} {number} - {name}")
        for line in fault.splitlines():
            print(f"# {line}")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
