#!/usr/bin/env python3
"""Tests how the lab starts any server, and what it makes of odd ones.

    door.py LAB BUILD

Prints TAP.
"""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import ports
from lessons.running import LAB, Server, lab, main, test
from processes import children_of, is_running, wait_until

ODD = [sys.executable,
       str(pathlib.Path(__file__).resolve().parent / "odd_server.py")]


def judge(*words, command, status, **how):
    """The result of lab judge --json for this command."""
    result = lab("judge", *words, "--json", "--", *command, status=status,
                 **how)
    return json.loads(result.stdout)


def odd(fault, rows, status, stage=5, **how):
    """The rows of a judgement, by name."""
    found = judge(stage, "--rows", rows, command=[*ODD, fault], status=status,
                  **how)
    return {row["experiment"]: row for row in found["rows"]}


@test
def a_command_that_cannot_be_run_is_named():
    result = lab("judge", 5, "--", "/no/such/server", status=1)
    assert "cannot run /no/such/server: No such file" in result.stderr, result
    assert "lab/CONTRACT.md" in result.stderr, result
    found = judge(command=["/no/such/server"], status=1)
    assert found["fault"].startswith("cannot run"), found


@test
def what_a_server_printed_before_it_ended_is_shown():
    result = lab("judge", "--", "sh", "-c", "echo no module; exit 7", status=1)
    assert "ended with status 7 before it listened" in result.stderr, result
    assert "it printed:\nno module\n" in result.stderr, result
    result = lab("judge", "--", "sh", "-c", "kill -9 $$", status=1)
    assert "signal 9 ended it before it listened" in result.stderr, result


@test
def a_server_that_never_listens_is_no_riddle():
    result = lab("judge", 5, "--", *ODD, "deaf", status=1)
    assert "it does not listen on 127.0.0.1, port " in result.stderr, result
    assert "the environment's PORT" in result.stderr, result


@test
def a_server_that_gives_no_response_is_no_riddle():
    result = lab("judge", 5, "--", *ODD, "mute", status=1)
    assert "gives no response to GET /health" in result.stderr, result


@test
def settings_are_in_the_environment_and_in_the_words():
    inherited = dict(os.environ, PORT="1", CAPACITY="7", WORK_GATE="/nowhere",
                     WORKERS="x")
    words = ["told", "{port}", "--work={work_ms}", "{capacity}-{workers}",
             "{work_gate}", "{other}", "{", "{port"]
    found = judge(command=[*ODD, *words], status=1, env=inherited)
    arguments, environment = json.loads(found["printed"])
    port = environment["PORT"]
    assert 16384 <= int(port) < 32768, port
    assert arguments == [port, "--work=1000", "100-4", "", "{other}", "{",
                         "{port"], arguments
    assert environment["WORK_MS"] == "1000", environment
    assert not {"CAPACITY", "WORK_GATE", "WORKERS", "QUIET",
                "TRACE"} & environment.keys(), environment


@test
def a_port_that_another_program_took_is_given_up():
    with tempfile.TemporaryDirectory() as directory:
        rows = odd("unlucky", "silent-clients", 0,
                   env=dict(os.environ, TMPDIR=directory))
        assert (pathlib.Path(directory) / "unlucky").exists()
    assert rows["silent-clients"]["result"] == "ok", rows


@test
def a_server_that_prints_much_is_not_blocked():
    rows = odd("flood", "silent-clients,burst", 0)
    assert [row["seen"] for row in rows.values()] == ["responds", "100 in"]


@test
def a_channel_that_accepts_nothing_passes_no_row():
    names = "ten-at-once,burst,sustained-overload,order,audit"
    rows = odd("miser", names, 1)
    assert sorted(rows) == sorted(names.split(",")), rows
    assert all(row["result"] == "differs" for row in rows.values()), rows
    assert rows["audit"]["accepted"] == 1, rows


@test
def an_exit_status_is_a_row_of_its_own():
    rows = odd("grudging", "ten-at-once,burst,exit", 1)
    assert rows["ten-at-once"]["result"] == "ok", rows
    assert rows["burst"]["result"] == "ok", rows
    assert rows["exit"]["seen"] == "status 3", rows


@test
def a_server_that_ends_in_the_middle_is_told_with_its_last_words():
    row = odd("mortal", "silent-clients", 1)["silent-clients"]
    assert row["died"] and row["result"] == "differs", row
    assert "ended in the middle" in row["likely"], row
    assert "last words" in row["printed"], row


@test
def a_gate_that_is_read_with_a_buffer_is_none():
    found = judge(5, "--rows", "burst", command=[*ODD, "greedy"], status=0)
    assert "gate" not in found["has"], found
    assert "without a buffer" in found["lacks"]["gate"], found
    assert found["rows"][0]["result"] == "ok", found


@test
def a_difference_is_explained():
    text = lab("judge", 5, "--rows", "not-json,burst", "--",
               *ODD[:1], "-c", ECHO, status=1).stdout
    for words in ("400 JSON    echoed      differs", "sent      POST / with",
                  "came      echoed: 200, the same bytes",
                  "likely    It echoes what is no event",
                  'read      stage3_parse/README.md, "Read it"',
                  "by hand\n      PORT=8080 ",
                  "skipped: needs work: ",
                  "1 of the skipped rows make a stage 5 what it is"):
        assert words in text, (words, text)
    assert max(map(len, text.splitlines()[4:])) < 160, text


