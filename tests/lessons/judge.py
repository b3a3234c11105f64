#!/usr/bin/env python3
"""Judges servers that are not ours: examples, wrong ones, and from elsewhere.

    judge.py LAB BUILD GROUP

GROUP is examples, elsewhere, rude, wrong or files. Prints TAP.
"""

import contextlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

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

def other_rows(command, *options):
    """How many rows there are, and which are not as wanted."""
    rows = judge(command, 5, "--work-ms", 200, *options)["rows"]
    return len(rows), {name: (row["result"], row["seen"], row["detail"])
                       for name, row in rows.items() if row["result"] != "ok"}


def is_a_stage_5(*command):
    """Some rows measure times. On a busy machine one that differs is asked
    again; a wrong server differs again."""
    count, other = other_rows(command)
    assert count >= 17, (count, other)
    if other:
        _, again = other_rows(command, "--rows", ",".join(other))
        assert not again, (other, again)


@in_group("examples")
def the_example_in_python_is_a_stage_5():
    is_a_stage_5(sys.executable, EXAMPLE)


@in_group("examples")
def the_example_in_javascript_is_a_stage_5():
    node = program("node")
    version = subprocess.run([node, "--version"], capture_output=True,
                             text=True, check=True).stdout
    if [int(part) for part in version.strip("v").split(".")[:2]] < [18, 2]:
        raise Skip(f"node {version.strip()} is older than 18.2")
    is_a_stage_5(node, EXAMPLES / "stage5.js")


@in_group("examples")
def the_examples_fit_on_a_page():
    for path in EXAMPLE, EXAMPLES / "stage5.js":
        lines = path.read_text("utf-8").splitlines()
        assert len(lines) < 80 and max(map(len, lines)) <= 80, path


@in_group("examples")
def an_example_is_most_like_what_it_is():
    judgement = judge([sys.executable, EXAMPLE], "--rows",
                      "ten-at-once,burst,throughput,order,shutdown,not-json")
    assert judgement["stage"] == 5, judgement


# --- Servers that many people use -------------------------------------------

def perl_daemon():
    perl = program("perl")
    if subprocess.run([perl, "-MHTTP::Daemon", "-e", "1"],
                      stderr=subprocess.DEVNULL).returncode != 0:
        raise Skip("HTTP::Daemon is not installed")
    # With SIGPIPE as it is by default, a client that leaves may end it.
    return (perl, "-e", "$SIG{PIPE} = 'IGNORE'; do shift or die",
            ELSEWHERE / "http_daemon_echo.pl")


def webrick():
    ruby = program("ruby")
    if subprocess.run([ruby, "-rwebrick", "-e", "1"],
                      stderr=subprocess.DEVNULL).returncode != 0:
        raise Skip("WEBrick is not installed")
    return ruby, ELSEWHERE / "webrick_echo.rb"


# name: its command; what happens beside silent clients, and half requests.
SERVERS = {
    "wsgiref": (lambda: (sys.executable, ELSEWHERE / "wsgiref_echo.py"),
                "frozen"),
    "pythons_http_server_with_one_thread": (
        lambda: (sys.executable, ELSEWHERE / "http_server_echo.py"), "frozen"),
    "pythons_http_server_with_threads": (
        lambda: (sys.executable, "-m", "http.server", "--bind", "127.0.0.1",
                 "{port}"), "responds"),
    "perls_http_daemon": (perl_daemon, "frozen"),
    "node": (lambda: (program("node"), ELSEWHERE / "node_echo.js"),
             "responds"),
    "php": (lambda: (program("php"), "-S", "127.0.0.1:{port}",
                     ELSEWHERE / "echo.php"), "responds"),
    "webrick": (webrick, "responds"),
}

# What may end a server, or make it deaf. All of those above survive. The other
# rude rows differ with the version, or take long.
RUDE = "reset-in-header,reset-after-request,sigpipe"


def beside_silent_clients(name, command, wanted):
    def check():
        rows = judge(command(), "--rows", "silent-clients,half-request")["rows"]
        seen = {name: row["seen"] for name, row in rows.items()}
        assert set(seen.values()) == {wanted}, seen
    check.__name__ = f"{name}_is_{wanted}_by_silent_clients".replace(
        "is_responds_by", "responds_beside")
    return check


