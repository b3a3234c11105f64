#!/usr/bin/env python3
"""Tests the lab where it waits long: for work, for what never comes.

    waiting.py LAB BUILD

Prints TAP.
"""

import concurrent.futures
import json
import os
import pathlib
import pty
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
from lessons.running import LAB, lab, main, test, write_program


@test
def a_long_work_has_its_place_in_a_timeline():
    text = lab("timeline", 4, "--work-ms", 2500).stdout
    assert text.count(" 200") == 11 and "no response" not in text, text
    assert "work 1    |######" in text, text


# Responds to the first 40 events only.
FORGETFUL = f"""#!{sys.executable}
import http.server
import os
import signal

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    left = 40

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self):
        Handler.left -= 1
        if Handler.left >= 0:
            self.do_GET()

    def log_message(self, *_):
        pass

signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
http.server.ThreadingHTTPServer.request_queue_size = 128
server = http.server.ThreadingHTTPServer(
    ("127.0.0.1", int(os.environ["PORT"])), Handler)
server.daemon_threads = True
server.serve_forever()
"""


@test
def no_response_is_slower_than_any_response():
    with tempfile.TemporaryDirectory() as directory:
        program = pathlib.Path(directory) / "stage5_queue/stage5_queue"
        program.parent.mkdir()
        write_program(program, FORGETFUL)
        result = lab("try", "sustained-overload", 5, "--work-ms", 1, "--json",
                     status=1, env=dict(os.environ, THAW_BUILD=directory))
    row, = json.loads(result.stdout)
    assert "unbounded, 40 in" in result.stderr, result.stderr
    assert "inf ms later" in row["detail"], row
    assert row["slowest_ms"] is None, row


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
    main(at_once=3)  # each waits most of the time
