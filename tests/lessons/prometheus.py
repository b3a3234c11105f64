#!/usr/bin/env python3
"""Lets the real Prometheus read the metrics, and asks it.

    prometheus.py LAB BUILD SOURCE

Prints TAP.
"""

import contextlib
import ctypes
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import ports
from lessons.running import BUILD, LAB, Server, Skip, main, test
from processes import wait_until

SOURCE = pathlib.Path(sys.argv[3]).resolve()
PAGE = SOURCE / "lab/PROMETHEUS.md"
PR_SET_PDEATHSIG = 1
WORK_SECONDS = 0.02
CAPACITY = 10
STAGES = {"stage3_parse": [], "stage4_slow": ["--work-ms", "20"],
          "stage5_queue": ["--work-ms", "20"],
          "stage6_pool": ["--work-ms", "20"]}


def need(name):
    path = shutil.which(name)
    if path is None:
        raise Skip(f"{name} is not installed (apt-get install prometheus)")
    return path


def get(port, path):
    """(status, body); without urllib, which would ask a proxy."""
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=60)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def end_with_us():
    with contextlib.suppress(AttributeError):  # only Linux has it
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class Prometheus:
    """One of our own, which reads these servers."""

    def __init__(self, directory, *servers):
        config = pathlib.Path(directory, "prometheus.yml")
        # JSON is YAML, too.
        config.write_text(json.dumps({
            "global": {"scrape_interval": "200ms", "scrape_timeout": "200ms"},
            "scrape_configs": [{"job_name": "thaw", "static_configs": [
                {"targets": [f"127.0.0.1:{one.port}" for one in servers]}]}]}))
        self.log = pathlib.Path(directory, "log")
        self.reserved = ports.Reserved()
        self.port = self.reserved.port
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [need("prometheus"), f"--config.file={config}",
                 f"--storage.tsdb.path={directory}/data",
                 f"--web.listen-address=127.0.0.1:{self.port}",
                 "--log.level=warn"],
                stdout=log, stderr=log, preexec_fn=end_with_us)
        wait_until(lambda: self.is_ready() or self.has_ended())
        assert not self.has_ended(), (
            f"it does not start: {self.log.read_text()}")

    def has_ended(self):
        return self.process.poll() is not None

    def is_ready(self):
        try:
            return get(self.port, "/-/ready")[0] == 200
        except OSError:
            return False

    def ask(self, query):
        """{labels: value}"""
        status, body = get(self.port, "/api/v1/query?" +
                           urllib.parse.urlencode({"query": query}))
        assert status == 200, f"{query}: {body}"
        return {tuple(sorted(one["metric"].items())): float(one["value"][1])
                for one in json.loads(body)["data"]["result"]}

    def values(self, query):
        return list(self.ask(query).values())

    def wait_for(self, query, is_good):
        """Until the values are as they must be; says which came instead."""
        end = time.monotonic() + 60
        values = self.values(query)
        while not (values and is_good(values)):
            assert time.monotonic() < end, (
                f"{query}: {values}; {self.log.read_text()}")
            time.sleep(0.1)
            values = self.values(query)
        return values

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reserved.close()


def server(name, *options):
    return Server(name, "--work-ms", str(int(1000 * WORK_SECONDS)),
                  "--capacity", str(CAPACITY), *options)


@contextlib.contextmanager
def load(*servers):
    """More than they can do, until the end."""
    running = [subprocess.Popen(
        [LAB, "load", "--rate", "400", "--seconds", "120", one.port],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        preexec_fn=end_with_us) for one in servers]
    try:
        yield
    finally:
        for one in running:
            one.terminate()
            one.wait()


def has_all(values, count, least, most):
    return (len(values) == count and
            all(least <= value <= most for value in values))


