#!/usr/bin/env python3
"""Runs durable, takes its disk away and kills it, and looks at what it keeps.

    test_durable.py PROGRAM

Prints TAP.
"""

import http.client
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import usage
import tap

try:
    import sqlite3
except ImportError:  # Python may be built without it
    sqlite3 = None

usage.show_if_asked(__doc__, 1)
PROGRAM = os.path.abspath(sys.argv[1])
SOON = 60  # in seconds, for what must come
tests = []


def test(function):
    tests.append(function)
    return function


class Skip(Exception):
    """Says why a test is impossible here."""


def in_child():
    """The server ends with this program, and finds no signal changed."""
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    if sys.platform == "linux":
        import ctypes
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Server:
    """One process. `directory` is where its database is."""

    def __init__(self, directory, *options, before=(), prepare=None):
        def start():
            in_child()
            if prepare is not None:
                prepare()
        self.process = subprocess.Popen(
            [*before, PROGRAM, "--port", "0", "--work-ms", "0", "--database",
             f"{directory}/some.db", *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=start)
        line = b""  # byte by byte: communicate() reads what follows
        while line[-1:] != b"\n":
            byte = os.read(self.process.stdout.fileno(), 1)
            if not byte:
                break
            line += byte
        self.port = int(line.strip().rpartition(b":")[2] or 0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def stop(self):
        """Returns what it printed."""
        self.process.terminate()
        out, err = self.process.communicate(timeout=SOON)
        assert self.process.returncode == 0, (self.process.returncode, err)
        return out

    def kill(self):
        self.process.kill()
        self.process.wait()

    def request(self, method, path, body=None, fields=()):
        connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                timeout=SOON)
        connection.putrequest(method, path)
        for name, value in fields:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return response, json.loads(text) if text[:1] == b"{" else text

    def post(self, user="alice", amount=1, keys=()):
        event = {"user": user, "action": "buy", "amount": amount}
        return self.request("POST", "/", json.dumps(event).encode(),
                            [("Idempotency-Key", key) for key in keys])

    def status(self, **what):
        return self.post(**what)[0].status

    def balances(self):
        return self.request("GET", "/balances")[1]

    def metric(self, name):
        text = self.request("GET", "/metrics")[1].decode()
        return int(re.search(rf"^{name} (\d+)$", text, re.MULTILINE)[1])

    def wait_until_done(self):
        end = time.monotonic() + SOON
        while (self.metric("thaw_events_accepted_total") >
               self.metric("thaw_events_done_total")):
            assert time.monotonic() < end, "the events are not done"
            time.sleep(0.01)


def same(found, expected, what=""):
    assert found == expected, f"{what} {found}; expected {expected}"


@test
def a_key_adds_its_event_once_also_after_a_kill(directory):
    with Server(directory) as server:
        same(server.status(keys=['"a"']), 202)
        same(server.status(keys=['"a"']), 202)
        same(server.status(keys=['"b"']), 202)
        same(server.status(), 202)
        server.kill()
    with Server(directory) as server:
        same(server.status(keys=['"a"']), 202)
        response, body = server.post(amount=2, keys=['"a"'])
        same((response.status, body["reason"]), (422, "idempotency_key_reused"))
        server.wait_until_done()
        same(server.balances(), {"alice": 3})


@test
def a_key_that_is_none_is_rejected(directory):
    with Server(directory) as server:
        for keys in (["a"], ['""'], ['"a"', '"a"'], ['"a'], [""]):
            response, body = server.post(keys=keys)
            same(response.status, 400, keys)
            same(body["reason"], "invalid_idempotency_key", keys)
            same(body["detail"][:17], "Idempotency-Key: ", keys)
        same(server.balances(), {})
        same(server.metric("thaw_events_invalid_total"), 5)


@test
def accepted_events_come_back_in_their_order(directory):
    gate = f"{directory}/gate"
    os.mkfifo(gate)
    with Server(directory, "--work-gate", gate) as server:
        for amount in (1, 20, 300):
            same(server.status(amount=amount), 202)
        server.kill()
    with Server(directory, "--workers", "1") as server:
        server.wait_until_done()
        lines = server.stop().splitlines()
    name = f"{directory}/some.db"
    same(lines[:4], [f"durable: 3 accepted events are back from {name}",
                     "worker 1: alice +1 = 1", "worker 1: alice +20 = 21",
                     "worker 1: alice +300 = 321"])
    tally = "events: 3 accepted, 0 rejected, 0 invalid, 3 done, 0 failed"
    assert lines[4].endswith(tally), lines[4]


class Client(threading.Thread):
    """Posts events of different amounts until the server dies. Those that
    were accepted, and the one whose response did not come."""

    def __init__(self, server, number):
        super().__init__()
        self.server, self.number = server, number
        self.accepted, self.unknown = [], None

    def run(self):
        for count in range(1000000):
            key = f'"{self.number}-{count}"'
            try:
                if self.server.status(amount=1, user=f"user{self.number % 4}",
                                      keys=[key]) == 202:
                    self.accepted.append(key)
            except (OSError, http.client.HTTPException):
                self.unknown = key
                return


@test
def no_202_is_lost_or_doubled_by_kills(directory):
    accepted = 0
    for round_number in range(4):
        with Server(directory, "--quiet") as server:
            clients = [Client(server, round_number * 100 + i)
                       for i in range(16)]
            for client in clients:
                client.start()
            end = time.monotonic() + SOON
            while (sum(len(client.accepted) for client in clients) < 200 and
                   time.monotonic() < end):
                time.sleep(0.001)
            server.kill()
            for client in clients:
                client.join()
        accepted += sum(len(client.accepted) for client in clients)
        with Server(directory, "--quiet") as server:
            for client in clients:  # what got no response, and what did
                user = f"user{client.number % 4}"
                accepted += client.unknown is not None
                for key in client.accepted[-1:] + [client.unknown]:
                    while key and server.status(user=user, keys=[key]) != 202:
                        time.sleep(0.01)
            server.wait_until_done()
            same(sum(server.balances().values()), accepted)
            server.stop()


def must_lose_its_disk(server, take, give_back):
    """take() leaves no space, give_back() does."""
    same(server.status(), 202)
    server.wait_until_done()
    take()
    accepted = 1
    response, body = server.post()
    while response.status == 202:  # there was some space left
        accepted += 1
        assert accepted < 10000, "the disk is never full"
        response, body = server.post()
    same(response.status, 503)
    same(body["reason"], "storage_failed")
    assert 1 <= int(response.getheader("Retry-After")) <= 4
    assert body["detail"] in ("disk I/O error",
                              "database or disk is full"), body
    for _ in range(20):
        same(server.status(), 503)
    same(server.request("GET", "/health")[0].status, 200)
    assert 1 <= server.balances()["alice"] <= accepted
    give_back()
    same(server.status(), 202)
    server.wait_until_done()
    same(server.balances(), {"alice": accepted + 1})
    server.kill()
    return accepted + 1


def audit(directory, balance):
    with Server(directory) as server:
        server.wait_until_done()
        same(server.balances(), {"alice": balance})
        server.stop()


@test
def a_file_that_may_not_grow_costs_no_event(directory):
    if not hasattr(resource, "prlimit"):
        raise Skip("this system has no prlimit")
    with Server(directory) as server:
        def limit(size):
            resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE,
                             (size, resource.RLIM_INFINITY))
        balance = must_lose_its_disk(
            server, lambda: limit(20 * 1024),
            lambda: limit(resource.RLIM_INFINITY))
    audit(directory, balance)


