#!/usr/bin/env python3
"""Tests `lab overload`: short runs, and generous ratios.

    overload.py LAB BUILD

Prints TAP.
"""

import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
from lessons.running import BUILD, LAB, lab, main, test
from processes import children_of, is_running, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHORT = ("--seconds", 4, "--work-ms", 30)


def program(name):
    return f"{BUILD}/{name}/{name}"


def measured():
    """The rows at 0.5, 0.8 and 2.0 of stages 4, 5 and 6."""
    servers = json.loads(lab("overload", 4, 5, 6, "--loads", "0.5,0.8,2",
                             *SHORT, "--json").stdout)
    assert [server["server"] for server in servers] == [
        "stage4_slow", "stage5_queue", "stage6_pool"]
    for server in servers:
        assert [row["load"] for row in server["rows"]] == [0.5, 0.8, 2]
        for row in server["rows"]:
            sent = round(row["load"] * 4 * server["events_per_second"])
            assert row["sent"] == sent, row
            assert row["accepted"] + row["rejected"] == sent, row
            assert row["other"] == 0, row
            assert row["done_ms"]["p50"] <= row["done_ms"]["p99"], row
            assert row["waiting"]["mean"] <= row["waiting"]["max"], row
            assert row["work_ms"] >= 30, row
    return [server["rows"] for server in servers]


def differences(servers):
    """What is not as arithmetic says. Some of it may be a machine's that stood
    still for a moment."""
    for row in (row for rows in servers for row in rows):
        done, waiting = row["done_ms"], row["waiting"]
        if not done["calculated"] / 1.4 < done["mean"] < (
                done["calculated"] * 1.4 + 10):
            yield f"until done: {row}"
        if abs(waiting["mean"] - waiting["calculated"]) > (
                0.3 * waiting["calculated"] + 0.7):
            yield f"Little's law: {row}"
    unbounded, *bounded = [rows[-1] for rows in servers]
    for row in bounded:
        if not row["done_ms"]["mean"] * 2 < unbounded["done_ms"]["mean"]:
            yield f"not bounded: {row}"
        # A response does not wait for the work, and a 503 even less.
        if not row["response_ms"]["p50"] * 5 < row["done_ms"]["mean"]:
            yield f"no early responses: {row}"


def oddities(servers):
    """Of the highest load: what no arithmetic is needed for."""
    unbounded, *bounded = [rows[-1] for rows in servers]
    if unbounded["rejected"] > 0 or unbounded["waiting"]["max"] <= 50:
        yield str(unbounded)
    for row in bounded:
        if not (0.3 < row["rejected"] / row["sent"] < 0.6 and
                row["waiting"]["max"] == 20):
            yield str(row)


@test
def the_time_until_done_is_what_arithmetic_says():
    for _ in range(4):
        servers = measured()
        found = [*oddities(servers), *differences(servers)]
        if not found:
            return
    raise AssertionError("\n".join(found))


@test
def it_draws_a_table_and_a_picture():
    with tempfile.TemporaryDirectory(prefix="thaw-overload-") as directory:
        path = f"{directory}/a picture.svg"
        printed = lab("overload", 5, "--loads", "0.5,2", "--seconds", 1,
                      "--svg", path).stdout
        picture = xml.etree.ElementTree.parse(path)
        assert lab("overload", 5, "--loads", "0.5", "--seconds", 1, "--svg",
                   f"{directory}/none/x", status=3).stderr
    lines = printed.splitlines()
    assert max(map(len, lines)) <= 80, printed
    assert lines[0].startswith("stage5_queue: 1 worker, 50 ms of work: "
                               "20 events per second; 20 may wait"), printed
    assert re.match(r"0\.50 +10 +10 +0 ", lines[4]), printed
    assert re.match(r"2\.00 +40 ", lines[5]), printed
    shapes = [element.tag.rpartition("}")[2] for element in picture.iter()]
    assert shapes.count("circle") == 2 * 2 + 1, shapes
    words = " ".join(filter(None, (element.text for element in picture.iter())))
    assert "stage 5: " in words and "stage 4" not in words, words
    assert "nan" not in words and "inf" not in words, words


