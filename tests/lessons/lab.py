#!/usr/bin/env python3
"""Tests the lab as its users see it.

    lab.py LAB BUILD

Prints TAP.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
from processes import children_of, is_running, wait_until

LAB, BUILD = sys.argv[1:]
tests = []


def test(function):
    tests.append(function)
    return function


def lab(*arguments, status=0):
    result = subprocess.run([LAB, *map(str, arguments)], capture_output=True,
                            text=True, timeout=120)
    assert result.returncode == status, (
        f"lab {arguments}: expected status {status}, got {result.returncode}: "
        f"{result.stdout}{result.stderr}")
    return result


class Server:
    def __init__(self, name, *options):
        self.process = subprocess.Popen(
            [f"{BUILD}/{name}/{name}", "--port", "0", "--quiet", *options],
            stdout=subprocess.PIPE, text=True)
        self.port = self.process.stdout.readline().strip().rpartition(":")[2]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.printed = self.process.communicate(timeout=60)[0]


@test
def a_wrong_command_says_what_to_type():
    assert "usage: lab" in lab(status=2).stderr
    assert "usage: lab" in lab("nonsense", status=2).stderr
    assert "see lab list" in lab("try", "nonsense", status=2).stderr
    assert "expected 1 to 6, got '7'" in lab("diff", 7, 1, status=2).stderr
    assert "expected 1 to 6, got '0'" in lab("try", "burst", 0, status=2).stderr
    assert "--work-ms: expected" in lab("--work-ms", "x", status=2).stderr
    assert "a value after it" in lab("matrix", "--svg", status=2).stderr
    assert "unknown option '--no'" in lab("matrix", "--no", status=2).stderr
    assert "usage: lab" in lab("--help").stdout


@test
def no_line_of_the_help_is_wider_than_a_terminal():
    for text in (lab("--help").stdout, lab("list").stdout,
                 lab("list", "rude").stdout):
        assert max(map(len, text.splitlines())) <= 80


@test
def a_stage_does_not_differ_from_itself():
    assert lab("diff", 2, 2).stdout == ""


@test
def diff_names_what_changed_for_a_client():
    rows = json.loads(lab("diff", 2, 3, "--json").stdout)
    named = {row["experiment"] for row in rows}
    assert named == {"lower-case-headers", "not-json", "not-an-event"}, named
    assert {row["stage"] for row in rows} == {2, 3}


@test
def try_speaks_json():
    rows = json.loads(lab("try", "not-json", "--json").stdout)
    assert [row["stage"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert rows[4]["server"] == "stage5_queue"
    assert all(row["verdict"] == row["expected"] for row in rows)


@test
def only_the_named_stages_are_tried():
    rows = json.loads(lab("try", "connect-and-close", 3, "--json").stdout)
    assert [row["stage"] for row in rows] == [3], rows
    assert "expected 1 to 6, got '7'" in lab("rude", 7, status=2).stderr
    assert "got 'nonsense'" in lab("list", "nonsense", status=2).stderr


@test
def the_sketch_is_tried_only_by_name():
    assert "stage2_sketch" not in lab("try", "not-http").stdout
    text = lab("try", "not-http", "sketch").stdout
    assert "stage2_sketch    400 HTTP" in text, text
    assert "by hand, at build/stage2_async/stage2_sketch:" in text, text
    assert "lab try EXPERIMENT sketch" in lab("list").stdout
    assert "makes no sense" in lab("try", "order", "sketch").stdout


@test
def a_list_has_a_column_for_each_server_that_is_named():
    heading = lab("list", 2, "sketch", "--markdown").stdout.splitlines()[0]
    assert heading == "| | 2 async | sketch |", heading
    assert "order" not in lab("list", 2, "sketch").stdout


@test
def there_are_no_colours_in_a_pipe():
    assert "\033" not in lab("try", "not-http", 1, 2).stdout


@test
def a_timeline_fits_into_a_terminal():
    for line in lab("timeline", 4, 5, 6, "--work-ms", 50).stdout.splitlines():
        assert len(line) <= 80, line


@test
def a_timeline_shows_every_client_and_every_piece_of_work():
    text = lab("timeline", 6, "--work-ms", 100).stdout
    assert text.count(" 202") == 10 and text.count(" 400") == 1, text
    assert text.count("work ") == 4, text


@test
def a_picture_is_well_formed():
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "timeline.svg"
        lab("timeline", 1, 5, "--work-ms", 50, "--svg", path)
        root = xml.etree.ElementTree.parse(path).getroot()
        words = " ".join(root.itertext())
        assert "stage1_blocking" in words and "stage5_queue" in words


@test
def the_raw_traces_of_server_and_clients_are_one_file():
    with tempfile.TemporaryDirectory() as directory:
        lab("timeline", 5, "--work-ms", 20, "--trace", directory)
        events = json.loads((pathlib.Path(directory) /
                             "stage5_queue.json").read_text())
        names = [event["name"] for event in events]
        assert names.count("work") == 10 and names.count("event 1") == 1
        assert {event["pid"] for event in events} == {1, 2}
        assert all(event["ts"] > 0 for event in events if event["ph"] != "M")


@test
def a_server_that_a_signal_ends_has_a_trace_too():
    with tempfile.TemporaryDirectory() as directory:
        lab("timeline", 1, "--work-ms", 20, "--trace", directory)
        events = json.loads((pathlib.Path(directory) /
                             "stage1_blocking.json").read_text())
        assert {event["pid"] for event in events} == {1, 2}
        assert any(event["name"] == "response" for event in events)


def not_json_with(prepare):
    """The verdict on stages 1 and 5, by a lab that inherits what it says."""
    # The function runs after the fork: it may close what Python needs.
    # pylint: disable=subprocess-popen-preexec-fn
    result = subprocess.run([LAB, "try", "not-json", "1", "5"],
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, timeout=120,
                            preexec_fn=prepare, restore_signals=False)
    assert result.returncode == 0, result.returncode


@test
def blocked_and_ignored_signals_change_no_verdict():
    def ignore_and_block():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP,
                       signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))

    not_json_with(ignore_and_block)


@test
def closed_standard_descriptors_change_no_verdict():
    for closed in ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)):
        not_json_with(lambda numbers=closed: [os.close(number)
                                              for number in numbers])


@test
def after_nohup_the_lab_goes_on():
    # pylint: disable=subprocess-popen-preexec-fn
    with subprocess.Popen(
            [LAB, "try", "ten-at-once", "4"], stdout=subprocess.DEVNULL,
            preexec_fn=lambda: signal.signal(signal.SIGHUP,
                                             signal.SIG_IGN)) as process:
        wait_until(lambda: children_of(process.pid) or
                   process.poll() is not None)
        process.send_signal(signal.SIGHUP)
        assert process.wait(60) == 0, process.returncode


@test
def load_counts_what_the_server_counts():
    with Server("stage5_queue", "--work-ms", "0") as server:
        counted = json.loads(lab("load", server.port, "--requests", 2000,
                                 "--clients", 8, "--json").stdout)
    assert counted["responses"] == 2000 and counted["errors"] == 0, counted
    assert counted["accepted"] + counted["rejected"] == 2000
    assert f"{counted['accepted']} accepted" in server.printed, server.printed
    assert f"{counted['accepted']} done" in server.printed, server.printed


@test
def load_keeps_a_rate():
    with Server("stage3_parse") as server:
        counted = json.loads(lab("load", server.port, "--rate", 200,
                                 "--seconds", 2, "--json").stdout)
    # A busy machine may send later than the rate says, but never sooner.
    assert 200 <= counted["responses"] <= 401, counted


@test
def load_opens_a_connection_for_each_request():
    with Server("stage1_blocking") as server:
        counted = json.loads(lab("load", server.port, "--close", "--requests",
                                 300, "--json").stdout)
    assert counted["connections"] == 300 == counted["responses"], counted


@test
def load_without_a_server_says_so():
    with Server("stage2_async") as server:
        port = server.port
    result = lab("load", port, "--requests", 10, status=1)
    assert f"no server on port {port}" in result.stderr, result.stderr


def servers_end_with_the_lab(number):
    process = subprocess.Popen([LAB, "try", "silent-clients", "1"],
                               stdout=subprocess.DEVNULL)
    wait_until(lambda: children_of(process.pid))
    servers = children_of(process.pid)
    os.kill(process.pid, number)
    process.wait(timeout=60)
    wait_until(lambda: not any(map(is_running, servers)))


if pathlib.Path("/proc/self/task").exists():
    @test
    def ctrl_c_leaves_no_server_running():
        servers_end_with_the_lab(signal.SIGINT)

    @test
    def sigterm_leaves_no_server_running():
        servers_end_with_the_lab(signal.SIGTERM)

    @test
    def not_even_sigkill_leaves_a_server_running():
        servers_end_with_the_lab(signal.SIGKILL)


@test
def a_server_that_does_not_start_is_reported():
    result = subprocess.run([LAB, "try", "burst", "5"], capture_output=True,
                            text=True, timeout=120,
                            env=dict(os.environ, THAW_BUILD="/nonexistent"))
    assert result.returncode == 1
    assert "did not start" in result.stderr, result.stderr


def main():
    print(f"1..{len(tests)}")
    for number, function in enumerate(tests, start=1):
        try:
            function()
            print(f"ok {number} - {function.__name__}")
        except Exception as fault:
            print(f"not ok {number} - {function.__name__}")
            for line in f"{type(fault).__name__}: {fault}".splitlines():
                print(f"# {line}")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