def beside_rude_clients(name, command):
    def check():
        rows = judge(command(), "--rude", "--rows", RUDE)["rows"]
        seen = {name: row["seen"] for name, row in rows.items()
                if row["result"] != "skipped"}
        # Python's server of files takes no event, so one row is skipped there.
        assert len(seen) >= 2 and set(seen.values()) <= {"lives", "serves"}, (
            seen)
    check.__name__ = f"{name}_survives_rude_clients"
    return check


for server_name, (server_command, server_seen) in SERVERS.items():
    in_group("elsewhere")(beside_silent_clients(server_name, server_command,
                                                server_seen))
    in_group("rude")(beside_rude_clients(server_name, server_command))


@in_group("rude")
def a_server_that_sigpipe_ends_does_not_survive():
    with tempfile.TemporaryDirectory(prefix="thaw-judge-") as directory:
        path = pathlib.Path(directory) / "wrong.py"
        path.write_text("import signal\n"
                        "signal.signal(signal.SIGPIPE, signal.SIG_DFL)\n"
                        + (ELSEWHERE / "wsgiref_echo.py").read_text())
        row = judge([sys.executable, path], 1, "--rude", "--rows", "sigpipe",
                    status=1)["rows"]["sigpipe"]
    assert row["result"] == "differs" and row["died"], row


@in_group("elsewhere")
def what_differs_fits_a_terminal_and_says_what_is_to_be_seen():
    result = subprocess.run(
        [LAB, "judge", "2", "--rows", "silent-clients,time-out,idle-crowd",
         "--", sys.executable, ELSEWHERE / "wsgiref_echo.py"],
        capture_output=True, text=True, timeout=500, stdin=subprocess.DEVNULL)
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80, result.stdout
    said = " ".join(result.stdout.split())
    assert "000 in 2 s: it is frozen until they leave." in said, result.stdout


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
WORK = "    GATE.read(1) if GATE else time.sleep(WORK_MS / 1000)\n"
LOCK = "        with mutex:\n            status, content"
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
        [("    " + WORK, ""), (LOCK, "    " + WORK + LOCK)],
        "ten-at-once", "in parallel", "goes into the channel"),
    "one_thread_for_all_clients": (
        [("server = http.server.ThreadingHTTPServer",
          "server = http.server.HTTPServer")],
        "silent-clients", "frozen", "one client"),
    "an_event_done_twice": (
        [("balances.get(user, 0) + amount\n",
          "balances.get(user, 0) + 2 * amount\n")],
        "audit", "differs", "done twice"),
    "a_header_name_with_its_case": (
        [("self.headers.get(\"Content-Length\", \"0\")",
          "dict(self.headers).get(\"Content-Length\", \"0\")")],
        "lower-case-headers", "400 JSON", "case"),
    "the_mistake_that_is_not_named": (
        [("f\"invalid_{kind}\"", "\"\"")],
        "not-json", "400", "reason"),
    "no_end_at_sigterm": (
        [(START, "signal.sigwait({signal.SIGUSR1})\n")],
        "exit", "signal 9", "SIGTERM does not end it"),
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


# --- The judgement as a file, and as a number -------------------------------

def judge_into_xml(command, *options, **how):
    """The judgement, and the root of the XML."""
    with tempfile.TemporaryDirectory(prefix="thaw-judge-") as directory:
        path = pathlib.Path(directory) / "judgement.xml"
        judgement = judge(command, *options, "--junit", path, **how)
        return judgement, xml.etree.ElementTree.parse(path).getroot()


def numbers(root):
    return {name: int(root.get(name))
            for name in ("tests", "failures", "errors", "skipped")}


@in_group("files")
def junit_has_each_row():
    judgement, root = judge_into_xml([sys.executable, EXAMPLE], 5, "--rows",
                                     "not-json,not-http", status=0)
    assert numbers(root) == {"tests": 2, "failures": 0, "errors": 0,
                             "skipped": 0}, root.attrib
    assert [case.get("name") for case in root] == list(judgement["rows"])
    assert {case.get("classname") for case in root} == {"stage5_queue"}
    assert not [element for case in root for element in case], root