@test
def prometheus_reads_two_stages_and_says_what_they_do():
    need("prometheus")
    with tempfile.TemporaryDirectory(prefix="thaw-prometheus-") as directory, \
            server("stage5_queue") as five, server("stage6_pool") as six, \
            Prometheus(directory, five, six) as prometheus:
        prometheus.wait_for("up", lambda up: up == [1, 1])
        with load(five, six):
            # A busy machine does less than it could, and never more.
            wait = ("histogram_quantile(0.99, "
                    "rate(thaw_event_wait_seconds_bucket[2s]))")
            for query, least, most in [
                    ("rate(thaw_events_done_total[2s])", 1,
                     4 / WORK_SECONDS * 1.5),
                    ("rate(thaw_events_rejected_total[2s])", 1, 2000),
                    (wait, WORK_SECONDS / 2, 60),
                    (wait.replace("wait", "total"), WORK_SECONDS, 60),
                    (wait.replace("event_wait", "request_duration"), 0, 60),
                    ("rate(process_cpu_seconds_total[2s])", 1e-6, 8),
                    ("thaw_busy_workers", 0, 4)]:
                prometheus.wait_for(
                    query, lambda got: has_all(got, 2, least, most))
        everything_must_agree(prometheus, five, six)


def value_of(one, name):
    text = get(one.port, "/metrics")[1]
    return float(re.search(rf"^{name} (\S+)$", text, re.M)[1])


def everything_must_agree(prometheus, *servers):
    """Prometheus has the numbers of each server, by the name of its stage."""
    for one, stage in zip(servers, ["stage5_queue", "stage6_pool"]):
        wait_until(lambda: value_of(one, "thaw_events_done_total") ==
                   value_of(one, "thaw_events_accepted_total"))
        for name in ["thaw_events_done_total", "thaw_event_wait_seconds_count",
                     "thaw_event_total_seconds_sum",
                     "process_start_time_seconds"]:
            value = value_of(one, name)
            prometheus.wait_for(
                f'{name} * on(instance) group_left(stage) '
                f'thaw_build_info{{stage="{stage}"}}',
                lambda got: len(got) == 1 and abs(got[0] - value) < 1e-3)


@test
def a_scrape_each_second_takes_less_than_2_percent_of_the_loop():
    """By the CPU time of the server, which other programs do not make longer.
    Beside open connections, whose descriptors are counted for it."""
    scrapes = 200
    with server("stage6_pool") as six, contextlib.ExitStack() as stack:
        for _ in range(64):
            stack.enter_context(
                socket.create_connection(("127.0.0.1", int(six.port))))
        before = value_of(six, "process_cpu_seconds_total")
        for _ in range(scrapes):
            value_of(six, "process_cpu_seconds_total")
        taken = value_of(six, "process_cpu_seconds_total") - before
    assert 0 < taken < scrapes * 0.02, f"{taken / scrapes * 1e6:.0f} us each"


@test
def promtool_has_nothing_to_say_about_the_metrics():
    promtool = need("promtool")
    for stage, options in STAGES.items():
        with Server(stage, *options) as one:
            get(one.port, "/")
            text = get(one.port, "/metrics")[1]
        result = subprocess.run([promtool, "check", "metrics"], input=text,
                                capture_output=True, text=True, timeout=60)
        said = result.stdout + result.stderr
        assert (result.returncode, said) == (0, ""), f"{stage}: {said}"


@test
def the_configuration_of_the_page_is_valid():
    result = subprocess.run(
        [need("promtool"), "check", "config", SOURCE / "lab/prometheus.yml"],
        capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout + result.stderr


@test
def the_commands_of_the_page_print_what_it_says():
    need("prometheus")
    with tempfile.TemporaryDirectory(prefix="thaw-prometheus-") as directory:
        # The page is read at the root of the tree. Its files are in build/.
        os.mkdir(f"{directory}/build")
        os.symlink(SOURCE / "lab", f"{directory}/lab")
        with subprocess.Popen(
                [sys.executable, "-B", SOURCE / "tests/docs/commands.py", PAGE,
                 BUILD], cwd=directory, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True,
                start_new_session=True) as reader:
            try:
                said = reader.communicate(timeout=120)[0]
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(reader.pid, signal.SIGKILL)
    assert reader.returncode == 0 and "\nok 1 " in said, said
    assert "not ok" not in said, said


main(at_once=2)