@test
def a_full_disk_costs_no_event(directory):
    """A file system of its own, which only the server's processes see."""
    command = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=160k '
               'thaw "$0" && exec "$@"', directory]
    can = subprocess.run([*command, "true"], capture_output=True)
    if can.returncode != 0:
        raise Skip("no mount is allowed here")
    with Server(directory, before=command) as server:
        inside = f"/proc/{server.process.pid}/root{directory}"
        filler = pathlib.Path(f"{inside}/filler")

        def fill():
            with open(filler, "wb", buffering=0) as file:
                try:
                    while file.write(b"x" * 512):
                        pass
                except OSError:
                    pass
        must_lose_its_disk(server, fill, filler.unlink)


@test
def what_cannot_be_written_in_the_end_stays_in_the_file(directory):
    if not hasattr(resource, "prlimit"):
        raise Skip("this system has no prlimit")
    gate = f"{directory}/gate"
    os.mkfifo(gate)
    with Server(directory, "--work-gate", gate, "--workers", "2") as server:
        for _ in range(3):
            same(server.status(), 202)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE,
                         (1024, resource.RLIM_INFINITY))
        server.process.terminate()
        with open(gate, "w", encoding="ascii") as bytes_of_gate:
            bytes_of_gate.write("xxx")
        out, _ = server.process.communicate(timeout=SOON)
    same(server.process.returncode, 0)
    assert f"0 done, 0 failed; 3 stay in {directory}/some.db\n" in out, out
    audit(directory, 3)


