#!/usr/bin/env python3
"""Tests that the benchmark measures everything, and judges it right.

    test_bench.py BUILD

Prints TAP. The figures themselves mean nothing here.
"""

import pathlib
import sys

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import xml.etree.ElementTree

import bars
import experiments
import loads
import results
import servers
import tables
from loads import Load
from processes import children_of, is_running, wait_until
from results import Results
import usage

usage.show_if_asked(__doc__, 1)
BUILD = os.path.abspath(sys.argv[1])
BENCH = pathlib.Path(__file__).with_name("bench.py")
LOADED = ["echo", "event", "close", "idle"]
tests = []


def test(function):
    tests.append(function)
    return function


def bench(*arguments, status=0, **settings):
    result = subprocess.run([sys.executable, str(BENCH), *map(str, arguments)],
                            capture_output=True, text=True, timeout=300,
                            **settings)
    assert result.returncode == status, (
        f"bench.py {arguments}: expected status {status}, got "
        f"{result.returncode}: {result.stdout}{result.stderr}")
    return result.stdout


def complaint(*command, status):
    """What a command prints on standard error: a few lines, no traceback."""
    result = subprocess.run([*map(str, command)], capture_output=True,
                            text=True, timeout=60)
    assert result.returncode == status, (command, result)
    assert "Traceback" not in result.stderr, result.stderr
    assert not result.stdout, result.stdout
    return result.stderr


def request_record(number, server, cpu_ns, **others):
    return {"experiment": "event", "round": number, "server": server,
            "connections": 16, "requests": 1000, "seconds": 1.0,
            "cpu_ns": cpu_ns, **others}


@test
def a_quick_run_measures_everything():
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "bench.json"
        bench("run", BUILD, "--quick", "--json", path, "--svg", directory)
        found = Results(json.loads(path.read_text())["records"])
        for name in [*LOADED, "memory", "jobs", "wait", "channel", "parse",
                     "lanes", "lanes free", "drain"]:
            assert found.of(experiment=name), f"no record of {name}"
        for name in LOADED:
            assert {"bare epoll", "bare poll"} < set(
                found.distinct("server", experiment=name))
        assert found.distinct("idle", experiment="idle") == [0, 20]
        assert found.of(experiment="pipelined") or loads.WRK is None
        assert found.of(experiment="syscalls") or \
            experiments.best_counter() is None
        assert not list(tables.warnings(found))
        assert BUILD not in path.read_text(), "a path is no result"
        looks_good(path, pathlib.Path(directory))


def looks_good(path, directory):
    for line in bench("report", path).splitlines():
        assert len(line) <= 80, line
    assert "| stage 3 |" in bench("report", path, "--markdown")
    # Two runs together have twice as many rounds.
    assert ", 1)" in bench("bars", path, status=1)
    assert ", 2)" in bench("bars", path, path, status=1)
    for name, word in (("idle", "bare poll"), ("jobs", "work of 10 ms")):
        picture = xml.etree.ElementTree.parse(directory / f"{name}.svg")
        assert word in " ".join(picture.getroot().itertext())


@test
def without_wrk_nothing_is_pipelined():
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "bench.json"
        bench("run", BUILD, "--quick", "--only", "echo", "pipelined", "--json",
              path, env=dict(os.environ, PATH=directory))
        found = Results(json.loads(path.read_text())["records"])
        assert found.distinct("tool") == ["lab load"]
        assert not found.of(experiment="pipelined")


@test
def what_is_not_installed_is_left_out():
    stages = servers.Stages(BUILD)
    names = servers.existing(stages, ["bare epoll", "stage 3", "nginx"])
    assert names[:2] == ["bare epoll", "stage 3"]
    assert ("nginx" in names) == (servers.NGINX is not None)


@test
def a_fault_is_one_line_and_no_traceback():
    python = [sys.executable, BENCH]
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        (directory / "list.json").write_text("[]")
        records = ["--json", directory / "bench.json"]
        for words, status, expected in (
                (["run", directory, *records], 1, "in which meson has built"),
                (["run", BUILD, *records, "--rounds", 0], 2,
                 "at least 1, got 0"),
                (["run", BUILD, *records, "--seconds", "x"], 2,
                 "invalid float value"),
                (["run", BUILD, "--json", "/dev/null/x"], 1, "/dev/null"),
                (["report", directory / "none.json"], 1, "No such file"),
                (["bars", directory / "list.json"], 1,
                 "what bench.py run writes"),
                (["plot", BENCH, "--svg", directory], 1,
                 "what bench.py run writes")):
            found = complaint(*python, *words, status=status)
            assert expected in found, found
    for name in ("bench_channel", "bench_drain", "bench_parse"):
        for words in (["0"], ["-1"], ["2", "0"], ["--help"]):
            program = pathlib.Path(BUILD) / "tests/bench" / name
            found = complaint(program, *words, status=2)
            assert found.startswith(f"usage: {name}"), found


