#!/usr/bin/env python3
"""Judges servers that are not ours: examples, wrong ones, and from elsewhere.

    judge.py LAB BUILD GROUP

GROUP is examples, elsewhere, wrong or files. Prints TAP.
"""

import contextlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
from lessons.running import LAB, Skip, main, test

GROUP = sys.argv[3]
SOURCE = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = SOURCE / "exercises/examples"
ELSEWHERE = SOURCE / "tests/lessons/elsewhere"
EXAMPLE = EXAMPLES / "stage5.py"


def in_group(name):
    return test if name == GROUP else lambda function: function


def judge(command, *options, status=None, **how):
    """The lab's judgement; its rows are found by their names."""
    result = subprocess.run(
        [LAB, "judge", "--json", *map(str, options), "--",
         *map(str, command)], capture_output=True, text=True, timeout=500,
        stdin=subprocess.DEVNULL, **how)
    assert result.stdout.startswith("{"), result
    judgement = json.loads(result.stdout)
    judgement["rows"] = {row["experiment"]: row for row in judgement["rows"]}
    for row in judgement["rows"].values():
        if row["result"] == "not done":
            raise Skip(f"{row['experiment']}: {row['why']}")
    assert status in (None, result.returncode), (result.returncode, judgement)
    return judgement


def program(name):
    """Its path; the test is skipped where it is not installed."""
    path = shutil.which(name)
    if path is None:
        raise Skip(f"{name} is not installed")
    return path


# --- exercises/examples: each is a stage 5 ----------------------------------

def is_a_stage_5(*command):
    rows = judge(command, 5, status=0)["rows"]
    other = {name: row for name, row in rows.items() if row["result"] != "ok"}
    assert not other and len(rows) >= 17, other or rows


@in_group("examples")
def the_example_in_python_is_a_stage_5():
    is_a_stage_5(sys.executable, EXAMPLE)


@in_group("examples")
def the_example_in_javascript_is_a_stage_5():
    node = program("node")
    version = subprocess.run([node, "--version"], capture_output=True,
                             text=True, check=True).stdout
    if int(version.strip("v").split(".")[0]) < 18:
        raise Skip(f"node {version.strip()} is older than 18")
    is_a_stage_5(node, EXAMPLES / "stage5.js")


@in_group("examples")
def an_example_is_most_like_what_it_is():
    judgement = judge([sys.executable, EXAMPLE], "--rows",
                      "ten-at-once,burst,throughput,order,shutdown,not-json")
    assert judgement["stage"] == 5, judgement


# --- Servers that many people use -------------------------------------------

SILENT = ("--rows", "silent-clients,half-request")


def silent_clients(*command):
    """What happens beside silent clients, and beside half requests."""
    rows = judge(command, *SILENT)["rows"]
    return rows["silent-clients"]["seen"], rows["half-request"]["seen"]


def freezes(*command):
    seen = silent_clients(*command)
    assert seen == ("frozen", "frozen"), seen


def responds(*command):
    seen = silent_clients(*command)
    assert seen == ("responds", "responds"), seen


@in_group("elsewhere")
def wsgiref_freezes():
    freezes(sys.executable, ELSEWHERE / "wsgiref_echo.py")


@in_group("elsewhere")
def pythons_http_server_with_one_thread_freezes():
    freezes(sys.executable, ELSEWHERE / "http_server_echo.py")


@in_group("elsewhere")
def pythons_http_server_with_threads_responds():
    responds(sys.executable, "-m", "http.server", "--bind", "127.0.0.1",
             "{port}")


@in_group("elsewhere")
def perls_http_daemon_freezes():
    perl = program("perl")
    if subprocess.run([perl, "-MHTTP::Daemon", "-e", "1"],
                      stderr=subprocess.DEVNULL).returncode != 0:
        raise Skip("HTTP::Daemon is not installed")
    freezes(perl, ELSEWHERE / "http_daemon_echo.pl")


@in_group("elsewhere")
def node_responds():
    responds(program("node"), ELSEWHERE / "node_echo.js")


@in_group("elsewhere")
def php_responds():
    responds(program("php"), "-S", "127.0.0.1:{port}", ELSEWHERE / "echo.php")


@in_group("elsewhere")
def webrick_responds():
    ruby = program("ruby")
    if subprocess.run([ruby, "-rwebrick", "-e", "1"],
                      stderr=subprocess.DEVNULL).returncode != 0:
        raise Skip("WEBrick is not installed")
    responds(ruby, ELSEWHERE / "webrick_echo.rb")


@in_group("elsewhere")
def a_frozen_server_is_told_why():
    judgement = judge([sys.executable, ELSEWHERE / "wsgiref_echo.py"], 2,
                      "--rows", "silent-clients", status=1)
    row = judgement["rows"]["silent-clients"]
    assert "one client" in row["likely"], row
    assert "stage2_async/README.md" in row["read"], row
    assert "nc 127.0.0.1" in row["by_hand"], row
    assert "wsgiref_echo.py" in row["start"], row


# --- Wrong servers: the example with one change -----------------------------

@contextlib.contextmanager
def changed_example(*changes):
    """The example's path in a directory of its own, with texts replaced."""
    text = EXAMPLE.read_text()
    for old, new in changes:
        assert text.count(old) == 1, f"the example no longer has: {old}"
        text = text.replace(old, new)
    with tempfile.TemporaryDirectory(prefix="thaw-judge-") as directory:
        path = pathlib.Path(directory) / "wrong.py"
        path.write_text(text)
        yield path


def judge_changed(changes, rows, **how):
    with changed_example(*changes) as path:
        return judge([sys.executable, path], 5, "--rows", rows, **how)


