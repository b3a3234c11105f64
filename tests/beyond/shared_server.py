"""Starts `shared` and `shared_worker`, and talks to them.

Each test has a schema of its own, in one PostgreSQL. Whatever happens, the
programs end with the process that started them.
"""

import ctypes
import http.client
import itertools
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

SECONDS_MAX = 60  # for what must come; a busy machine is no fault
PR_SET_PDEATHSIG = 1
PROGRAMS = {}  # name: path
NUMBERS = itertools.count(1)


class Story(Exception):
    """What came, and what was expected."""


def expect(wanted, came, what=""):
    if wanted != came:
        raise Story(f"{what or 'came'}: {came!r}, expected {wanted!r}")


def wait_until(condition, what):
    end = time.monotonic() + SECONDS_MAX
    while True:
        came = condition()
        if came:
            return came
        if time.monotonic() > end:
            raise Story(f"not after {SECONDS_MAX} s: {what}")
        time.sleep(0.01)


def new_schema():
    return f"t{next(NUMBERS)}"


class Database:
    """Statements, by psql."""

    def __init__(self, server):
        self.server = server

    def ask(self, text, **options):
        done = subprocess.run(self.words(text), text=True, timeout=SECONDS_MAX,
                              capture_output=True, check=False,
                              env=self.server.environment(), **options)
        if done.returncode != 0:
            raise Story(f"psql: {done.stderr.strip()}")
        return done.stdout.strip()

    def words(self, text):
        return [str(self.server.programs / "psql"), "-qAtX", "-v",
                "ON_ERROR_STOP=1", "-c", text]

    def number(self, text):
        return int(self.ask(text) or 0)

    def waiting(self, schema):
        return self.number(f"select count(*) from {schema}.slot "
                           "where seq is not null")

    def balances(self, schema):
        lines = self.ask(f"select who, amount from {schema}.balance")
        return {name: int(amount) for name, amount in
                (line.rsplit("|", 1) for line in lines.splitlines())}


def prepare():
    """In the program's process."""
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def settings_free(environment):
    """What the caller's shell may have set is no part of a test."""
    names = {"PORT", "QUIET", "TRACE", "WORK_MS", "WORK_CPU", "WORK_GATE",
             "WORKERS", "CAPACITY", "SCHEMA", "ADMISSION", "CONNECTIONS",
             "UNSAFE_SETTINGS", "WAITING_MAX", "OFFER_TIMEOUT_MS",
             "START_TIMEOUT_MS"}
    return {name: value for name, value in environment.items()
            if name not in names}


class Program:
    """One that runs. Its first line says that it is ready."""

    def __init__(self, database, name, *arguments, **environment):
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(
            [PROGRAMS[name], *arguments], text=True, preexec_fn=prepare,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=settings_free({**database.server.environment(),
                               **environment}))
        self.first = None
        self.lines, self.faults = [], []
        self.readers = [
            threading.Thread(target=self._read, args=args, daemon=True)
            for args in ((self.process.stdout, self.lines),
                         (self.process.stderr, self.faults))]
        for reader in self.readers:
            reader.start()

    @staticmethod
    def _read(stream, lines):
        for line in stream:
            lines.append(line.rstrip("\n"))

    def ready(self):
        wait_until(lambda: self.lines or self.process.poll() is not None,
                   "the first line")
        if not self.lines:
            raise Story(f"it ended: {self.end()} {self.faults}")
        return self

    def end(self):
        """Its exit status."""
        status = self.process.wait(SECONDS_MAX)
        for reader in self.readers:
            reader.join(SECONDS_MAX)
        return status

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.end()

    def kill(self):
        self.process.kill()
        return self.end()

    def __enter__(self):
        return self.ready()

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()


class Client:
    """A connection that is made again when it is broken."""

    def __init__(self, program):
        self.port = int(program.lines[0].rpartition(":")[2])
        self.connection = None

    def request(self, method, path, body=None, key=None):
        """(status, body); (None, reason): no response."""
        fields = {"Idempotency-Key": f'"{key}"'} if key else {}
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(
                    "127.0.0.1", self.port, timeout=SECONDS_MAX)
            self.connection.request(method, path, body, fields)
            response = self.connection.getresponse()
            return response.status, response.read().decode()
        except (OSError, http.client.HTTPException) as fault:
            self.connection = None
            return None, str(fault)

    def post(self, user, amount=1, key=None, action="buy"):
        event = {"user": user, "action": action, "amount": amount}
        return self.request("POST", "/", json.dumps(event), key)

    def get(self, path):
        return self.request("GET", path)

    def metric(self, name):
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        raise Story(f"no metric {name}")


def reason(response):
    return response[0], json.loads(response[1]).get("reason")


def in_parallel(count, function):
    """The results of function(0), function(1) ..., each in a thread."""
    results = [None] * count

    def call(i):
        try:
            results[i] = function(i)
        except Exception as fault:  # pylint: disable=broad-except
            results[i] = fault
    threads = [threading.Thread(target=call, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(4 * SECONDS_MAX)
    for result in results:
        if isinstance(result, Exception):
            raise result
    return results


def fifo(directory):
    path = pathlib.Path(directory) / "gate"
    os.mkfifo(path)
    return path