ECHO = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.send_error(404)
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])),
                       Handler).serve_forever()
"""


@test
def rows_are_chosen_by_name():
    assert "no row 'nope'" in lab("judge", "--rows", "burst,nope", "--",
                                  "true", status=2).stderr
    assert "expected a command" in lab("judge", 5, status=2).stderr
    assert "expected 1 to 6" in lab("judge", 7, "--", "true", status=2).stderr
    assert "expected a command" in lab("judge", "--port", 80, "--", "true",
                                       status=2).stderr


@test
def a_server_that_runs_already_is_asked_what_it_can_be_asked():
    with Server("stage5_queue") as server:
        result = lab("judge", 5, "--port", server.port, "--json", status=1)
        assert server.process.poll() is None
    rows = {row["experiment"]: row for row in
            json.loads(result.stdout)["rows"]}
    assert rows["silent-clients"]["result"] == "ok", rows
    assert rows["not-json"]["result"] == "ok", rows
    for name in ("burst", "exit", "order"):
        assert rows[name]["result"] == "skipped", rows
        assert "needs restart: it runs already" in rows[name]["why"], rows
    with ports.Reserved() as free:
        result = lab("judge", "--port", free.port, status=1)
    assert (f"no server listens on 127.0.0.1, port {free.port}" in
            result.stderr), result.stderr


@test
def what_a_server_prints_need_not_be_text():
    code = r"import os; os.write(1, b'\xff\x00\x1b[1m bad'); os._exit(1)"
    found = judge(command=[sys.executable, "-c", code], status=1)
    assert "??" in found["printed"], found


def descendants(pid):
    found = [pid]
    for one in found:
        found.extend(map(int, children_of(one)))
    return found[1:]


def no_process_is_left(number):
    """Behind a shell there is a server that the lab does not know."""
    command = ["sh", "-c", f"'{ODD[0]}' '{ODD[1]}' none; true"]
    process = subprocess.Popen([LAB, "judge", "--", *command],
                               stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    wait_until(lambda: any(map(children_of, children_of(process.pid))))
    found = descendants(process.pid)
    os.kill(process.pid, number)
    process.wait(timeout=60)
    wait_until(lambda: not any(map(is_running, found)))


if pathlib.Path("/proc/self/task").exists():
    @test
    def ctrl_c_leaves_no_process_of_a_server_behind():
        no_process_is_left(signal.SIGINT)

    @test
    def not_even_sigkill_leaves_one_behind():
        no_process_is_left(signal.SIGKILL)


@test
def a_full_backlog_does_not_stop_the_lab():
    """Of a server that listens and accepts nothing, connect(2) waits."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        crowd = [socket.socket() for _ in range(8)]
        for client in crowd:
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        begun = time.monotonic()
        result = lab("judge", "--port", listener.getsockname()[1], status=1)
        for client in crowd:
            client.close()
    assert "gives no response" in result.stderr, result
    assert time.monotonic() - begun < 30


def printed(*words):
    """All that the lab prints, whatever it ends with."""
    return subprocess.run([LAB, *map(str, words)], text=True, timeout=120,
                          stdout=subprocess.PIPE, check=False,
                          cwd=os.path.dirname(ODD[1]),
                          stderr=subprocess.STDOUT).stdout


@test
def no_line_is_wider_than_a_terminal_or_ends_with_a_blank():
    # Short words: a word is never broken.
    miser = ["env", "A_WORD_THAT_IS_NOT_SHORT=and-a-value-that-is-not-short",
             "python3", os.path.basename(ODD[1]), "miser"]
    for text in (printed("judge", "--", "python3", "-m", "http.server",
                         "--bind", "127.0.0.1", "--directory", ".", "{port}"),
                 printed("judge", 5, "--rows", "not-http,burst,ten-at-once",
                         "--", *miser),
                 printed("try", "not-http"), printed("try", "ten-at-once", 4)):
        for line in text.splitlines():
            assert len(line) <= 80 and line == line.rstrip(), repr(line)


@test
def bytes_without_a_status_line_are_no_silence():
    found = judge("--rows", "not-http", status=0,
                  command=[sys.executable, "-m", "http.server", "{port}"])
    row, = found["rows"]
    assert row["seen"] == "no status", row
    assert "no status line: <!DOCTYPE HTML>\\x0a" in row["detail"], row
    assert "HTTP/0.9" in row["likely"], row


@test
def stages_that_no_row_tells_apart_are_all_named():
    said = " ".join(printed("judge", "--rows", "silent-clients,exit", "--",
                            *ODD, "none").split())
    assert ("most like stage2_async, stage3_parse, stage4_slow, stage5_queue, "
            "stage6_pool: no row tells them apart") in said, said
    for_help = " ".join(printed("judge", "--help").split())
    assert "without one, 0 if it can be judged" in for_help, for_help


if __name__ == "__main__":
    main(at_once=3)  # each waits most of the time