@in_group("files")
def junit_has_the_explanation():
    with changed_example(*WRONG["a_queue_without_a_bound"][0]) as path:
        judgement, root = judge_into_xml([sys.executable, path], 5, "--rows",
                                         "burst,not-json", status=1)
    failure, = root.iter("failure")
    row = judgement["rows"]["burst"]
    assert numbers(root)["failures"] == 1, root.attrib
    assert failure.get("message") == "wanted 100 in, seen takes all", failure
    for name in ("question", "likely", "read", "start", "by_hand", "shows"):
        assert row[name] in failure.text, (name, failure.text)


# Every byte but NUL, and characters that XML has, and has not.
PRINTED = bytes(range(1, 256)) + b" ]]> &amp; <b> \0 " + "é€😀".encode() + (
    b" \xed\xa0\x80 \xef\xbf\xbe \xc0\xaf \xf4\x90\x80\x80")


@in_group("files")
def junit_is_well_formed_whatever_a_server_prints():
    noise = f"os.write(1, {PRINTED!r})\n"
    with changed_example((START, noise + START)) as path:
        _, root = judge_into_xml([sys.executable, path, "\x1b[31m", "ÿ<&"], 5,
                                 "--rows", "not-http,not-json", status=0)
        assert "?[31m ÿ<&" in root.get("name"), root.attrib
        path.write_text(path.read_text().replace("invalid_{kind}", ""))
        _, root = judge_into_xml([sys.executable, path], 5, "--rows",
                                 "not-json", status=1)
    printed = root.find("testcase/system-out").text
    for text in ("\\x01", "\\x1b", "\\xff", "]]> &amp; <b>", "é€😀",
                 "\\xed\\xa0\\x80 \\xef\\xbf\\xbe \\xc0\\xaf "
                 "\\xf4\\x90\\x80\\x80"):
        assert text in printed, (text, printed)


@in_group("files")
def junit_has_a_server_that_does_not_start():
    _, root = judge_into_xml(
        [sys.executable, "-c", "raise SystemExit('my <fault>')"], status=1)
    case, = root
    assert numbers(root)["failures"] == 1, root.attrib
    assert case.get("name") == "start", case.attrib
    assert "status 1" in case.find("failure").get("message"), root
    assert "my <fault>" in case.find("system-out").text, root


@in_group("files")
def junit_has_what_was_skipped_and_why():
    judgement, root = judge_into_xml(
        [sys.executable, ELSEWHERE / "http_server_echo.py"], 5, "--rows",
        "audit,burst,not-http", status=1)
    assert judgement["rows"]["burst"]["makes"], judgement
    burst, audit = (root.find(f"testcase[@name='{name}']")
                    for name in ("burst", "audit"))
    assert "needs" in burst.find("failure").get("message"), burst
    assert "needs" in audit[0].get("message"), audit
    assert sum(numbers(root).values()) >= 5, root.attrib


@in_group("files")
def a_file_that_cannot_be_written_is_the_labs_fault():
    for path in ("/nowhere/judgement.xml", "/dev/full"):
        result = subprocess.run(
            [LAB, "judge", "5", "--junit", path, "--", "./no-such-server"],
            capture_output=True, text=True, timeout=60)
        assert result.returncode == 3 and path in result.stderr, result


@in_group("files")
def points_are_for_rows_as_wanted():
    judgement = judge([sys.executable, EXAMPLE], 5, "--points", "--rows",
                      "burst,lower-case-headers", status=0)
    given = {name: (row["makes"], row["points"], row["points_max"])
             for name, row in judgement["rows"].items()}
    assert given == {"burst": (True, 2, 2),
                     "lower-case-headers": (False, 1, 1)}, given
    assert judgement["points"] == judgement["points_max"] == 3, judgement


@in_group("files")
def points_are_not_for_rows_that_are_skipped():
    judgement = judge([sys.executable, ELSEWHERE / "http_server_echo.py"], 5,
                      "--points", "--rows", "burst,audit", status=1)
    results = {row["result"] for row in judgement["rows"].values()}
    assert results == {"skipped"}, judgement
    assert judgement["points"] == 0 < judgement["points_max"], judgement


@in_group("files")
def points_need_a_stage():
    result = subprocess.run([LAB, "judge", "--points", "--", "true"],
                            capture_output=True, text=True, timeout=60)
    assert result.returncode == 2 and "of which stage" in result.stderr, result


if __name__ == "__main__":
    main(at_once=4)  # each waits most of the time
