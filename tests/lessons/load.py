#!/usr/bin/env python3
"""Tests the lab's load, at our servers and at others.

    load.py LAB BUILD

Prints TAP.
"""

import json
import os
import pathlib
import selectors
import signal
import socket
import sys
import threading
import time

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import ports
from lessons.running import Server, lab, main, metrics_of, test
from processes import wait_until

ACCEPTED = "thaw_events_accepted_total"


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
    with ports.Reserved() as free:
        result = lab("load", free.port, "--requests", 10, status=1)
    assert f"no server on port {free.port}" in result.stderr, result.stderr


@test
def load_does_not_take_a_full_backlog_for_no_server():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        clients = [socket.socket() for _ in range(8)]
        for client in clients:
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        result = lab("load", server.getsockname()[1], "--requests", 1, status=1)
        for client in clients:
            client.close()
    assert "accepts no connection, and its backlog is full" in result.stderr, (
        result.stderr)


@test
def the_port_of_the_environment_is_checked():
    for port in ("abc", "0", "65536", " 80"):
        for command in (("load", "--requests", 1), ("watch", "--once")):
            result = lab(*command, env={**os.environ, "PORT": port}, status=2)
            said = f"in the environment: expected 1 to 65535, got '{port}'"
            assert said in result.stderr, result.stderr


def with_stopped_server(*arguments, seconds, status=0):
    """A load, and a server that stops after 50 events, and goes on later."""
    with Server("stage3_parse") as server:
        def stop():
            wait_until(lambda: metrics_of(server.port)[ACCEPTED] >= 50)
            server.process.send_signal(signal.SIGSTOP)
            time.sleep(seconds)
            server.process.send_signal(signal.SIGCONT)
        stopper = threading.Thread(target=stop)
        stopper.start()
        counted = json.loads(lab("load", server.port, "--json", *arguments,
                                 status=status).stdout)
        stopper.join()
    return counted


@test
def load_reports_what_was_due_and_not_sent():
    counted = with_stopped_server("--rate", 100, "--seconds", 4, seconds=9)
    due = counted["responses"] + counted["errors"] + counted["unsent"]
    assert 399 <= due <= 401, counted
    assert counted["unsent"] > 200 and counted["errors"] == 16, counted
    assert counted["ms"]["p90"] is None and counted["ms"]["max"] is None


@test
def the_time_of_a_request_counts_from_when_it_was_due():
    # However late this machine is: it waits for the last response.
    counted = with_stopped_server("--rate", 100, "--requests", 400, seconds=2)
    assert counted["unsent"] == 0 and counted["responses"] == 400, counted
    # Half of the requests were due in the two seconds, evenly.
    assert counted["ms"]["p90"] > 1000, counted


@test
def a_request_without_response_took_longer_than_any_other():
    with Server("stage4_slow", "--work-ms", "20000") as server:
        counted = json.loads(lab("load", server.port, "--clients", 2,
                                 "--seconds", 1, "--json", status=1).stdout)
        server.process.send_signal(signal.SIGKILL)
    assert counted["errors"] == 2, counted
    assert set(counted["ms"].values()) == {None}, counted


@test
def a_number_of_requests_waits_for_all_responses():
    """The last of them comes more than 5 s after the last request."""
    with Server("stage4_slow", "--work-ms", "1400") as server:
        counted = json.loads(lab("load", server.port, "--clients", 4,
                                 "--requests", 4, "--json").stdout)
    assert counted["responses"] == 4 and counted["errors"] == 0, counted


class OtherServer(threading.Thread):
    """Sends the same bytes to each client after its request, and closes."""

    def __init__(self, *pieces):
        super().__init__(daemon=True)
        self.pieces = pieces
        self.requests = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            client, _ = self.listener.accept()
            request = client.recv(65536)
            if not request:
                client.close()
                continue
            self.requests.append(request)
            for piece in self.pieces:
                client.sendall(piece)
                time.sleep(0.01)
            client.close()


def load_at(*pieces, options=("--clients", 1, "--requests", 3), **how):
    other = OtherServer(*pieces)
    counted = json.loads(lab("load", other.port, "--json", *options,
                             **how).stdout)
    return other, counted


@test
def load_reads_chunked_responses():
    _, counted = load_at(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                         b"Connection: close\r\n\r\n", b"5\r\nhel", b"lo\r\n",
                         b"0\r\n", b"\r\n")
    assert counted["responses"] == 3 and counted["errors"] == 0, counted
    assert counted["ms"]["p50"] >= 30, counted


@test
def load_reads_responses_that_end_with_the_connection():
    _, counted = load_at(b"HTTP/1.0 200 OK\r\n\r\n", b"hello", b"hello")
    assert counted["responses"] == 3 and counted["errors"] == 0, counted
    _, counted = load_at(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
                         status=1)
    assert counted["responses"] == 0 and counted["errors"] == 3, counted