SUBMIT = "    jobs.put((event[\"user\"], event[\"amount\"]))\n"
IF_FULL = "    if jobs.full() or not is_open:\n"
START = "signal.sigwait(stop_signals)\n"
CHANNEL = "jobs = queue.Queue(int(os.environ.get(\"CAPACITY\", 100)))"

# name: what is changed; the row in which it shows; what is seen there; and
# words of the likely cause.
WRONG = {
    "a_queue_without_a_bound": (
        [(CHANNEL, "jobs = queue.Queue()")],
        "burst", "takes all", "nothing bounds the queue"),
    "a_channel_with_a_slot_too_many": (
        [(IF_FULL, "    if jobs.qsize() > 100:\n"),
         (CHANNEL, "jobs = queue.Queue()")],
        "burst", "101 in", "`>` where it should be `>=`"),
    "events_in_reverse": (
        [("queue.Queue(", "queue.LifoQueue(")],
        "order", "reordered", "in another order"),
    "accepted_events_lost_at_the_end": (
        [("jobs.join()\n", "")],
        "shutdown", "some lost", "wait for the workers"),
    "no_last_line": (
        [("logging.info(\"stopped:", "logging.debug(\"stopped:")],
        "shutdown", "says nothing", "last line"),
    "work_on_the_thread_that_reads": (
        [(SUBMIT, SUBMIT + "    time.sleep(WORK_MS / 1000)\n")],
        "ten-at-once", "one by one", "goes into the channel"),
    "one_thread_for_all_clients": (
        [("server = http.server.ThreadingHTTPServer",
          "server = http.server.HTTPServer")],
        "silent-clients", "frozen", "one client"),
    "an_event_done_twice": (
        [("balances.get(user, 0) + amount\n",
          "balances.get(user, 0) + amount * (1 + (amount == 7))\n")],
        "audit", "differs", "done twice"),
    "a_header_name_with_its_case": (
        [("self.headers.get(\"Content-Length\", \"0\")",
          "dict(self.headers).get(\"Content-Length\", \"0\")")],
        "lower-case-headers", "400 JSON", "case"),
    "the_mistake_that_is_not_named": (
        [("\"reason\": \"invalid_json\"", "\"reason\": \"\"")],
        "not-json", "400", "reason"),
    "no_end_at_sigterm": (
        [(START, "signal.sigwait({signal.SIGUSR1})\n")],
        "exit", "signal 9", "SIGTERM does not end it"),
    "two_workers": (
        [(START, "threading.Thread(target=work, daemon=True).start()\n"
          + START)],
        "throughput", "2 at once", "More than one event at a time"),
}


def wrong(name, changes, experiment, seen, words):
    def check():
        row = judge_changed(changes, experiment, status=1)["rows"][experiment]
        assert row["result"] == "differs", row
        assert row["seen"] == seen, row
        assert words in row["likely"], row
    check.__name__ = name
    return check


for wrong_name, wrong_row in WRONG.items():
    in_group("wrong")(wrong(wrong_name, *wrong_row))


@in_group("wrong")
def a_server_that_accepts_nothing_is_no_stage_5():
    rows = judge_changed([(IF_FULL, "    if True:\n")],
                         "ten-at-once,burst,sustained-overload,audit,order,"
                         "throughput,shutdown", status=1)["rows"]
    green = [name for name, row in rows.items() if row["result"] == "ok"]
    assert len(rows) == 7 and not green, rows


@in_group("wrong")
def a_server_that_does_nothing_is_no_stage_5():
    judgement = judge_changed([(SUBMIT, "")],
                              "ten-at-once,throughput,audit,order,shutdown",
                              status=1)
    green = {name for name, row in judgement["rows"].items()
             if row["result"] == "ok"}
    assert green <= {"ten-at-once"}, judgement
    assert "done" in judgement["lacks"]["work"], judgement


@in_group("wrong")
def a_server_that_dies_is_told_so():
    rows = judge_changed([(SUBMIT, "    if counts[\"accepted\"] == 5:\n"
                           "        print(\"no more\", flush=True)\n"
                           "        os._exit(3)\n" + SUBMIT)],
                         "ten-at-once", status=1)["rows"]
    row = rows["ten-at-once"]
    assert row["died"] and "ended in the middle" in row["likely"], row
    assert "no more" in row["printed"], row


@in_group("wrong")
def a_server_that_never_listens_is_told_so():
    judgement = judge([sys.executable, "-c", "import time; time.sleep(300)"],
                      5, status=1)
    assert "does not listen" in judgement["fault"], judgement


@in_group("wrong")
def a_command_that_is_not_there_is_told_so():
    judgement = judge(["./no-such-server"], 5, status=1)
    assert "./no-such-server" in judgement["fault"], judgement
    assert "No such file" in judgement["fault"], judgement


@in_group("wrong")
def a_server_that_ends_at_once_is_told_so():
    judgement = judge([sys.executable, "-c", "raise SystemExit('my fault')"],
                      5, status=1)
    assert "status 1" in judgement["fault"], judgement
    assert "my fault" in judgement["printed"], judgement


@in_group("wrong")
def a_server_that_waits_for_the_clients_end_is_told_so():
    judgement = judge_changed([("body = self.rfile.read(int(length))",
                                "body = self.rfile.read()")],
                              "ten-at-once", status=1)
    assert "no response to GET /health" in judgement["fault"], judgement


@in_group("wrong")
def a_server_that_prints_much_is_no_worse():
    noise = "os.write(1, b\"noise\\n\" * 20000)\n"
    rows = judge_changed([(SUBMIT, "    " + noise + SUBMIT),
                          (START, noise * 9 + START)],
                         "ten-at-once,throughput", status=0)["rows"]
    assert {row["result"] for row in rows.values()} == {"ok"}, rows


if __name__ == "__main__":
    main(at_once=4)  # each waits most of the time
