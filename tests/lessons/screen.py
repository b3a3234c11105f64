#!/usr/bin/env python3
"""Tests what the lab shows on a terminal, where that takes long.

    screen.py LAB BUILD

Prints TAP.
"""

import concurrent.futures
import os
import pathlib
import pty
import subprocess
import sys

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
from lessons.running import LAB, lab, main, test


@test
def a_long_work_has_its_place_in_a_timeline():
    text = lab("timeline", 4, "--work-ms", 2500).stdout
    assert text.count(" 200") == 11 and "no response" not in text, text
    assert "work 1    |######" in text, text


def printed_on_terminal(*arguments, **environment):
    """What the lab prints on a terminal, in an environment without NO_COLOR."""
    master, terminal = pty.openpty()
    base = {name: value for name, value in os.environ.items()
            if name not in ("NO_COLOR", "TERM")}
    process = subprocess.Popen([LAB, *arguments], stdout=terminal,
                               stderr=terminal, env=dict(base, **environment))
    os.close(terminal)
    printed = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:
            break
        if not piece:
            break
        printed += piece
    process.wait(timeout=60)
    os.close(master)
    return printed


@test
def colours_are_for_terminals_that_have_them():
    def has_bold(environment):
        printed = printed_on_terminal("diff", "1", "2", **environment)
        assert environment["TERM"] != "dumb" or b"\033" not in printed, printed
        return b"\033[1m" in printed

    environments = [{"TERM": "xterm"}, {"TERM": "xterm", "NO_COLOR": ""},
                    {"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}]
    with concurrent.futures.ThreadPoolExecutor() as threads:
        bold = list(threads.map(has_bold, environments))
    assert bold == [True, True, False, False], bold


if __name__ == "__main__":
    main()