@test
def load_sends_a_long_path_whole():
    path = "/" + 1500 * "x"
    other, _ = load_at(b"HTTP/1.1 204 No Content\r\n\r\n",
                       options=("--clients", 1, "--requests", 3, "--get", path))
    for request in other.requests:
        assert request.startswith(f"GET {path} HTTP/1.1\r\n".encode()), request
        assert request.endswith(b"\r\n\r\n"), request


class BusyServer(threading.Thread):
    """Rejects some of the requests: the number of each says whether."""

    def __init__(self, rejects, after=1):
        super().__init__(daemon=True)
        self.rejects = rejects
        self.rejected = (f"HTTP/1.1 503 Busy\r\nRetry-After: {after}\r\n"
                         "Content-Length: 0\r\n\r\n").encode()
        self.bodies = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        waiting = selectors.DefaultSelector()
        waiting.register(self.listener, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.fileobj is self.listener:
                    client, _ = self.listener.accept()
                    waiting.register(client, selectors.EVENT_READ)
                elif not self.respond(key.fileobj):
                    waiting.unregister(key.fileobj)
                    key.fileobj.close()

    def respond(self, client):
        try:
            request = client.recv(65536)
        except ConnectionError:
            return False
        if not request:
            return False
        self.bodies.append(request.partition(b"\r\n\r\n")[2])
        client.sendall(self.rejected if self.rejects(len(self.bodies)) else
                       b"HTTP/1.1 202 OK\r\nContent-Length: 0\r\n\r\n")
        return True


def storm(how, *options, rejections=60):
    server = BusyServer(lambda number: number <= rejections)
    counted = json.loads(lab("load", server.port, "--clients", 60, "--users",
                             60, "--retry", how, "--json", *options).stdout)
    return counted, server.bodies


@test
def without_retry_a_503_is_final():
    counted, bodies = storm("none", "--requests", 60)
    assert counted["rejected"] == 60 == len(bodies), counted
    assert counted["retries"]["count"] == 0, counted
    assert counted["ms"]["max"] is not None, counted


@test
def clients_that_obey_come_back_together_and_jitter_spreads_them():
    fixed, bodies = storm("fixed", "--requests", 60)
    spread, _ = storm("jitter", "--requests", 60)
    for counted in (fixed, spread):
        assert counted["accepted"] == 60, counted
        assert counted["responses"] == 120, counted
        assert counted["retries"]["count"] == counted["rejected"] == 60, counted
        assert counted["retries"]["given_up"] == 0, counted
    # Each event came twice, and no other.
    assert len(bodies) == 120 == 2 * len(set(bodies)), bodies
    # Its time is from the first try.
    assert 1000 <= fixed["ms"]["p50"], fixed
    assert fixed["retries"]["most_in_100_ms"] > \
        1.5 * spread["retries"]["most_in_100_ms"], (fixed, spread)


@test
def a_request_is_given_up_after_ten_tries_or_at_the_end():
    server = BusyServer(lambda number: True, after=0)
    counted = json.loads(lab("load", server.port, "--clients", 5, "--requests",
                             5, "--retry", "fixed", "--json").stdout)
    assert counted["rejected"] == 50 and counted["accepted"] == 0, counted
    assert counted["retries"]["count"] == 45, counted
    assert counted["retries"]["given_up"] == 5, counted
    assert set(counted["ms"].values()) == {None}, counted
    counted, _ = storm("fixed", "--seconds", 2, rejections=1000)
    # At 0 and 1 s; the third try would be after the end.
    assert counted["rejected"] <= 120, counted
    assert counted["retries"]["given_up"] == 60, counted
    result = lab("load", server.port, "--retry", "never", status=2)
    assert "expected none, fixed or jitter, got 'never'" in result.stderr


@test
def each_request_has_ten_tries_however_long_they_take():
    server = BusyServer(lambda number: number % 9 > 0, after=0)
    counted = json.loads(lab("load", server.port, "--clients", 1, "--requests",
                             3, "--retry", "fixed", "--json").stdout)
    assert counted["accepted"] == 3 and counted["rejected"] == 24, counted
    server = BusyServer(lambda number: number == 1, after=6)
    counted = json.loads(lab("load", server.port, "--clients", 1, "--requests",
                             1, "--retry", "fixed", "--json").stdout)
    assert counted["accepted"] == 1 and counted["seconds"] >= 6, counted


@test
def a_storm_at_a_server_of_ours_ends_with_all_accepted():
    with Server("stage5_queue", "--work-ms", "5") as server:
        counted = json.loads(lab("load", server.port, "--clients", 200,
                                 "--requests", 200, "--retry", "jitter",
                                 "--json").stdout)
    assert counted["accepted"] == 200, counted
    assert counted["retries"]["count"] == counted["rejected"] >= 50, counted
    assert "200 done" in server.printed, server.printed


if __name__ == "__main__":
    main(at_once=3)  # each waits most of the time