@test
def a_server_that_is_not_such_a_stage_differs():
    rows = json.loads(lab("overload", 5, "--loads", "2", *SHORT, "--json",
                          "--", program("stage4_slow")).stdout)[0]["rows"]
    done = rows[0]["done_ms"]
    assert done["mean"] > 2 * done["calculated"], rows
    assert rows[0]["rejected"] == 0, rows


@test
def any_server_can_be_measured():
    server = json.loads(lab(
        "overload", 5, "--loads", "0.5", "--seconds", 2, "--json", "--",
        sys.executable, ROOT / "exercises/examples/stage5.py").stdout)[0]
    row = server["rows"][0]
    assert server["server"].endswith("stage5.py"), server
    assert row["accepted"] == row["sent"] == 20, server
    assert row["done_ms"]["mean"] >= 50, server


@test
def a_server_without_lines_is_told_what_is_missing():
    result = lab("overload", 5, "--loads", "0.5", "--seconds", 1, "--",
                 program("stage5_queue"), "--quiet", status=1)
    assert "printed no line like" in result.stderr, result
    result = lab("overload", 5, "--loads", "0.5", "--", "./not-there", status=1)
    assert "cannot run ./not-there" in result.stderr, result
    result = lab("overload", 5, "--loads", "0.5", "--",
                 program("stage3_parse"), status=1)
    assert "printed no line like" in result.stderr, result


@test
def a_server_that_accepts_no_event_is_told_so():
    result = lab("overload", 5, "--loads", "0.5", "--seconds", 1, "--",
                 sys.executable, "-c", """if True:
        import http.server, os
        http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])),
                               http.server.BaseHTTPRequestHandler
                               ).serve_forever()""", status=1)
    assert "accepted none of 10 events" in result.stderr, result


@test
def a_wrong_command_says_what_is_expected():
    for words, expected in (
            ((), "expected a stage from 4 to 6"),
            ((3,), "expected 4 to 6, got '3'"),
            ((5, "--"), "expected a command after --"),
            ((4, 5, "--", "x"), "expected one stage"),
            ((5, "--loads", ""), "--loads: expected"),
            ((5, "--loads", "0.5,x"), "got 'x'"),
            ((5, "--loads", "0.5,6"), "got '6'"),
            ((5, "--loads", ",".join(17 * ["1"])), "up to 16 loads"),
            ((5, "--rate", 3), "--rate is an option of load")):
        result = lab("overload", *words, status=2)
        assert expected in result.stderr, (words, result.stderr)
    result = lab("overload", 6, "--work-ms", 1, "--seconds", 3600, status=3)
    assert "too many: --seconds" in result.stderr, result.stderr
    result = lab("overload", 5, "--work-ms", 9000, "--seconds", 1, "--loads",
                 "0.1", status=3)
    assert "no event comes in 1 s at 0.10" in result.stderr, result.stderr


@test
def it_ends_at_once_if_the_system_allows_too_little():
    few = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    result = lab("overload", 4, 5, 6, status=3, preexec_fn=few)
    assert "has 16 descriptors and needs 44: ulimit -n" in result.stderr, result
    result = lab("overload", 5, "--loads", "0.5", "--seconds", 1, "--svg",
                 "/dev/full", status=3)
    assert "lab: cannot write /dev/full: No space" in result.stderr, result


def descendants_of(pid):
    found = children_of(pid)
    return found + [one for child in found for one in descendants_of(child)]


def all_end_with_the_lab(number):
    process = subprocess.Popen([LAB, "overload", "4", "5", "--seconds", "60"],
                               stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    # A process of the lab for each of the 16 rows, and soon its server.
    wait_until(lambda: len(descendants_of(process.pid)) > 16 + 8 or
               process.poll() is not None)
    others = descendants_of(process.pid)
    os.kill(process.pid, number)
    process.wait(timeout=60)
    assert len(others) > 16, others
    wait_until(lambda: not any(map(is_running, others)))


if pathlib.Path("/proc/self/task").exists():
    @test
    def sigterm_leaves_no_server_running():
        all_end_with_the_lab(signal.SIGTERM)

    @test
    def not_even_sigkill_leaves_a_server_running():
        all_end_with_the_lab(signal.SIGKILL)


if __name__ == "__main__":
    main(at_once=4)