@test
def a_server_with_another_response_is_not_compared():
    other = servers.Work("event", 202, "application/json", "{}")
    request = loads.post(loads.Wrk.body)
    with servers.start_by_name(servers.Stages(BUILD), "bare epoll", request,
                               other) as server:
        server.check(request, other)
        try:
            server.check(request, servers.ACCEPTED)
        except RuntimeError as fault:
            assert "expected 202" in str(fault)
        else:
            raise AssertionError("it was taken for the right response")


@test
def the_bare_loops_count_requests_however_they_are_cut():
    request = loads.post(loads.Wrk.body)
    for name in ("bare epoll", "bare poll"):
        with servers.start_by_name(servers.Stages(BUILD), name, request,
                                   servers.ACCEPTED) as server:
            expected = servers.ask(server.port, request)
            for cut in (1, len(request) // 2, len(request) + 1):
                assert cut_in_two(server, request * 2, cut) == [expected] * 2


def cut_in_two(server, requests, cut):
    """The two responses, each read as if it came alone."""
    with socket.create_connection(("127.0.0.1", server.port),
                                  timeout=60) as connection:
        connection.sendall(requests[:cut])
        time.sleep(0.01)  # so that they are received apart, most of the time
        connection.sendall(requests[cut:])
        responses = b""
        while responses.count(servers.ACCEPTED.body.encode()) < 2:
            received = connection.recv(65536)
            assert received, "the server closed the connection"
            responses += received
    middle = responses.index(b"HTTP/", 1)
    return [servers.parse_response(part)
            for part in (responses[:middle], responses[middle:])]


@test
def the_output_of_wrk_is_understood():
    counted = loads.Wrk.read(
        "  187456 requests in 1.10s, 28.42MB read\n"
        "  Socket errors: connect 0, read 3, write 0, timeout 1\n"
        "  Non-2xx or 3xx responses: 12\n")
    assert counted == loads.Counted(187456, 1.10, 12, 4), counted
    counted = loads.Wrk.read("  9 requests in 100.00ms, 1KB read\n")
    assert counted == loads.Counted(9, 0.1, 0, 0), counted


@test
def the_script_of_wrk_pipelines():
    script = loads.Wrk().script(Load(16, pipelined=16))
    assert "string.rep(request, 16)" in script and "\\r\\n\\r\\n{" in script


@test
def a_ratio_is_taken_within_a_round():
    # In round 1 the machine was slow for both, so the ratio is the same.
    found = Results([
        request_record(0, "bare epoll", 900),
        request_record(0, "stage 3", 1000),
        request_record(1, "bare epoll", 9000),
        request_record(1, "stage 3", 10000),
        request_record(2, "stage 3", 1)])
    figure = found.ratio(results.thrift, {"server": "stage 3"},
                         {"server": "bare epoll"}, experiment="event")
    assert figure.count == 2
    assert abs(figure.low - 0.9) < 1e-9 and abs(figure.high - 0.9) < 1e-9


@test
def a_goal_is_met_or_not_or_not_measured():
    def verdicts(cpu_ns):
        found = Results([request_record(0, "bare epoll", 900),
                         request_record(0, "stage 3", cpu_ns)])
        return {bar.name: bar.verdict() for bar in bars.all_bars(found)}
    measured = "event, 16 connections, CPU: stage 3 / bare epoll"
    missing = "close, CPU: stage 3 / bare epoll"
    assert verdicts(967)[measured] == "met"
    assert verdicts(968)[measured] == "not met"
    assert verdicts(967)[missing] == "not measured"


@test
def not_all_goals_met_is_a_failure():
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "bench.json"
        path.write_text('{"machine": {}, "records": []}')
        printed = bench("bars", path, status=1)
        assert "not measured" in printed
        assert all(len(line) <= 80 for line in printed.splitlines())


@test
def rejections_are_not_hidden():
    found = Results([request_record(0, "stage 5", 1, rejected=3, errors=0)])
    assert list(tables.warnings(found)) == [
        "event, stage 5: 3 of 1000 rejected, 0 errors"]


@test
def no_server_outlives_the_benchmark():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        with tempfile.TemporaryDirectory() as directory:
            process = subprocess.Popen(
                [sys.executable, str(BENCH), "run", BUILD, "--only", "event"],
                cwd=directory, env=dict(os.environ, TMPDIR=directory),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            wait_until(lambda: len(children_of(process.pid)) >= 4)
            started = children_of(process.pid)
            process.send_signal(number)
            process.wait(timeout=60)
            wait_until(lambda: not any(map(is_running, started)))


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