def must_not_start(directory, said, *options, **how):
    with Server(directory, *options, **how) as server:
        out, err = server.process.communicate(timeout=SOON)
        same((server.process.returncode, out), (1, ""), err)
        same(err, f"durable: cannot {said}\n".replace("PATH",
                                                      f"{directory}/some.db"))


@test
def two_servers_do_not_share_a_file(directory):
    with Server(directory) as first:
        same(first.status(), 202)
        must_not_start(directory, "open the database PATH: "
                       f"{os.strerror(16)} (another server writes it)")
        same(first.status(), 202)
        first.wait_until_done()
        first.stop()
    audit(directory, 2)


@test
def another_database_is_left_alone(directory):
    if sqlite3 is None:
        raise Skip("Python has no sqlite3")
    path = f"{directory}/some.db"
    for version, said in (
            (0, "use PATH, a database of another program (choose a file with "
             "--database): Invalid argument"),
            (7, "use PATH, a database of version 7, with this program, which "
             "expects version 1 (choose a file with --database): Invalid "
             "argument")):
        with sqlite3.connect(path) as database:
            database.execute("create table if not exists mine(a)")
            if version != 0:
                database.execute("pragma application_id = 0x54686177")
                database.execute(f"pragma user_version = {version}")
        database.close()
        before = pathlib.Path(path).read_bytes()
        must_not_start(directory, said)
        same(pathlib.Path(path).read_bytes(), before)


@test
def a_trace_does_not_empty_the_database(directory):
    path = f"{directory}/some.db"
    with Server(directory) as server:
        same(server.status(), 202)
        server.wait_until_done()
        server.stop()
    os.symlink(path, f"{directory}/trace")
    for trace in (path, f"{directory}/trace"):
        must_not_start(directory, "use PATH for the trace, too: Invalid "
                       "argument", "--trace", trace)
    audit(directory, 1)


@test
def a_directory_that_cannot_be_written_is_said(directory):
    os.chmod(directory, 0o555)
    before = ["setpriv", "--reuid=65534", "--clear-groups"]
    if os.getuid() == 0:
        if subprocess.run([*before, PROGRAM, "--version"],
                          capture_output=True).returncode != 0:
            raise Skip("another user cannot run the program")
    must_not_start(directory, "open the database PATH: Permission denied",
                   before=before if os.getuid() == 0 else ())


@test
def a_full_disk_is_said_at_the_start(directory):
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))
    must_not_start(directory, f"open the database PATH: {os.strerror(27)}",
                   prepare=limit)


def run(function):
    try:
        with tempfile.TemporaryDirectory() as directory:
            os.chmod(directory, 0o755)
            function(os.path.realpath(directory))
    except Skip as why:
        return f"{function.__name__} # SKIP {why}", []
    except Exception as fault:  # pylint: disable=broad-except
        return (function.__name__,
                f"{type(fault).__name__}: {fault}".splitlines())
    return function.__name__, []


if __name__ == "__main__":
    os.environ["LC_ALL"] = "C"
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # for exit statuses
    results = [run(function) for function in tests]
    tap.report(results)
    sys.exit(any(faults for _, faults in results))
